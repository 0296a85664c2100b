"""Objects appear whole or not at all, stay inside their folder, and open only to a signature."""

import errno
import shutil

import pytest

from jobs.errors import StorageFull
from jobs.storage import FileStorage, Signer


@pytest.fixture
def storage(tmp_path) -> FileStorage:
    return FileStorage(tmp_path / "storage")


def test_what_is_put_is_read_back_and_listed(storage, tmp_path):
    (tmp_path / "file").write_bytes(b"two")
    storage.put_bytes("a/one", b"one")
    storage.put_file("a/b/two", tmp_path / "file")
    assert storage.get_bytes("a/b/two") == b"two"
    assert storage.list("a/") == ["a/b/two", "a/one"]
    assert storage.head("a/one").size == 3
    assert storage.head("a/none") is None
    storage.delete_prefix("a/b/")
    assert storage.list("") == ["a/one"]


def test_a_new_content_has_a_new_etag(storage):
    storage.put_bytes("a", b"one")
    before = storage.head("a").etag
    storage.put_bytes("a", b"three")
    assert storage.head("a").etag != before


@pytest.mark.parametrize("key", ["../out", "a/../../out", "/etc/passwd", "", "a\0b"])
def test_no_key_leads_out_of_the_folder(storage, key):
    with pytest.raises(ValueError, match="no key"):
        storage.put_bytes(key, b"")


@pytest.mark.parametrize(("number", "said"), [(errno.ENOSPC, "full"), (errno.EROFS, "permission")])
def test_a_disk_that_gives_out_halfway_leaves_nothing_and_says_what_to_do(storage, tmp_path, monkeypatch, number, said):
    storage.put_bytes("a", b"old")
    (tmp_path / "file").write_bytes(b"new")

    def half(source, target, length):
        target.write(source.read(1))
        raise OSError(number, "fault")

    monkeypatch.setattr(shutil, "copyfileobj", half)
    with pytest.raises(StorageFull, match=said):
        storage.put_file("a", tmp_path / "file")
    assert storage.get_bytes("a") == b"old"
    assert [path.name for path in storage.root.iterdir()] == ["a"]


def test_a_file_where_the_folder_should_be_says_so(tmp_path):
    (tmp_path / "storage").write_text("in the way")
    with pytest.raises(StorageFull, match="storage"):
        FileStorage(tmp_path / "storage").put_bytes("a/b", b"x")


def test_a_signature_opens_one_path_until_it_expires():
    signer = Signer(b"key")
    query = dict(part.split("=") for part in signer.sign("/files/a", 60).split("&"))
    expires, signature = int(query["expires"]), query["signature"]
    assert signer.verify("/files/a", expires, signature)
    assert not signer.verify("/files/b", expires, signature)
    assert not signer.verify("/files/a", expires + 1, signature)
    assert not Signer(b"other").verify("/files/a", expires, signature)
    late = dict(part.split("=") for part in signer.sign("/files/a", -1).split("&"))
    assert not signer.verify("/files/a", int(late["expires"]), late["signature"])
