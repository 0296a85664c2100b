"""What is asked of every storage: the same laws over a folder and over a real S3 service."""

import itertools
from datetime import UTC

import httpx
import pytest

from jobs.errors import StorageRefused
from jobs.settings import JobsSettings
from jobs.storage import open_checked_storage


def test_what_is_put_is_read_back_and_listed(storage, tmp_path):
    (tmp_path / "file").write_bytes(b"two")
    storage.put_bytes("a/one", b"one")
    storage.put_file("a/b/two", tmp_path / "file")
    storage.put_bytes("ab/three", b"")
    assert storage.get_bytes("a/b/two") == b"two"
    assert storage.get_bytes("ab/three") == b""
    assert storage.list("a/") == ["a/b/two", "a/one"]
    assert storage.list("none/") == []
    storage.delete_prefix("a/b/")
    assert storage.list("") == ["a/one", "ab/three"]
    storage.delete_prefix("a/")
    storage.delete_prefix("a/")
    assert storage.list("") == ["ab/three"]


def test_a_new_content_takes_the_place_of_the_old_and_has_a_new_etag(storage):
    storage.put_bytes("a", b"one")
    before = storage.head("a")
    storage.put_bytes("a", b"three")
    after = storage.head("a")
    assert storage.get_bytes("a") == b"three"
    assert (before.size, after.size) == (3, 5)
    assert before.etag != after.etag
    assert '"' not in after.etag
    assert after.modified.tzinfo is UTC


def test_what_is_not_there_is_told(storage, tmp_path):
    storage.put_bytes("a/b", b"")
    for key in ("none", "a", "a/b/c"):
        assert storage.head(key) is None
        for ask in (storage.get_bytes, lambda key: storage.read(key, 0, 1), lambda key: storage.local(key, tmp_path)):
            with pytest.raises((FileNotFoundError, IsADirectoryError, NotADirectoryError)):
                ask(key)


@pytest.mark.parametrize(
    "key", ["../out", "a/../../out", "/etc/passwd", "", "a\0b", "a//b", "./a", "a/", ".", "a/..", "a/./b"]
)
def test_no_key_leads_out_of_the_storage_and_each_is_written_in_one_way(storage, key, tmp_path):
    for ask in (
        lambda: storage.put_bytes(key, b""),
        lambda: storage.get_bytes(key),
        lambda: storage.head(key),
        lambda: storage.local(key, tmp_path),
        lambda: storage.read(key, 0, 1),
    ):
        with pytest.raises(ValueError, match="no key"):
            ask()


def test_a_prefix_ends_with_a_slash_and_is_not_everything(storage):
    storage.put_bytes("a", b"")
    for prefix in ("a", "/", "../", "a//", "a/../"):
        with pytest.raises(ValueError, match=r"is no (key|prefix) of"):
            storage.delete_prefix(prefix)
        with pytest.raises(ValueError, match=r"is no (key|prefix) of"):
            storage.list(prefix)
    with pytest.raises(ValueError, match="as a whole"):
        storage.delete_prefix("")
    assert storage.list("") == ["a"]


def test_a_part_is_that_part_in_pieces(storage):
    content = bytes(itertools.islice(itertools.cycle(range(251)), 700_000))
    storage.put_bytes("a", content)
    for start, stop in ((0, 700_000), (5, 6), (300_000, 699_999), (9, 9)):
        pieces = list(storage.read("a", start, stop))
        assert b"".join(pieces) == content[start:stop]
        assert all(len(piece) <= 256 * 1024 for piece in pieces)
    storage.put_bytes("empty", b"")
    assert list(storage.read("empty", 0, 0)) == []
    assert b"".join(storage.read("a", 700_000, 700_009)) == b""  # it ends before


def test_an_object_is_a_local_file_and_two_of_one_name_are_two(storage, tmp_path):
    storage.put_bytes("a/x.npy", b"one")
    storage.put_bytes("b/x.npy", b"two")
    (tmp_path / "copies").mkdir()
    one, two = (storage.local(key, tmp_path / "copies") for key in ("a/x.npy", "b/x.npy"))
    assert (one.read_bytes(), two.read_bytes()) == (b"one", b"two")
    assert storage.list("") == ["a/x.npy", "b/x.npy"]


def test_a_large_object_comes_in_parts_and_is_whole(storage, tmp_path):
    content = bytes(range(256)) * (17 * 2**20 // 256)
    (tmp_path / "large.tif").write_bytes(content)
    storage.put_file("large.tif", tmp_path / "large.tif")
    assert storage.head("large.tif").size == len(content)
    assert storage.get_bytes("large.tif") == content
    (tmp_path / "copies").mkdir()
    assert storage.local("large.tif", tmp_path / "copies").read_bytes() == content


def test_a_good_storage_passes_its_check_and_shows_nothing_of_it(storage):
    storage.check()
    assert storage.list("") == []


@pytest.mark.parametrize("redirects", [True, False])
def test_settings_name_the_storage(s3, bucket, tmp_path, redirects):
    given = {"data_dir": tmp_path, "s3_endpoint_url": s3.url, "s3_addressing": "path", "s3_redirects": redirects}
    storage = open_checked_storage(JobsSettings(storage_url=f"s3://{bucket}/some/where/", **given))
    storage.put_bytes("a.json", b"{}")
    assert (storage.presigned("a.json", 60) is not None) == redirects
    assert open_checked_storage(JobsSettings(storage_url=f"s3://{bucket}", **given)).list("") == ["some/where/a.json"]
    folder = open_checked_storage(JobsSettings(storage_url=f"file://{tmp_path}/odd #name", **given))
    folder.put_bytes("a.json", b"{}")
    assert (tmp_path / "odd #name" / "a.json").exists()
    assert folder.presigned("a.json", 60) is None


def test_a_presigned_url_gives_one_object_until_it_expires(s3_storage):
    content = bytes(range(256))
    s3_storage.put_bytes("a/lai.tif", content)
    s3_storage.put_bytes("b/lai.tif", content)
    get = s3_storage.presigned("a/lai.tif", 60)
    assert httpx.get(get, timeout=60).content == content
    assert (
        httpx.get(get, timeout=60).headers["content-type"] == "image/tiff; application=geotiff; profile=cloud-optimized"
    )
    part = httpx.get(get, headers={"range": "bytes=10-19"}, timeout=60)
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, content[10:20], "bytes 10-19/256")
    assert httpx.get(get, timeout=60).headers["etag"].strip('"') == s3_storage.head("a/lai.tif").etag
    assert httpx.head(get, timeout=60).status_code == 403
    assert httpx.delete(get, timeout=60).status_code == 403
    assert httpx.get(get.replace("/a/lai.tif", "/b/lai.tif"), timeout=60).status_code == 403
    assert httpx.get(get.partition("?")[0], timeout=60).status_code == 403
    assert httpx.get(s3_storage.presigned("a/lai.tif", -5), timeout=60).status_code == 403


def test_a_folder_that_cannot_be_one_is_told_at_the_start(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageRefused, match="CLEARLEAF_STORAGE_URL"):
        open_checked_storage(JobsSettings(data_dir=tmp_path, storage_url=f"file://{tmp_path}/file/storage"))
