"""Figures of a polygon on every date, computed from a job's COGs in the words of the parcels' series."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from shapely.geometry.base import BaseGeometry

from jobs.aoi import Limits, read_area
from jobs.errors import InvalidJob, Problem
from jobs.legends import WATER
from service.cover import Cover, cover_of
from service.job_rasters import JobRasters
from service.rasters import Rasters

READ_AT_ONCE = 2
"""Dates computed together."""
MOST_CELLS = 1_000_000
"""Read of one date: 400 km² at 20 m."""
MOST_CELLS_OF_ALL = 32_000_000
"""Read of all dates together, some seconds' work."""
FIGURES = ("mean", "std", "min", "max", "p10", "median", "p90")
NOTHING = "no data in this polygon on this date"
OUTSIDE = "the polygon lies outside the job's grid"


class StatisticsRow(BaseModel):
    """LAI of the polygon on one date; null where there is no data."""

    date: str
    mean: float | None
    std: float | None
    min: float | None
    max: float | None
    p10: float | None
    median: float | None
    p90: float | None
    n_px: float = Field(description="Covered pixels with data, by their covered share")
    valid_fraction: float = Field(description="n_px as a share of the whole polygon, inside the job's grid or not")
    reason: str | None = Field(description="Why there is no value; null where there is one")


class Statistics(BaseModel):
    """LAI of a polygon over all dates of a job."""

    model_config = ConfigDict(title="statistics")

    unit: str = Field(description="Of the figures")
    simulated: bool = Field(description="The scenes were made by a simulator")
    sampled_px: int = Field(
        description="1: every pixel counted; n: the polygon is large, and its figures are of means of n x n pixels"
    )
    series: list[StatisticsRow]


def read_polygon_of(body: dict[str, Any], limits: Limits) -> BaseGeometry:
    """Return the polygon or multipolygon of a request, EPSG:4326.

    Raises:
        InvalidJob: it is none, or has too many vertices; names the place and the cure.
    """
    if body.get("type") == "FeatureCollection":
        detail = "type is FeatureCollection: give one Polygon, MultiPolygon or Feature; for many, order with parcels"
        raise InvalidJob(Problem("/type", detail))
    try:
        return read_area(body, "", limits)
    except InvalidJob as error:
        raise InvalidJob(*map(_named, error.problems)) from None


def _named(problem: Problem) -> Problem:
    """Return a problem that says what it is about, where it is about no member but the whole."""
    return problem if problem.pointer else Problem("", f"the polygon {problem.detail.strip()}")


def polygon_statistics(job: JobRasters, rasters: Rasters, polygon: BaseGeometry) -> dict[str, Any]:
    """Return the figures of a polygon (EPSG:4326) on every date; water and snow count as no data, as for parcels."""
    cover = cover_of(job.geobox, polygon, min(MOST_CELLS, MOST_CELLS_OF_ALL // len(job.dates)))
    if cover is None:
        rows = [_empty(day, OUTSIDE) for day in job.dates]
    else:

        def figures(day: date) -> dict[str, Any]:
            return _row(day, cover, _lai(job, rasters, cover, day))

        with ThreadPoolExecutor(READ_AT_ONCE) as pool:
            rows = list(pool.map(figures, job.dates))
    step = cover.step if cover else 1
    return {"unit": "m2 m-2", "simulated": job.simulated, "sampled_px": step, "series": rows}


def _lai(job: JobRasters, rasters: Rasters, cover: Cover, day: date) -> np.ndarray:
    """Return the LAI of covered cells (N,), NaN where there is no data, water or snow."""
    place = cover.rows, cover.columns
    lai, quality = (
        rasters.window(job.rasters[asset][day], place, cover.shape, classes=asset == "quality").ravel()[cover.cells]
        for asset in ("lai", "quality")
    )
    return np.where(quality == WATER.quality.value, np.nan, lai)


def _row(day: date, cover: Cover, lai: np.ndarray) -> dict[str, Any]:
    known = np.isfinite(lai)
    values, shares = lai[known], cover.shares[known]
    count = float(shares.sum()) * cover.pixels_per_cell
    if not count > 0:
        return _empty(day, NOTHING)
    return {
        "date": day.isoformat(),
        **{name: round(figure, 4) for name, figure in weighted_figures(values, shares).items()},
        "n_px": round(count, 4),
        "valid_fraction": round(min(1.0, count / cover.size_px), 4),
        "reason": None,
    }


def weighted_figures(values: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    """Return `FIGURES` of values (N,) with positive weights (N,), each as exactextract defines it."""
    order = np.argsort(values)
    values, weights = values[order], weights[order]
    mean = float(np.average(values, weights=weights))
    before = np.concatenate(([0.0], np.cumsum(weights)[:-1]))
    places = np.arange(len(values)) * weights + (len(values) - 1) * before
    p10, median, p90 = np.interp(np.array([0.1, 0.5, 0.9]) * (len(values) - 1) * weights.sum(), places, values)
    return {
        "mean": mean,
        "std": float(np.sqrt(np.average((values - mean) ** 2, weights=weights))),
        "min": float(values[0]),
        "max": float(values[-1]),
        "p10": float(p10),
        "median": float(median),
        "p90": float(p90),
    }


def _empty(day: date, reason: str) -> dict[str, Any]:
    return {"date": day.isoformat(), **dict.fromkeys(FIGURES), "n_px": 0.0, "valid_fraction": 0.0, "reason": reason}
