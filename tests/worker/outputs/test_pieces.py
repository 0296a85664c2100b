"""Pieces come back as they were stored, and a large one is not read to look at one date."""

import io
import tracemalloc

import numpy as np
import pytest

from worker.outputs.assets import LAI, QUALITY_ASSET
from worker.outputs.pieces import Piece, Pieces, write_piece

FACTS = {"skipped": [], "no_clear_scene": False, "no_radar": True}


@pytest.fixture
def storage(parts):
    return parts.storage


def test_pieces_come_back_as_they_were(storage):
    rng = np.random.default_rng(0)
    written = {
        f"r000c00{i}": {
            LAI.name: rng.integers(-32768, 9000, (3, 5, 7 + i)).astype(np.int16),
            QUALITY_ASSET.name: rng.integers(0, 6, (3, 5, 7 + i)).astype(np.uint8),
        }
        for i in range(3)
    }
    pieces = Pieces(storage, [write_piece(storage, "p/", Piece(i, arrays, FACTS)) for i, arrays in written.items()])
    assert list(pieces) == list(written)
    assert all(facts["no_radar"] for facts in pieces.facts)
    for name in (LAI.name, QUALITY_ASSET.name):
        found = pieces.array(name)
        for tile, arrays in written.items():
            assert found[tile].dtype == arrays[name].dtype
            np.testing.assert_array_equal(found[tile], arrays[name])
            np.testing.assert_array_equal(found[tile][1], arrays[name][1])


def test_one_date_of_a_large_piece_takes_little_memory(storage):
    large = np.zeros((200, 256, 256), np.int16)  # 26 MB
    key = write_piece(storage, "p/", Piece("r000c000", {LAI.name: large}, FACTS))
    tracemalloc.start()
    pieces = Pieces(storage, [key])
    one = np.array(pieces.array(LAI.name)["r000c000"][7])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert one.shape == (256, 256)
    assert peak < 2 * 2**20


def test_a_compressed_archive_is_refused(storage):
    buffer = io.BytesIO()
    facts = np.frombuffer(b'{"tile_id": "r000c000"}', np.uint8)
    np.savez_compressed(buffer, facts=facts, lai=np.zeros((1, 2, 2)))
    storage.put_bytes("p/r000c000.npz", buffer.getvalue())
    with pytest.raises(ValueError, match=r"lai\.npy of r000c000\.npz is compressed"):
        Pieces(storage, ["p/r000c000.npz"]).array("lai")
