"""What a tile hands over to *finish*: its arrays as they will be published, and what readers must be told."""

from __future__ import annotations

import io
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from jobs.grid import Tile
from jobs.storage import Storage
from worker.outputs.assets import DAYS_TO_CLEAR, EXTRA, LAI, LAI_SIGMA, QUALITY_ASSET

if TYPE_CHECKING:
    from worker.reconstruct import SceneStack, TileResult

FACTS = "facts.json"
FETCHED_AT_ONCE = 8
"""Arrays on their way from a storage elsewhere: most are small, and each waits for an answer first."""


@dataclass(frozen=True)
class Piece:
    """One tile of the result.

    Attributes:
        tile_id: which.
        arrays: (D, h, w) by asset name, as stored.
        facts: `skipped` scenes, `no_clear_scene`, `no_radar`.
    """

    tile_id: str
    arrays: dict[str, np.ndarray]
    facts: dict[str, Any]

    @classmethod
    def of(cls, tile: Tile, result: TileResult, stack: SceneStack) -> Piece:
        """Return a tile's result as a piece."""
        days_to_clear = np.where(result.days_to_clear < 0, np.nan, result.days_to_clear)
        arrays = {
            LAI.name: LAI.encode(result.lai),
            LAI_SIGMA.name: LAI_SIGMA.encode(result.lai_sigma),
            QUALITY_ASSET.name: result.quality,
            DAYS_TO_CLEAR.name: DAYS_TO_CLEAR.encode(days_to_clear),
            "predicted": EXTRA["predicted"].encode(result.predicted),
            "fused": EXTRA["fused"].encode(result.fused),
        }
        facts = {
            "skipped": [vars(scene) for scene in stack.skipped],
            "no_clear_scene": not bool(stack.s2.series.usable.any()),
            "no_radar": not len(stack.s1.series.days),
        }
        return cls(tile.id, arrays, facts)


def write_piece(storage: Storage, prefix: str, piece: Piece) -> str:
    """Store a piece and return the key of its facts, which come last; each array is an object, to be mapped alone."""
    for name, array in piece.arrays.items():
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=False)
        storage.put_bytes(_array_key(f"{prefix}{piece.tile_id}/", name), buffer.getvalue())
    key = f"{prefix}{piece.tile_id}/{FACTS}"
    storage.put_bytes(key, json.dumps({"tile_id": piece.tile_id} | piece.facts).encode())
    return key


class Pieces:
    """The pieces of a job. Their arrays stay on disk, for a large job does not fit into memory.

    Args:
        storage: where they are.
        keys: as `write_piece` gave them.
        scratch: local folder for what is not stored on this machine.
    """

    def __init__(self, storage: Storage, keys: Sequence[str], scratch: Path) -> None:
        self._storage, self._keys, self._scratch = storage, keys, scratch
        self.facts: list[dict[str, Any]] = [json.loads(storage.get_bytes(key)) for key in keys]

    def __iter__(self) -> Iterator[str]:
        """Yield the tiles' ids."""
        return (fact["tile_id"] for fact in self.facts)

    @contextmanager
    def array(self, name: str) -> Iterator[dict[str, np.ndarray]]:
        """Give one asset of every tile, (D, h, w) by tile id, mapped: what is looked at is read, a date at a time.

        What had to be fetched is gone afterwards: no more than one asset of a job lies in the scratch folder.
        """
        folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self._scratch))

        def mapped(key: str) -> np.ndarray:
            path = self._storage.local(_array_key(key.removesuffix(FACTS), name), folder)
            array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
            return array

        try:
            with ThreadPoolExecutor(FETCHED_AT_ONCE) as pool:
                arrays = list(pool.map(mapped, self._keys))
            yield dict(zip(self, arrays, strict=True))
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _array_key(prefix: str, name: str) -> str:
    return f"{prefix}{name}.npy"
