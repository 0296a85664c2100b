"""What a tile hands over to *finish*: its arrays as they will be published, and what readers must be told."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from jobs.grid import Tile
from jobs.storage import FileStorage
from worker.outputs.assets import DAYS_TO_CLEAR, EXTRA, LAI, LAI_SIGMA, QUALITY_ASSET

if TYPE_CHECKING:
    from worker.reconstruct import SceneStack, TileResult


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


def write_piece(storage: FileStorage, prefix: str, piece: Piece) -> str:
    """Store a piece and return its key."""
    buffer = io.BytesIO()
    facts = np.frombuffer(json.dumps({"tile_id": piece.tile_id} | piece.facts).encode(), np.uint8)
    np.savez(buffer, facts=facts, **piece.arrays)  # type: ignore[arg-type]
    key = f"{prefix}{piece.tile_id}.npz"
    storage.put_bytes(key, buffer.getvalue())
    return key


class Pieces:
    """The pieces of a job, read one array at a time: a large job does not fit into memory."""

    def __init__(self, storage: FileStorage, keys: list[str]) -> None:
        self._paths = [storage.local_path(key) for key in keys]
        self.facts = [self._facts(path) for path in self._paths]

    def __iter__(self) -> Iterator[str]:
        """Yield the tiles' ids."""
        return (fact["tile_id"] for fact in self.facts)

    def array(self, name: str) -> dict[str, np.ndarray]:
        """Return one asset of every tile, (D, h, w) by tile id."""
        found = {}
        for path, fact in zip(self._paths, self.facts, strict=True):
            with np.load(path, allow_pickle=False) as archive:
                found[fact["tile_id"]] = archive[name]
        return found

    @staticmethod
    def _facts(path: Any) -> dict[str, Any]:  # noqa: ANN401 - a local path
        with np.load(path, allow_pickle=False) as archive:
            facts: dict[str, Any] = json.loads(archive["facts"].tobytes())
        return facts
