"""LAI series of parcels, from the finished rasters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from math import isnan, nan, sqrt
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from jobs.keys import asset_file
from jobs.legends import OBSERVED, WATER
from jobs.order_geometry import Parcel
from jobs.planning import Plan
from models.evaluation.correlation import Correlogram, share_of_mean
from models.progress import Progress, part_of
from worker.outputs.assets import DAYS_TO_CLEAR, FUSED, LAI, LAI_SIGMA, QUALITY_ASSET
from worker.outputs.parcel_points import points_within

COLUMNS = (
    "mean",
    "mean_fused",
    "std",
    "median",
    "p10",
    "p90",
    "min",
    "max",
    "n_px",
    "valid_fraction",
    "sigma",
    "observed_fraction",
    "days_to_clear",
)
"""LAI figures in m2/m2; `n_px` counts covered pixels with data, by their covered share.

`valid_fraction` is `n_px` as a share of the whole parcel, whether it lies inside the job's grid or not.

`sigma` is of `mean`: the mean sigma of the pixels, times the root of the mean correlation of their errors, which hidden
days of the area tell (`models.evaluation.correlation`). It falls with the size of a parcel, but slowly.
"""
_NO_FIGURES = tuple(0.0 if column in ("n_px", "valid_fraction") else nan for column in COLUMNS)
NOTHING = "no data in this parcel on this date"
"""Why a row has no figures."""


@dataclass(frozen=True)
class ParcelSeries:
    """Figures of every parcel and date: numbers, for rows of millions of them as objects do not fit into memory.

    Attributes:
        dates: of the job.
        figures: (P, D, len(COLUMNS)); NaN = none.
        has_data: (P, D) whether any pixel of a parcel has data on a date.
    """

    dates: tuple[date, ...]
    figures: NDArray[np.float64]
    has_data: NDArray[np.bool_]

    def rows(self, parcel: int) -> Iterator[dict[str, Any]]:
        """Yield the row of each date of one parcel, by its position."""
        figures, has_data = self.figures[parcel].tolist(), self.has_data[parcel].tolist()
        for day, values, there in zip(self.dates, figures, has_data, strict=True):
            told = (None if isnan(value) else value for value in values)
            row = dict(zip(COLUMNS, told, strict=True))
            yield {"date": day.isoformat(), **row, "reason": None if there else NOTHING}


def parcel_series(plan: Plan, folder: Path, correlation: Correlogram, progress: Progress) -> ParcelSeries:
    """Return the series of the parcels in their order.

    Args:
        plan: of the job.
        folder: with the finished rasters, `fused` among them.
        correlation: of errors in the area.
        progress: told before every date, and while the parcels' shapes are looked at.
    """
    frame = _frame(plan.request.parcel_list, plan.crs)
    sizes = (frame.area / abs(plan.transform[0]) ** 2).tolist()
    alike = _alike(frame, abs(plan.transform[0]), correlation, part_of(progress, 0.0, 0.1))
    dates = plan.target_dates
    figures = np.full((len(frame), len(dates), len(COLUMNS)), nan)
    has_data = np.zeros(figures.shape[:2], np.bool_)
    for i, day in enumerate(dates):
        progress(0.1 + 0.9 * i / len(dates), f"computing the parcels' series, {i} of {len(dates)} dates")
        found = _of_date(frame, folder, day)
        for k, facts in enumerate(zip(sizes, alike, found, strict=True)):
            values = _figures(*facts)
            figures[k, i], has_data[k, i] = values or _NO_FIGURES, values is not None
    return ParcelSeries(dates, figures, has_data)


def _frame(parcels: Sequence[Parcel], crs: str) -> gpd.GeoDataFrame:
    geometries: list[BaseGeometry] = [parcel.geometry for parcel in parcels]
    return gpd.GeoDataFrame({"position": range(len(parcels))}, geometry=geometries, crs="EPSG:4326").to_crs(crs)


def _alike(frame: gpd.GeoDataFrame, pixel_m: float, correlation: Correlogram, progress: Progress) -> list[float]:
    """Return how alike the errors of two pixels of each parcel are."""
    found = []
    for i, geometry in enumerate(frame.geometry):
        progress(i / len(frame), f"looking at the parcels' shapes, {i} of {len(frame)}")
        found.append(correlation.mean_over_pairs(points_within(geometry, pixel_m)))
    return found


def _of_date(frame: gpd.GeoDataFrame, folder: Path, day: date) -> Iterator[dict[str, Any]]:
    """Yield what the rasters of a date say of each parcel; one layer at a time is in memory."""
    found: dict[str, list[Any]] = {}
    for layer in _layers(folder, day):
        found |= _extracted(frame, *layer)
    return ({key: values[i] for key, values in found.items()} for i in range(len(frame)))


def _extracted(frame: gpd.GeoDataFrame, name: str, values: np.ndarray, place: dict[str, Any]) -> dict[str, list[Any]]:
    """Return what a layer says of each parcel, by `name_operation`; arguments as `_layers` has them."""
    spread = ["stdev", "median", "quantile(q=0.1)", "quantile(q=0.9)", "min", "max", "count"]
    operations = {"lai": ["mean", *spread], "age": ["median"]}.get(name, ["mean"])
    raster = NumPyRasterSource(
        values.astype(np.float64), *place["bounds"], nodata=np.nan, name=name, srs_wkt=place["wkt"]
    )
    table = exact_extract(raster, frame, operations, output="pandas")
    return {f"{name}_{column}": table[column].tolist() for column in table.columns}


def _layers(folder: Path, day: date) -> Iterator[tuple[str, np.ndarray, dict[str, Any]]]:
    """Yield what is asked of each parcel: its name, (H, W) values with NaN where there is no data, and its place."""
    quality = _read(folder, QUALITY_ASSET.name, day)[0]
    lai, place = _read(folder, LAI.name, day)
    lai = np.where(quality == WATER.quality.value, np.nan, LAI.decode(lai))  # LAI of water says nothing about a parcel
    has_data = np.isfinite(lai)
    yield "lai", lai, place
    del lai
    yield "fused", np.where(has_data, FUSED.decode(_read(folder, FUSED.name, day)[0]), np.nan), place
    yield "sigma", np.where(has_data, LAI_SIGMA.decode(_read(folder, LAI_SIGMA.name, day)[0]), np.nan), place
    yield "observed", np.where(has_data, np.isin(quality, OBSERVED), np.nan), place
    yield "age", DAYS_TO_CLEAR.decode(_read(folder, DAYS_TO_CLEAR.name, day)[0]), place


def _figures(size: float, alike: float, found: dict[str, Any]) -> tuple[float, ...] | None:
    """Return the figures of one parcel and date in the order of `COLUMNS`; None where no pixel has data.

    Args:
        size: of the parcel, pixels.
        alike: how alike the errors of two of its pixels are.
        found: what the rasters say.
    """
    count = found["lai_count"] or 0.0
    if not count > 0:
        return None
    values = {
        "mean": found["lai_mean"],
        "mean_fused": found["fused_mean"],
        "std": found["lai_stdev"],
        "median": found["lai_median"],
        "p10": found["lai_quantile_10"],
        "p90": found["lai_quantile_90"],
        "min": found["lai_min"],
        "max": found["lai_max"],
        "n_px": count,
        "valid_fraction": min(1.0, count / size),
        "sigma": found["sigma_mean"] * sqrt(share_of_mean(alike, count)),
        "observed_fraction": found["observed_mean"],
        "days_to_clear": found["age_median"],
    }
    return tuple(
        nan if value is None or not np.isfinite(value) else round(float(value), 4) for value in values.values()
    )


def _read(folder: Path, asset: str, day: date) -> tuple[np.ndarray, dict[str, Any]]:
    with rasterio.open(folder / asset_file(asset, day)) as source:
        bounds = source.bounds
        place = {"bounds": (bounds.left, bounds.bottom, bounds.right, bounds.top), "wkt": source.crs.to_wkt()}
        return source.read(1), place
