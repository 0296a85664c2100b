"""Arrays that know their grid: what the reader returns and what a tile delivers."""

from __future__ import annotations

from dataclasses import dataclass

from odc.geo.geobox import GeoBox

from models.series import OpticalSeries, RadarSeries


@dataclass(frozen=True)
class SkippedScene:
    """A planned scene that could not be read, and why; named in the items."""

    id: str
    reason: str


@dataclass(frozen=True)
class S1Stack:
    """Sentinel-1 on a grid.

    Attributes:
        geobox: the grid.
        series: backscatter.
        skipped: scenes that could not be read.
    """

    geobox: GeoBox
    series: RadarSeries
    skipped: tuple[SkippedScene, ...]


@dataclass(frozen=True)
class S2Stack:
    """Sentinel-2 on a grid.

    Attributes:
        geobox: the grid.
        series: reflectance and masks.
        skipped: scenes that could not be read.
    """

    geobox: GeoBox
    series: OpticalSeries
    skipped: tuple[SkippedScene, ...]
