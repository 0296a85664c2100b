"""Has an archive applied the offset of a Sentinel-2 scene? Its darkest clear vegetation and water tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from rasterio.enums import Resampling
from rasterio.warp import transform
from rasterio.windows import Window

from jobs.radiometry import BASELINE_OFFSET, DN_SCALE, Offset
from worker.inputs.band import check_size, open_band

if TYPE_CHECKING:
    from rasterio.io import DatasetReader
    from shapely import Point

BANDS = ("B04", "B12")
"""Vegetation is dark in red, water in both."""
DARK_CLASSES = (4, 6)
LEAST_PIXELS = 50
PERCENTILE = 2
APPLIED_BELOW, CARRIED_FROM, CARRIED_TO = 0.09, 0.095, 0.2
"""Of DN * 0.0001. Below: with the offset still in the numbers the darkest ground would reflect less than nothing: one
scene proves it. From, to: with the offset applied the darkest vegetation and water would reflect a tenth and more. One
scene does not prove that: on hazy days over dry fields it was 0.097 and 0.099 (Spain, 28 March and 7 April 2019), and
0.037 three weeks later. On 60 scenes of a Belgian patch it lies between 0.000 and 0.078."""
LEAST_SCENES = 3
"""That must show no darker ground before a group counts as carrying the offset."""
NEGATIVE = 0.08
"""Below this, reflectance with 0.1 subtracted is less than -0.02, more than corrections of the atmosphere overdo."""
SIDE_M, SIDE_PX = 20_480.0, 512
"""Of the window that is read, and of the picture of it: ground enough for vegetation or water, few enough bytes."""


def darkest_of(dark: np.ndarray) -> float | None:
    """Return the 2nd percentile of a scene's dark pixels; None where they are too few.

    Args:
        dark: (N,) the darkest band of clear vegetation and water, DN * 0.0001 without offset.
    """
    return float(np.percentile(dark, PERCENTILE)) if dark.size >= LEAST_PIXELS else None


def offset_of_group(darkest: Sequence[float]) -> Offset:
    """Return the offset that explains the darkest ground of scenes that share one.

    Args:
        darkest: of each scene, DN * 0.0001 without offset.
    """
    if not darkest:
        return Offset(None, "no scene shows enough clear vegetation and water")
    least, like_carried = min(darkest), sum(CARRIED_FROM <= value <= CARRIED_TO for value in darkest)
    found = f"the darkest clear ground of {len(darkest)} scenes has DN {least / DN_SCALE:.0f}"
    if least < APPLIED_BELOW and like_carried > max(1, len(darkest) / 2):
        return Offset(None, f"{found}, but {like_carried} of them show nothing below {CARRIED_FROM / DN_SCALE:.0f}")
    if least < APPLIED_BELOW:
        return Offset(0.0, f"{found}: the offset is applied already")
    if not CARRIED_FROM <= least <= CARRIED_TO:
        return Offset(None, f"{found}, which neither explains")
    if len(darkest) < LEAST_SCENES:
        return Offset(None, f"{found}, which may be haze: {LEAST_SCENES} scenes would tell")
    return Offset(BASELINE_OFFSET, f"{found}: the offset is still in the numbers")


def contradict(darkest: Sequence[float]) -> bool:
    """Return whether scenes cannot have the offset that their items say: half of them and more would be negative."""
    return 2 * sum(value < NEGATIVE for value in darkest) >= max(1, len(darkest))


def dark_pixels(scl: np.ndarray, bands: list[np.ndarray]) -> np.ndarray:
    """Return the darkest band of clear vegetation and water, (N,) DN * 0.0001.

    Args:
        scl: (H, W) scene classification.
        bands: digital numbers, (H, W) each, 0 = no data.
    """
    known = np.all([band > 0 for band in bands], axis=0) & np.isin(scl, DARK_CLASSES)
    return np.asarray(np.min(bands, axis=0)[known] * DN_SCALE)


def read_small(href: str, middle: Point) -> np.ndarray:
    """Return a small picture of a band around a point, as it stands in the file.

    Args:
        href: path or URL that can be opened.
        middle: EPSG:4326; where it lies beyond the file, the nearest part is read.

    Raises:
        RasterioError: the file cannot be read.
        ValueError: it is of no allowed format.
    """
    with open_band(href) as source:
        window = _around(source, middle)
        shape = (min(SIDE_PX, round(window.height)), min(SIDE_PX, round(window.width)))
        return np.asarray(source.read(1, window=window, out_shape=shape, resampling=Resampling.nearest))


def _around(source: DatasetReader, middle: Point) -> Window:
    (x,), (y,) = transform("EPSG:4326", source.crs, [middle.x], [middle.y])
    row, column = source.index(x, y)
    step = source.transform
    across, down = (round(SIDE_M / math.hypot(*pair)) for pair in ((step.a, step.d), (step.b, step.e)))
    height, width = min(down, source.height), min(across, source.width)
    check_size(height, width, source)
    top = min(max(row - height // 2, 0), source.height - height)
    left = min(max(column - width // 2, 0), source.width - width)
    return Window(left, top, width, height)
