"""How much of a worker's memory a tile takes, and how large tiles may be: many scenes or dates make them smaller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from shapely import STRtree, box, make_valid
from shapely.geometry import shape

from jobs.errors import InvalidJob, Problem
from jobs.grid import LATTICE_PX, Tile
from jobs.scenes import Scene

LEAST_TILE_PX = 64
"""The halo of a smaller tile would be more than nine tenths of what is read."""
PROCESS_BYTES = 1_400_000_000
"""Libraries, networks, and arrays that are bounded whatever the tile."""
PIXEL_BYTES = {"pixel": 8000, "radar": 66, "optical": 73, "date": 115}
"""Of a tile with its halo, at the worst moment: each by itself, for a radar and an optical scene, and for a date.

`benchmarks/memory.py` measures them.
"""


@dataclass(frozen=True)
class TileLoad:
    """What a tile has to hold.

    Attributes:
        radar: Sentinel-1 scenes that touch it.
        optical: Sentinel-2 scenes that touch it.
        dates: given out.
    """

    radar: int
    optical: int
    dates: int

    @classmethod
    def largest(cls, tiles: Sequence[Tile], scenes: Sequence[Scene], dates: int) -> TileLoad:
        """Return the most that any tile, its halo included, has of each."""
        extents = (tile.padded.geographic_extent.boundingbox for tile in tiles)
        tree = STRtree([box(extent.left, extent.bottom, extent.right, extent.top) for extent in extents])

        def most(sensor: str) -> int:
            found = [make_valid(shape(scene.footprint)) for scene in scenes if scene.sensor == sensor]
            touched = tree.query(found, predicate="intersects")[1] if found else []
            return int(np.bincount(np.asarray(touched, np.intp), minlength=1).max())

        return cls(most("s1"), most("s2"), dates)

    def bytes_of(self, sides_px: tuple[int, int]) -> float:
        """Return what a worker's process holds at the worst moment, given a tile's sides with their halos."""
        counts = {"pixel": 1, "radar": self.radar, "optical": self.optical, "date": self.dates}
        each = sum(PIXEL_BYTES[name] * count for name, count in counts.items())
        return PROCESS_BYTES + sides_px[0] * sides_px[1] * each

    def tile_px(self, wanted_px: int, shape: tuple[int, int], halo: int, memory_gb: float) -> int:
        """Return the largest side of a tile, at most the wanted one, that a worker's memory holds.

        Args:
            wanted_px: side of a tile where memory is no matter.
            shape: rows and columns of the output grid.
            halo: pixels around a tile.
            memory_gb: of a worker, in 10^9 bytes.

        Raises:
            InvalidJob: not even the smallest tile fits.
        """
        needed = 0.0
        for side in range(wanted_px, min(wanted_px, LEAST_TILE_PX) - 1, -LATTICE_PX):
            needed = self.bytes_of((min(side, shape[0]) + 2 * halo, min(side, shape[1]) + 2 * halo)) / 1e9
            if needed <= memory_gb:
                return side
        found = f"{self.radar} radar and {self.optical} optical scenes of one place"
        why = f"even the smallest tile takes {needed:.1f} GB of a worker's memory, which has {memory_gb:g} GB"
        cure = "take a shorter range or shorter context_days, fewer dates, or order the range as several jobs"
        detail = f"start, end and context_days have {found}, and there are {self.dates} dates: {why}; {cure}"
        raise InvalidJob(Problem("/start", detail))
