"""How alike the errors of two pixels of one date are: what the mean of a parcel gains by its many pixels.

A clear scene lies above or below a reconstruction as a whole, and fields do so for reasons of their own. The mean of
500 pixels is therefore not √500 times as sure as one of them. On hidden days the errors of an area show how alike they
are at every distance, and the share of a pixel's variance that is left in the mean of a parcel is the mean of that over
all pairs of its pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from models.evaluation.hidden import Hidden
from models.series import FloatArray

DISTANCES_PX = (0, 1, 2, 3, 5, 8, 12, 18, 24)
"""Where the correlation is told; between them it is a line, and beyond the last one it stays: windows end there."""
DAYS_OF_BELIEF = 4.0
"""The usual correlation counts as much as so many hidden days of the area's own."""
FEW_PAIRS = 500
"""A distance with fewer pairs of pixels tells nothing."""


@dataclass(frozen=True)
class Correlogram:
    """Correlation of errors over distance.

    Attributes:
        distance_px: pixels, ascending from 0.
        correlation: at those distances; 1 at 0, never rising.
    """

    distance_px: tuple[float, ...]
    correlation: tuple[float, ...]

    def at(self, distance_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the correlation at any distances, pixels; shape unchanged."""
        return np.interp(distance_px, self.distance_px, self.correlation)

    def mean_over_pairs(self, points_px: NDArray[np.float64]) -> float:
        """Return the mean correlation of two different places of a parcel, given some that are spread over it, (N, 2).

        Where fewer than two are given, the parcel is a sliver whose pixels count as one.
        """
        if len(points_px) < 2:
            return 1.0
        apart = np.linalg.norm(points_px[:, None] - points_px[None], axis=2)
        return float(self.at(apart[~np.eye(len(points_px), dtype=bool)]).mean())

    def as_json(self) -> dict[str, list[float]]:
        """Return the correlation as published in accuracy.json."""
        return {
            "distance_px": [round(d, 1) for d in self.distance_px],
            "correlation": [round(c, 3) for c in self.correlation],
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Self:
        """Return what `as_json` wrote."""
        return cls(tuple(document["distance_px"]), tuple(document["correlation"]))


USUAL = Correlogram(DISTANCES_PX, (1.0, 0.93, 0.84, 0.75, 0.64, 0.52, 0.39, 0.28, 0.19))
"""On the land where errors are most alike, of two real patches and simulated sites (`benchmarks/error_correlation.py`):
no parcel shall be believed surer than it is."""


def share_of_mean(alike: float, pixels: float) -> float:
    """Return the share of a pixel's error variance that the mean of a parcel has, 0..1.

    Args:
        alike: mean correlation of two of its pixels.
        pixels: how many it has.
    """
    return alike + (1 - alike) / max(pixels, 1.0)


def error_correlation(parts: Sequence[Hidden], name: str, usual: Correlogram = USUAL) -> Correlogram:
    """Return how alike errors are in an area, drawn to what is usual where few hidden days speak.

    Args:
        parts: hidden days of the area's windows.
        name: of the estimate whose errors, in units of its sigma, are looked at.
        usual: what is believed before any day speaks.
    """
    products, pairs, days = np.zeros(len(DISTANCES_PX)), np.zeros(len(DISTANCES_PX)), 0
    for hidden in parts:
        for maps in _relative_errors(hidden, name):
            found, count = _products(maps)
            products, pairs = products + found, pairs + count
        days += len(np.unique(hidden.days))
    if not pairs[0] or not products[0] > 0:
        return usual
    own = products / np.maximum(pairs, 1) / (products[0] / pairs[0])
    believed = usual.at(np.asarray(DISTANCES_PX, np.float64))
    own = np.where(pairs >= FEW_PAIRS, own, believed)
    share = days / (days + DAYS_OF_BELIEF)
    drawn = np.minimum.accumulate(np.clip(share * own + (1 - share) * believed, 0, 1))
    return Correlogram(DISTANCES_PX, tuple(float(value) for value in drawn))


def _relative_errors(hidden: Hidden, name: str) -> Iterator[FloatArray]:
    """Yield (H, W) errors in units of sigma of each hidden day of each window; 0 where nothing is scored."""
    estimate = hidden.estimates[name]
    if estimate.sigma is None:
        raise ValueError(f"{name} has no sigma to measure its errors by")
    relative = (hidden.truth - estimate.lai) / estimate.sigma
    for case in np.unique(hidden.places[:, 0]):
        mine = hidden.places[:, 0] == case
        rows, columns = hidden.places[mine, 1], hidden.places[mine, 2]
        maps = np.full((rows.max() + 1, columns.max() + 1), np.nan, np.float32)
        maps[rows, columns] = relative[mine]
        yield maps


def _products(error: FloatArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return, for each distance, the sum of products of the errors of all pairs so far apart, and their number."""
    height, width = error.shape
    there = np.isfinite(error)
    size = (2 * height, 2 * width)  # room for every shift, so that nothing wraps around

    def of_shifts(values: NDArray[Any]) -> NDArray[np.float64]:
        spectrum = np.fft.rfft2(values.astype(np.float64), size)
        return np.fft.irfft2(np.abs(spectrum) ** 2, size)

    products, pairs = of_shifts(np.nan_to_num(error)), np.round(of_shifts(there))
    rows = np.minimum(np.arange(size[0]), size[0] - np.arange(size[0]))
    columns = np.minimum(np.arange(size[1]), size[1] - np.arange(size[1]))
    distance = np.hypot(rows[:, None], columns[None])
    nearest = np.abs(distance.reshape(-1, 1) - np.asarray(DISTANCES_PX)).argmin(axis=1)
    usable = (distance.reshape(-1) <= DISTANCES_PX[-1] + 4) & (pairs.reshape(-1) > 0)

    def of_distances(values: NDArray[np.float64]) -> NDArray[np.float64]:
        binned = np.bincount(nearest[usable], values.reshape(-1)[usable], len(DISTANCES_PX))
        return np.asarray(binned, np.float64)

    return of_distances(products), of_distances(pairs)
