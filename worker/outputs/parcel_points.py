"""Places spread over a parcel, from which the mean correlation of its pixels' errors is taken."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from shapely import contains_xy
from shapely.geometry.base import BaseGeometry

POINTS_A_SIDE = 14
"""Rows and columns of points over the bounding box: up to 196 of them, 19,000 pairs."""


def points_within(geometry: BaseGeometry, pixel_m: float) -> NDArray[np.float64]:
    """Return places inside a polygon on a regular grid, (N, 2) in pixels; none in a sliver that no grid point hits.

    Args:
        geometry: in the job's CRS, m.
        pixel_m: side of a pixel, m.
    """
    west, south, east, north = geometry.bounds
    share = (np.arange(POINTS_A_SIDE) + 0.5) / POINTS_A_SIDE
    x, y = np.meshgrid(west + share * (east - west), south + share * (north - south))
    inside = contains_xy(geometry, x.ravel(), y.ravel())
    return np.column_stack([x.ravel()[inside], y.ravel()[inside]]) / pixel_m
