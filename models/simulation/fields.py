"""The map of a simulated site: irregular parcels with a cover each, a village and other lasting land."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.series import IntArray
from models.simulation.regions import Region

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Landscape:
    """Parcels as the cells nearest to their seeds, in a metric stretched along the plough lines.

    Attributes:
        parcel: (H, W) index of the parcel each pixel lies in.
        land: per parcel a cover name, or "arable" where crops rotate.
        seeds: (P, 2) seeds in the stretched metric.
        metric: (2, 2) matrix from (column, row) in pixels to the stretched metric.
    """

    parcel: IntArray
    land: tuple[str, ...]
    seeds: Points
    metric: Points

    def outline(self, index: int) -> Points:
        """Return the (V, 2) corners of a parcel as (column, row) in pixels from the upper left corner of the site.

        A parcel at the border ends where the site ends; a parcel without pixels may come back empty.
        """
        height, width = self.parcel.shape
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=float) @ self.metric.T
        own = self.seeds[index]
        nearest = np.argsort(((self.seeds - own) ** 2).sum(axis=1))[1:40]  # farther seeds cannot touch the cell
        for other in self.seeds[nearest]:
            corners = _half_plane(corners, (own + other) / 2, other - own)
        return np.asarray(corners @ np.linalg.inv(self.metric).T)


def _half_plane(corners: Points, point: Points, outward: Points) -> Points:
    """Return the part of a convex polygon that lies behind a line (Sutherland and Hodgman 1974)."""
    if len(corners) == 0:
        return corners
    side = (corners - point) @ outward
    kept: list[Points] = []
    for here, there, a, b in zip(corners, np.roll(corners, -1, axis=0), side, np.roll(side, -1), strict=True):
        if a <= 0:
            kept.append(here)
        if a * b < 0:
            kept.append(here + (there - here) * (a / (a - b)))
    return np.array(kept).reshape(-1, 2)


def landscape(rng: np.random.Generator, region: Region, size_px: int) -> Landscape:
    """Return a random landscape of size_px by size_px pixels of 20 m."""
    metric = _metric(rng, region.field_px)
    seeds = _seeds(rng, metric, size_px)
    centres = np.stack(
        np.meshgrid(np.arange(size_px) + 0.5, np.arange(size_px) + 0.5), axis=-1
    )  # (H, W, 2) column, row
    parcel = _nearest(centres.reshape(-1, 2) @ metric.T, seeds)
    present, parcel = np.unique(parcel, return_inverse=True)
    seeds = seeds[present]
    land = _land(rng, region, seeds)
    return Landscape(parcel.reshape(size_px, size_px).astype(np.int32), land, seeds, metric)


def _metric(rng: np.random.Generator, field_px: float) -> Points:
    """Return the matrix in which parcels are about one unit wide and equally long."""
    turn = rng.uniform(0, np.pi)
    side = field_px * rng.uniform(0.7, 1.4)
    stretch = np.sqrt(rng.uniform(1.2, 3.0))  # long fields along the plough lines
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.asarray(np.diag([1.0 / (side * stretch), stretch / side]) @ rotation)


def _seeds(rng: np.random.Generator, metric: Points, size_px: int) -> Points:
    corners = np.array([[0, 0], [size_px, 0], [0, size_px], [size_px, size_px]]) @ metric.T
    low, high = np.floor(corners.min(axis=0)) - 1, np.ceil(corners.max(axis=0)) + 1
    grid = np.stack(np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1])), axis=-1).reshape(-1, 2)
    return np.asarray(grid + rng.uniform(-0.45, 0.45, grid.shape))


def _nearest(points: Points, seeds: Points) -> NDArray[np.int64]:
    squares = (seeds**2).sum(axis=1) - 2.0 * points @ seeds.T  # the points' own squares do not change the order
    return np.asarray(squares.argmin(axis=1))


def _land(rng: np.random.Generator, region: Region, seeds: Points) -> tuple[str, ...]:
    """Return a cover name per parcel; forest, village and water come in clusters around a random parcel."""
    n = len(seeds)
    scattered = {name: share for name, share in region.shares.items() if name not in _CLUSTERED}
    # Sites differ more than a draw per parcel would make them: the mix itself is random around the region's.
    weights = rng.gamma(3.0, np.array(list(scattered.values())))
    land = [str(name) for name in rng.choice(list(scattered), size=n, p=weights / weights.sum())]
    for name in _CLUSTERED:
        expected = n * region.shares.get(name, 0.0) * rng.gamma(1.2, 1 / 1.2)
        count = min(int(expected + rng.random()), n // 2)
        centre = seeds[rng.integers(n)]
        for index in np.argsort(((seeds - centre) ** 2).sum(axis=1))[:count]:
            land[index] = name
    return tuple(land)


_CLUSTERED = ("deciduous forest", "evergreen forest", "village", "water")
