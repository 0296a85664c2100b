"""Pieces come back as they were stored, and a large one is not read to look at one date."""

import tracemalloc

import numpy as np
import pytest

from worker.outputs.assets import LAI, LAI_SIGMA, QUALITY_ASSET
from worker.outputs.pieces import Piece, Pieces, write_piece

FACTS = {"skipped": [], "no_clear_scene": False, "no_radar": True}


@pytest.fixture(params=["file", "s3"])
def storage(request, parts):
    return parts.storage if request.param == "file" else request.getfixturevalue("s3_storage")


def test_pieces_come_back_as_they_were(storage, tmp_path):
    rng = np.random.default_rng(0)
    written = {
        f"r000c00{i}": {
            LAI.name: rng.integers(-32768, 9000, (3, 5, 7 + i)).astype(np.int16),
            QUALITY_ASSET.name: rng.integers(0, 6, (3, 5, 7 + i)).astype(np.uint8),
        }
        for i in range(3)
    }
    keys = [write_piece(storage, "p/", Piece(i, arrays, FACTS)) for i, arrays in written.items()]
    pieces = Pieces(storage, keys, tmp_path)
    assert list(pieces) == list(written)
    assert all(facts["no_radar"] for facts in pieces.facts)
    for name in (LAI.name, QUALITY_ASSET.name):
        with pieces.array(name) as found:
            for tile, arrays in written.items():
                assert found[tile].dtype == arrays[name].dtype
                np.testing.assert_array_equal(found[tile], arrays[name])
                np.testing.assert_array_equal(found[tile][1], arrays[name][1])


def test_one_date_of_a_large_piece_takes_little_memory(storage, tmp_path):
    large = np.zeros((200, 256, 256), np.int16)  # 26 MB
    key = write_piece(storage, "p/", Piece("r000c000", {LAI.name: large}, FACTS))
    tracemalloc.start()
    with Pieces(storage, [key], tmp_path).array(LAI.name) as arrays:
        one = np.array(arrays["r000c000"][7])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert one.shape == (256, 256)
    assert peak < 10 * 2**20


def test_no_more_than_one_asset_lies_in_the_scratch_folder(s3_storage, tmp_path):
    arrays = {name: np.zeros((2, 64, 64), np.int16) for name in (LAI.name, LAI_SIGMA.name)}
    keys = [write_piece(s3_storage, "p/", Piece(f"r000c00{i}", arrays, FACTS)) for i in range(3)]
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    pieces = Pieces(s3_storage, keys, scratch)
    for name in arrays:
        with pieces.array(name):
            assert len([path for path in scratch.rglob("*") if path.is_file()]) == len(keys)
        assert list(scratch.iterdir()) == []


def test_an_array_that_is_missing_is_told_and_nothing_stays(s3_storage, tmp_path):
    key = write_piece(s3_storage, "p/", Piece("r000c000", {LAI.name: np.zeros((1, 2, 2))}, FACTS))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with pytest.raises(FileNotFoundError), Pieces(s3_storage, [key], scratch).array(LAI_SIGMA.name):
        pass
    assert list(scratch.iterdir()) == []
