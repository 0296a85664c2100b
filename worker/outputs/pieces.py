"""What a tile hands over to *finish*: its arrays as they will be published, and what readers must be told."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from jobs.grid import Tile
from jobs.storage import FileStorage
from worker.outputs.assets import DAYS_TO_CLEAR, EXTRA, LAI, LAI_SIGMA, QUALITY_ASSET

if TYPE_CHECKING:
    from worker.reconstruct import SceneStack, TileResult

LOCAL_HEADER_BYTES = 30
"""Fixed part of the header before a member of a zip archive; its last four bytes are the lengths of what follows."""


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
    """Store a piece and return its key; uncompressed, so that its arrays can be mapped."""
    buffer = io.BytesIO()
    facts = np.frombuffer(json.dumps({"tile_id": piece.tile_id} | piece.facts).encode(), np.uint8)
    np.savez(buffer, facts=facts, **piece.arrays)  # type: ignore[arg-type]
    key = f"{prefix}{piece.tile_id}.npz"
    storage.put_bytes(key, buffer.getvalue())
    return key


class Pieces:
    """The pieces of a job. Their arrays stay on disk, for a large job does not fit into memory."""

    def __init__(self, storage: FileStorage, keys: list[str]) -> None:
        self._paths = [storage.local_path(key) for key in keys]
        self.facts = [self._facts(path) for path in self._paths]

    def __iter__(self) -> Iterator[str]:
        """Yield the tiles' ids."""
        return (fact["tile_id"] for fact in self.facts)

    def array(self, name: str) -> dict[str, np.ndarray]:
        """Return one asset of every tile, (D, h, w) by tile id, mapped: what is looked at is read, a date at a time."""
        return {
            fact["tile_id"]: _mapped(path, f"{name}.npy") for path, fact in zip(self._paths, self.facts, strict=True)
        }

    @staticmethod
    def _facts(path: Path) -> dict[str, Any]:
        with np.load(path, allow_pickle=False) as archive:
            facts: dict[str, Any] = json.loads(archive["facts"].tobytes())
        return facts


def _mapped(path: Path, member: str) -> np.ndarray:
    """Return an array of an uncompressed archive without reading it.

    Raises:
        ValueError: the member is compressed, or no array.
    """
    with zipfile.ZipFile(path) as archive, path.open("rb") as file:
        info = archive.getinfo(member)
        if info.compress_type != zipfile.ZIP_STORED:
            raise ValueError(f"{member} of {path.name} is compressed")
        file.seek(info.header_offset)
        header = file.read(LOCAL_HEADER_BYTES)
        name_bytes, extra_bytes = struct.unpack("<HH", header[-4:])
        file.seek(name_bytes + extra_bytes, io.SEEK_CUR)
        if np.lib.format.read_magic(file) == (1, 0):
            shape, in_columns, dtype = np.lib.format.read_array_header_1_0(file)
        else:
            shape, in_columns, dtype = np.lib.format.read_array_header_2_0(file)
        order: Literal["F", "C"] = "F" if in_columns else "C"
        return np.memmap(path, dtype, "r", offset=file.tell(), shape=shape, order=order)
