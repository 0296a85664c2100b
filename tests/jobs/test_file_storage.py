"""A folder's own faults: a disk that gives out, a place that cannot be written."""

import errno
import shutil

import pytest

from jobs.errors import StorageFull, StorageRefused
from jobs.file_storage import FileStorage


@pytest.fixture
def storage(tmp_path) -> FileStorage:
    return FileStorage(tmp_path / "storage")


@pytest.mark.parametrize(
    ("number", "kind", "said"),
    [
        (errno.ENOSPC, StorageFull, "full"),
        (errno.EDQUOT, StorageFull, "full"),
        (errno.EROFS, StorageRefused, "permission"),
    ],
)
def test_a_disk_that_gives_out_halfway_leaves_nothing_and_says_what_to_do(
    storage, tmp_path, monkeypatch, number, kind, said
):
    storage.put_bytes("a", b"old")
    (tmp_path / "file").write_bytes(b"new")

    def half(source, target, length):
        target.write(source.read(1))
        raise OSError(number, "fault")

    monkeypatch.setattr(shutil, "copyfileobj", half)
    with pytest.raises(kind, match=said):
        storage.put_file("a", tmp_path / "file")
    assert storage.get_bytes("a") == b"old"
    assert [path.name for path in storage.root.iterdir()] == ["a"]


def test_a_file_where_the_folder_should_be_says_so(tmp_path):
    (tmp_path / "storage").write_text("in the way")
    with pytest.raises(StorageRefused, match="storage"):
        FileStorage(tmp_path / "storage").put_bytes("a/b", b"x")


def test_what_cannot_be_removed_is_told(storage, monkeypatch):
    storage.put_bytes("a/b", b"x")

    def refused(path, **_):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(shutil, "rmtree", refused)
    with pytest.raises(StorageRefused, match="write permission"):
        storage.delete_prefix("a/")


def test_what_is_being_written_is_not_listed(storage):
    storage.put_bytes("a", b"x")
    (storage.root / ".unfinished-b").write_bytes(b"half")
    assert storage.list("") == ["a"]
