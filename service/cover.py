"""Which pixels of a job a polygon covers, and by how much; computed once for all dates."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from shapely.geometry import box, mapping
from shapely.geometry.base import BaseGeometry

from jobs.aoi import area_km2, polygons_of

_EDGE_DEG = 0.01
"""Edges that are straight in degrees are curved in the grid: a vertex every kilometre, as for the grid itself."""


@dataclass(frozen=True)
class Cover:
    """What is read for a polygon.

    Attributes:
        rows: of the grid.
        columns: of the grid.
        shape: of what is read of them.
        step: pixels of the grid, along each side, that are read as one.
        cells: (N,) numbers, row by row, of the cells read that the polygon covers.
        shares: (N,) of each cell, covered; 0..1.
        size_px: of the whole polygon, inside the grid or not; pixels of the grid.
    """

    rows: slice
    columns: slice
    shape: tuple[int, int]
    step: int
    cells: np.ndarray
    shares: np.ndarray
    size_px: float

    @property
    def pixels_per_cell(self) -> float:
        """Pixels of the grid in a cell that is read."""
        rows, columns = (side.stop - side.start for side in (self.rows, self.columns))
        return float(rows * columns / (self.shape[0] * self.shape[1]))


def cover_of(geobox: GeoBox, polygon: BaseGeometry, most_cells: int) -> Cover | None:
    """Return what a polygon covers of a grid, None where it covers nothing.

    Args:
        geobox: the grid.
        polygon: EPSG:4326.
        most_cells: to be read; a larger polygon is read in steps of 2, 4, 8, ... pixels, as overviews are.
    """
    extent = geobox.geographic_extent.boundingbox
    around = box(extent.left, extent.bottom, extent.right, extent.top).buffer(_EDGE_DEG)
    near = polygons_of(polygon.intersection(around))  # far away the grid's projection means nothing
    near_km2 = area_km2(near)
    if not near_km2:
        return None
    to_grid, to_pixels = Transformer.from_crs("EPSG:4326", str(geobox.crs), always_xy=True), ~geobox.affine
    shape = shapely.transform(
        shapely.segmentize(near, _EDGE_DEG), lambda x, y: to_pixels @ to_grid.transform(x, y), interleaved=False
    )
    height, width = geobox.shape
    rows, columns = _touched(shape, height, width)
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return None
    step = 1
    while (rows.stop - rows.start) * (columns.stop - columns.start) / step**2 > most_cells:
        step *= 2
    rows, columns = _snapped(rows, step, height), _snapped(columns, step, width)
    read = math.ceil((rows.stop - rows.start) / step), math.ceil((columns.stop - columns.start) / step)
    cells, shares = _covered(shape, rows, columns, read)
    if not cells.size:
        return None
    size_px = float(shape.area) * area_km2(polygon) / near_km2
    return Cover(rows, columns, read, step, cells, shares, size_px)


def _touched(shape: BaseGeometry, height: int, width: int) -> tuple[slice, slice]:
    """Return rows and columns of the grid under a geometry in pixels."""
    left, top, right, bottom = shape.bounds
    rows = slice(max(0, math.floor(top)), min(height, math.ceil(bottom)))
    return rows, slice(max(0, math.floor(left)), min(width, math.ceil(right)))


def _snapped(side: slice, step: int, length: int) -> slice:
    """Return a range that begins at a whole step and ends at one, or with the grid."""
    return slice(side.start // step * step, min(length, -(-side.stop // step) * step))


def _covered(shape: BaseGeometry, rows: slice, columns: slice, read: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers and shares of the cells that a geometry in pixels covers."""
    upright = shapely.transform(shape, lambda x, y: (x, -y), interleaved=False)  # rows count down, a map's north is up
    source = NumPyRasterSource(np.zeros(read, np.uint8), columns.start, -rows.stop, columns.stop, -rows.start)
    feature = {"type": "Feature", "geometry": mapping(upright), "properties": {}}
    (answer,) = exact_extract(source, feature, ["cell_id", "coverage"])
    found = answer["properties"]
    return np.asarray(found["cell_id"], np.int64), np.asarray(found["coverage"], np.float64)
