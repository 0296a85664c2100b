"""The output grid of a job and its tiles."""

from __future__ import annotations

import math
from dataclasses import dataclass

from affine import Affine
from odc.geo import CRS
from odc.geo.geobox import GeoBox
from odc.geo.geom import Geometry
from shapely.geometry.base import BaseGeometry

LATTICE_PX = 16
"""Every tile starts at a multiple of this, so that tiles equal the whole: the networks halve the resolution twice, and
kriging works on blocks of 16 pixels."""


@dataclass(frozen=True)
class Tile:
    """One square of the output.

    Attributes:
        id: "r000c001", row and column of the tile.
        core: what is written.
        halo: pixels read around the core on every side.
        rows: of the core in the job's grid.
        columns: of the core in the job's grid.
    """

    id: str
    core: GeoBox
    halo: int
    rows: slice
    columns: slice

    @property
    def padded(self) -> GeoBox:
        """What is read."""
        return self.core.pad(self.halo)

    @property
    def inner(self) -> tuple[slice, slice]:
        """Rows and columns of the core within the padded tile."""
        height, width = self.core.shape
        return slice(self.halo, self.halo + height), slice(self.halo, self.halo + width)


def utm_crs(geometry: BaseGeometry) -> CRS:
    """Return the UTM zone of a geometry's centroid (EPSG:4326)."""
    centre = geometry.centroid
    zone = min(60, math.floor((centre.x + 180) / 6) + 1)
    return CRS(f"EPSG:{(32600 if centre.y >= 0 else 32700) + zone}")


def output_geobox(geometry: BaseGeometry, resolution_m: float) -> GeoBox:
    """Return the smallest grid over an area whose edges are multiples of the resolution, in the centroid's UTM zone.

    Args:
        geometry: EPSG:4326.
        resolution_m: pixel size.
    """
    crs = utm_crs(geometry)
    # Edges that are straight in degrees are curved in UTM: a vertex every 0.01°, about 1 km, keeps them in the grid.
    box = Geometry(geometry, "EPSG:4326").to_crs(crs, resolution=0.01).boundingbox
    west, south = (math.floor(_settled(v / resolution_m)) for v in (box.left, box.bottom))
    east, north = (math.ceil(_settled(v / resolution_m)) for v in (box.right, box.top))
    shape = (max(1, north - south), max(1, east - west))
    transform = Affine(resolution_m, 0, west * resolution_m, 0, -resolution_m, north * resolution_m)
    return GeoBox(shape, transform, crs)


def _settled(pixels: float) -> float:
    """Return a coordinate in pixels without the rounding noise of degrees written with few decimals."""
    nearest = round(pixels)
    return nearest if abs(pixels - nearest) < 0.05 else pixels


def split(geobox: GeoBox, tile_px: int, halo: int) -> list[Tile]:
    """Return the tiles of a grid, row by row; they cover it exactly and do not overlap.

    Args:
        geobox: the job's grid.
        tile_px: side of a core, a multiple of 16; tiles at the far edges are smaller.
        halo: pixels around each core, a multiple of 16.
    """
    if tile_px % LATTICE_PX or halo % LATTICE_PX:
        raise ValueError(f"tile_px {tile_px} and halo {halo} must be multiples of {LATTICE_PX}")
    height, width = geobox.shape
    return [
        _tile(geobox, slice(top, min(top + tile_px, height)), slice(left, min(left + tile_px, width)), tile_px, halo)
        for top in range(0, height, tile_px)
        for left in range(0, width, tile_px)
    ]


def _tile(geobox: GeoBox, rows: slice, columns: slice, tile_px: int, halo: int) -> Tile:
    name = f"r{rows.start // tile_px:03d}c{columns.start // tile_px:03d}"
    return Tile(name, geobox[rows, columns], halo, rows, columns)
