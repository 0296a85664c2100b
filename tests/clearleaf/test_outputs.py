"""Nothing but earlier results is ever replaced, and nothing is lost on the way."""

import errno
from pathlib import Path

import pytest

from clearleaf.outputs import BadOutput, check_output, put_in_place, work_folder


@pytest.fixture
def out(tmp_path) -> Path:
    return tmp_path / "out"


def results(work: Path) -> Path:
    folder = work / "results"
    folder.mkdir()
    (folder / "collection.json").write_text('{"clearleaf:simulated": false, "id": "new"}')
    return folder


def filled(folder: Path, collection: str | None) -> Path:
    folder.mkdir()
    (folder / "precious.txt").write_text("precious")
    if collection is not None:
        (folder / "collection.json").write_text(collection)
    return folder


@pytest.mark.parametrize("collection", [None, "", "[]", "3", '{"type": "Collection", "id": "somebody else\'s"}'])
def test_what_is_not_ours_is_left_alone_even_on_request(out, collection):
    filled(out, collection)
    with pytest.raises(BadOutput, match="holds no results of clearleaf"):
        check_output(out, overwrite=True)
    assert (out / "precious.txt").exists()


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_is_no_folder(out, overwrite):
    out.write_text("precious")
    with pytest.raises(BadOutput, match=r"out is a file: give a folder"):
        check_output(out, overwrite=overwrite)


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("exists", [False, True])
def test_an_empty_place_is_taken(out, overwrite, exists):
    out.mkdir() if exists else None
    with work_folder(out) as work:
        put_in_place(results(work), out, work, overwrite=overwrite)
    assert (out / "collection.json").exists()
    assert list(out.parent.iterdir()) == [out]


def test_earlier_results_are_back_if_the_new_ones_cannot_be_put_there(out, monkeypatch):
    filled(out, '{"clearleaf:simulated": true}')
    real = Path.rename

    def rename(self, target):
        if self.name == "results":
            raise OSError(errno.EIO, "Input/output error")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(BadOutput, match="Input/output error"), work_folder(out) as work:
        put_in_place(results(work), out, work, overwrite=True)
    assert (out / "precious.txt").exists()


def test_every_run_works_in_a_folder_of_its_own(out):
    with work_folder(out) as one, work_folder(out) as other:
        assert one != other
        assert one.parent == other.parent == out.parent
    assert list(out.parent.iterdir()) == []
