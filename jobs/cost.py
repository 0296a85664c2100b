"""What a job costs: seconds of one CPU and bytes of results, from quantities that are known before anything is read.

Both are sums of quantities times coefficients. The coefficients are those that `benchmarks/cost.py` fits to the steps
of real jobs; none is negative, so that no order gets cheaper by asking for more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

HALO_PX, WINDOW_PX, MOST_WINDOWS = 48, 32, 6
"""As `models.reconstruction` and `worker.prepare` have them, whom this room may not ask."""
STANDARD_ASSETS = 4
"""Rasters of a date that every job has."""

MODELS = {
    "default": 1.0,
    "prior": 0.27,
    "paper": 6.9,
    "paper-one-reference": 6.4,
    "1d-cnn": 2.5,
    "2d-cnn-lstm": 1.3,
    "1d-cnn-transformer": 5.0,
    "2d-cnn-transformer": 1.2,
}
"""What a date of a pixel takes by each model, beside ours."""
SECONDS = {
    "step": 0.49,
    "open": 0.0,
    "look_px": 2.1e-07,
    "date_look_px": 7.6e-07,
    "window_look": 0.015,
    "trained_look": 0.053,
    "date": 0.13,
    "core_date_px": 1.5e-07,
}
BYTES = {
    "job": 200000.0,
    "date": 61000.0,
    "date_scene": 150.0,
    "core_date_px": 1.6,
    "extra_px": 0.88,
}


@dataclass(frozen=True)
class Work:
    """What there is to do.

    Attributes:
        shape: rows and columns of the output grid.
        tile_px: side of a tile's core.
        dates: given out.
        scenes: read.
        looks: scenes that show one place.
        model: as ordered.
        adapt: the networks adapt to the area.
        extra_assets: rasters of a date beyond the standard ones.
    """

    shape: tuple[int, int]
    tile_px: int
    dates: int
    scenes: int
    looks: float
    model: str = "default"
    adapt: bool = True
    extra_assets: int = 0

    @property
    def tiles(self) -> int:
        """Squares that the grid is cut into."""
        return math.prod(self._tiles_along)

    @property
    def core_px(self) -> int:
        """Pixels of the output grid."""
        return math.prod(self.shape)

    @property
    def padded_px(self) -> int:
        """Pixels of all tiles with their halos: what is computed."""
        return math.prod(side + 2 * HALO_PX * n for side, n in zip(self.shape, self._tiles_along, strict=True))

    @property
    def windows(self) -> int:
        """Squares on which the job prepares itself."""
        return min(MOST_WINDOWS, math.prod(max(1, side // WINDOW_PX) for side in self.shape))

    @property
    def _tiles_along(self) -> tuple[int, ...]:
        return tuple(math.ceil(side / self.tile_px) for side in self.shape)


Quantities = dict[str, float]
"""How much there is of what a coefficient is for."""


def preparing(work: Work) -> Quantities:
    """Return what the steps before the tiles do; the scenes of a single tile are read there, but counted with it."""
    reads = work.windows if work.tiles > 1 else 0
    trains = work.adapt and work.model == "default"  # the other models are taken as they are
    return {
        "step": 1,
        "window_look": work.windows * work.looks,
        "trained_look": work.looks * trains,
        "open": reads * work.looks,
        "look_px": reads * WINDOW_PX**2 * work.looks,
    }


def tiling(work: Work) -> Quantities:
    """Return what the tiles do together; a date is made of all looks, so that it takes longer the more there are."""
    return {
        "step": work.tiles,
        "open": work.tiles * work.looks,
        "look_px": work.padded_px * work.looks,
        "date_look_px": work.padded_px * work.looks * work.dates * MODELS[work.model],
    }


def finishing(work: Work) -> Quantities:
    """Return what the last step does."""
    rasters = work.dates * (1 + work.extra_assets / STANDARD_ASSETS)
    return {"step": 1, "date": rasters, "core_date_px": work.core_px * rasters}


def storing(work: Work) -> Quantities:
    """Return what there is in the files of the results."""
    return {
        "job": 1,
        "date": work.dates,
        "date_scene": work.dates * work.scenes,
        "core_date_px": work.core_px * work.dates,
        "extra_px": work.core_px * work.dates * work.extra_assets,
    }


def cpu_seconds(work: Work) -> float:
    """Return how long one CPU of the reference machine works on a job; waiting for an archive is not in it."""
    return sum(total(step(work), SECONDS) for step in (preparing, tiling, finishing))


def stored_bytes(work: Work) -> float:
    """Return the size of a job's results."""
    return total(storing(work), BYTES)


def total(quantities: Mapping[str, float], coefficients: Mapping[str, float]) -> float:
    """Return the sum of quantities, each times its coefficient."""
    return sum(n * coefficients[name] for name, n in quantities.items())
