"""The series of one pixel, read from a job's COGs."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

from odc.geo.geobox import GeoBox
from pydantic import BaseModel, ConfigDict, Field
from pyproj import Transformer

from jobs.legends import OBSERVED, QUALITY
from service.job_rasters import JobRasters
from service.rasters import Rasters

READ_AT_ONCE = 8
"""Rasters of one answer: each is two short reads, for which a bucket takes its time."""
OUTSIDE = "outside the job's grid"
NO_DATA = "no data in this pixel on this date"
_CLASS = {quality.value: quality.name for quality in QUALITY}
_READ = ("lai", "lai_sigma", "quality", "days_to_clear")


class PointRow(BaseModel):
    """One date of a pixel."""

    date: str
    lai: float | None = Field(description="Leaf area index; null where there is no data")
    lai_sigma: float | None = Field(description="Its standard deviation; the 90 % interval is lai ± 1.645 lai_sigma")
    quality: int | None = Field(description="Class of where the value comes from; 0 is no data")
    quality_class: str | None = Field(description="Its name, as in the legend")
    days_to_clear: int | None = Field(description="To the nearest clear observation")
    observed: bool = Field(description="The day itself shows the pixel clear")
    reason: str | None = Field(description="Why there is no value; null where there is one")


class PointSeries(BaseModel):
    """A pixel over all dates of a job."""

    model_config = ConfigDict(title="pointSeries")

    lon: float
    lat: float
    unit: str = Field(description="Of lai and lai_sigma")
    simulated: bool = Field(description="The scenes were made by a simulator")
    series: list[PointRow]


def point_series(job: JobRasters, rasters: Rasters, lon: float, lat: float) -> dict[str, Any]:
    """Return the series of the pixel at a place; rows of nulls, with the reason, where the job has none."""
    place = _pixel_at(job.geobox, lon, lat)
    if place is None:
        rows = [_row(day, {}, OUTSIDE) for day in job.dates]
    else:
        row, column = place

        def read(day: date) -> dict[str, Any]:
            values = {asset: rasters.pixel(job.rasters[asset][day], row, column) for asset in _READ}
            return _row(day, values, None if math.isfinite(values["lai"]) else NO_DATA)

        with ThreadPoolExecutor(READ_AT_ONCE) as pool:
            rows = list(pool.map(read, job.dates))
    return {"lon": lon, "lat": lat, "unit": "m2 m-2", "simulated": job.simulated, "series": rows}


def _pixel_at(geobox: GeoBox, lon: float, lat: float) -> tuple[int, int] | None:
    """Return row and column of the pixel at a place, None outside the grid."""
    box = geobox.geographic_extent.boundingbox
    if not (box.left - 1 <= lon <= box.right + 1 and box.bottom - 1 <= lat <= box.top + 1):
        return None  # far away, where the grid's projection means nothing
    easting, northing = Transformer.from_crs("EPSG:4326", str(geobox.crs), always_xy=True).transform(lon, lat)
    column, row = ~geobox.affine @ (easting, northing)
    if not (0 <= row < geobox.shape[0] and 0 <= column < geobox.shape[1]):
        return None
    return math.floor(row), math.floor(column)


def _row(day: date, values: dict[str, float], reason: str | None) -> dict[str, Any]:
    """Return one date of the answer.

    Args:
        day: the date.
        values: by asset, NaN where there is no data; empty outside the grid.
        reason: why there is no LAI.
    """
    known = {asset: value for asset, value in values.items() if math.isfinite(value)}
    quality = int(known.get("quality", 0)) if values else None
    named = None if quality is None else _CLASS.get(quality)
    return {
        "date": day.isoformat(),
        "lai": _rounded(known.get("lai")),
        "lai_sigma": _rounded(known.get("lai_sigma")),
        "quality": quality,
        "quality_class": named,
        "days_to_clear": int(known["days_to_clear"]) if "days_to_clear" in known else None,
        "observed": quality in OBSERVED,
        "reason": reason,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
