"""The description of a set of tiles, as maps read it (TileJSON 3.0.0)."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from jobs.legends import Legend
from service.job_rasters import JobRasters

MAX_ZOOM = 24
"""A pixel of 20 m would fill several screens; the scheme ends here too."""
_SHARP_ZOOMS = 4
"""Levels beyond the raster's own at which we still draw, so that its pixels stay sharp where maps would smooth them."""


class TileJson(BaseModel):
    """What a map needs to ask for tiles."""

    model_config = ConfigDict(title="tilejson", populate_by_name=True)

    tilejson: Literal["3.0.0"]
    name: str
    attribution: str
    scheme: Literal["xyz"]
    tiles: list[str] = Field(description="URL of a tile, with {z}, {x} and {y}")
    bounds: list[float] = Field(description="West, south, east, north; degrees")
    center: list[float] = Field(description="Longitude, latitude, zoom")
    minzoom: int
    maxzoom: int
    vector_layers: list[dict[str, Any]] = Field(description="Empty: these are pictures")
    legend_href: str = Field(alias="clearleaf:legend", description="What the colours mean")
    dates: list[str] = Field(alias="clearleaf:dates", description="The dates that this raster has")
    simulated: bool = Field(alias="clearleaf:simulated", description="The scenes were made by a simulator")


def tilejson(
    rasters: JobRasters, legend: Legend, day: date, zooms: tuple[int, int], place: str, legend_href: str
) -> dict[str, Any]:
    """Return the description of one raster's tiles.

    Args:
        rasters: of the job.
        legend: of the asset.
        day: which date.
        zooms: between which the raster has something of its own to show.
        place: URL below which the tiles are.
        legend_href: URL of the legend.
    """
    low, high = zooms
    box = rasters.geobox.geographic_extent.boundingbox
    bounds = [round(degrees, 6) for degrees in (box.left, box.bottom, box.right, box.top)]
    simulated = " (simulated)" if rasters.simulated else ""
    return {
        "tilejson": "3.0.0",
        "name": f"{legend.title}, {day.isoformat()}{simulated}",
        "attribution": "Simulated scenes" if rasters.simulated else "Contains modified Copernicus Sentinel data",
        "scheme": "xyz",
        "tiles": [f"{place}/{{z}}/{{x}}/{{y}}.png"],
        "bounds": bounds,
        "center": [round((bounds[0] + bounds[2]) / 2, 6), round((bounds[1] + bounds[3]) / 2, 6), min(low + 1, high)],
        "minzoom": low,
        "maxzoom": min(high + _SHARP_ZOOMS, MAX_ZOOM),
        "vector_layers": [],
        "clearleaf:legend": legend_href,
        "clearleaf:dates": [known.isoformat() for known in rasters.rasters[legend.asset]],
        "clearleaf:simulated": rasters.simulated,
    }
