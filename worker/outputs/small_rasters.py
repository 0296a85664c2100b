"""Rasters as small as a picture needs them, and what is drawn on them where LAI has no meaning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio

from jobs.legends import WATER
from jobs.palettes import stripes


def read_small(path: Path, most_px: int) -> np.ndarray:
    """Return a raster (H, W), every so many pixels of one that is wider or higher than wanted."""
    with rasterio.open(path) as source:
        step = max(1.0, max(source.shape) / most_px)
        return np.asarray(source.read(1, out_shape=tuple(max(1, round(side / step)) for side in source.shape)))


def enlarged(pixels: np.ndarray, most_px: int) -> np.ndarray:
    """Return pixels (H, W, ...) as large as whole repetitions make them without being wider or higher than wanted."""
    times = max(1, most_px // max(pixels.shape[:2]))
    return pixels.repeat(times, axis=0).repeat(times, axis=1)


def hatching(wet: np.ndarray, most_px: int) -> np.ndarray:
    """Return what is laid over a map where it is wet (H, W): (H', W', 4) uint8, enlarged, else transparent.

    Stripes come after the enlarging: they are as wide as those of tiles, however small the map is.
    """
    large = enlarged(wet, most_px)
    drawn = np.zeros((*large.shape, 4), np.uint8)
    for colour, where in zip(WATER.colours, (large, large & stripes(large.shape)), strict=True):
        drawn[where] = (*colour, 255)
    return drawn
