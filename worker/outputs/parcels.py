"""LAI series of parcels, from the finished rasters."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import date
from math import sqrt
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from jobs.keys import asset_file
from jobs.planning import Plan
from jobs.request import Parcel
from jobs.series_files import SERIES_FILES
from models.evaluation.correlation import Correlogram, share_of_mean
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
_NOTHING = "no data in this parcel on this date"


def parcel_series(plan: Plan, folder: Path, correlation: Correlogram) -> list[list[dict[str, Any]]]:
    """Return one row per parcel and date; parcels and dates in their order.

    Args:
        plan: of the job.
        folder: with the finished rasters, `fused` among them.
        correlation: of errors in the area.
    """
    frame = _frame(plan.request.parcel_list, plan.crs)
    pixel_m = abs(plan.transform[0])
    sizes = (frame.area / pixel_m**2).tolist()
    alike = [correlation.mean_over_pairs(points_within(geometry, pixel_m)) for geometry in frame.geometry]
    by_date = [_rows_of_date(frame, sizes, alike, folder, day) for day in plan.target_dates]
    return [[rows[i] for rows in by_date] for i in range(len(frame))]


def write_series(plan: Plan, folder: Path, correlation: Correlogram) -> None:
    """Write the series in every form of `jobs.series_files`."""
    parcels, series = plan.request.parcel_list, parcel_series(plan, folder, correlation)
    features = [
        {
            "type": "Feature",
            "id": parcel.id,
            "geometry": mapping(parcel.geometry),
            "properties": parcel.properties,
            "series": rows,
        }
        for parcel, rows in zip(parcels, series, strict=True)
    ]
    document = {"type": "FeatureCollection", "unit": "m2 m-2", "features": features}
    (folder / SERIES_FILES["json"].name).write_text(json.dumps(document) + "\n")
    flat = [{"id": p.id, **row} for p, rows in zip(parcels, series, strict=True) for row in rows]
    with (folder / SERIES_FILES["csv"].name).open("w", newline="") as file:
        writer = csv.DictWriter(file, ["id", "date", *COLUMNS, "reason"])
        writer.writeheader()
        writer.writerows(flat)
    geometries = [p.geometry for p, rows in zip(parcels, series, strict=True) for _ in rows]
    gpd.GeoDataFrame(flat, geometry=geometries, crs="EPSG:4326").to_parquet(folder / SERIES_FILES["geoparquet"].name)


def _frame(parcels: Sequence[Parcel], crs: str) -> gpd.GeoDataFrame:
    geometries: list[BaseGeometry] = [parcel.geometry for parcel in parcels]
    return gpd.GeoDataFrame({"position": range(len(parcels))}, geometry=geometries, crs="EPSG:4326").to_crs(crs)


def _rows_of_date(
    frame: gpd.GeoDataFrame, sizes: Sequence[float], alike: Sequence[float], folder: Path, day: date
) -> list[dict[str, Any]]:
    """Return a row per parcel, given their sizes in pixels and how alike the errors of two of their pixels are."""
    lai, source = _read(folder, LAI.name, day)
    lai = LAI.decode(lai)
    wet = _read(folder, QUALITY_ASSET.name, day)[0]
    lai = np.where(wet == 5, np.nan, lai)  # LAI of water says nothing about a parcel
    layers = {
        "lai": lai,
        "fused": np.where(np.isfinite(lai), FUSED.decode(_read(folder, FUSED.name, day)[0]), np.nan),
        "sigma": np.where(np.isfinite(lai), LAI_SIGMA.decode(_read(folder, LAI_SIGMA.name, day)[0]), np.nan),
        "observed": np.where(np.isfinite(lai), np.isin(wet, (1, 4)), np.nan),
        "age": DAYS_TO_CLEAR.decode(_read(folder, DAYS_TO_CLEAR.name, day)[0]),
    }
    spread = ["stdev", "median", "quantile(q=0.1)", "quantile(q=0.9)", "min", "max", "count"]
    operations = {"lai": ["mean", *spread], "age": ["median"]}
    found: dict[str, list[Any]] = {}
    for name, values in layers.items():
        raster = NumPyRasterSource(
            values.astype(np.float64), *source["bounds"], nodata=np.nan, name=name, srs_wkt=source["wkt"]
        )
        table = exact_extract(raster, frame, operations.get(name, ["mean"]), output="pandas")
        found |= {f"{name}_{column}": table[column].tolist() for column in table.columns}
    of_parcel = ({key: values[i] for key, values in found.items()} for i in range(len(frame)))
    return [_row(day, *facts) for facts in zip(sizes, alike, of_parcel, strict=True)]


def _row(day: date, size: float, alike: float, found: dict[str, Any]) -> dict[str, Any]:
    count = found["lai_count"] or 0.0
    if not count > 0:
        return {
            "date": day.isoformat(),
            **dict.fromkeys(COLUMNS),
            "n_px": 0.0,
            "valid_fraction": 0.0,
            "reason": _NOTHING,
        }
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
    rounded = {k: (None if v is None or not np.isfinite(v) else round(float(v), 4)) for k, v in values.items()}
    return {"date": day.isoformat(), **rounded, "reason": None}


def _read(folder: Path, asset: str, day: date) -> tuple[np.ndarray, dict[str, Any]]:
    with rasterio.open(folder / asset_file(asset, day)) as source:
        bounds = source.bounds
        place = {"bounds": (bounds.left, bounds.bottom, bounds.right, bounds.top), "wkt": source.crs.to_wkt()}
        return source.read(1), place
