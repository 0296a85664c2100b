"""The files of the parcels' series, written parcel by parcel: millions of rows do not fit into memory at once."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from pyproj import CRS
from shapely.geometry import mapping

from jobs.order_geometry import Parcel
from jobs.planning import Plan
from jobs.series_files import SERIES_FILES
from models.evaluation.correlation import Correlogram
from models.progress import Progress, part_of
from worker.outputs.parcels import COLUMNS, NOTHING, ParcelSeries, parcel_series

BLOCK_BYTES = 2**25
"""Of a row group in memory, roughly: a parcel's outline and properties count once for each of its rows."""
_ROW_BYTES = 300
_TABLE = pa.schema(
    [
        ("id", pa.string()),
        ("date", pa.date32()),
        *((column, pa.float64()) for column in COLUMNS),
        ("reason", pa.string()),
        ("simulated", pa.bool_()),
        ("geometry", pa.binary()),
        ("properties", pa.string()),
    ]
)


def write_series(plan: Plan, folder: Path, correlation: Correlogram, progress: Progress) -> None:
    """Write the series in every form of `jobs.series_files`.

    Args:
        plan: of the job.
        folder: with the finished rasters, `fused` among them.
        correlation: of errors in the area.
        progress: told of every date, and then of every parcel.
    """
    series = parcel_series(plan, folder, correlation, part_of(progress, 0.0, 0.7))
    for i, (form, write) in enumerate({"json": _write_json, "csv": _write_csv, "geoparquet": _write_table}.items()):
        write(plan, series, folder / SERIES_FILES[form].name, part_of(progress, 0.7 + 0.1 * i, 0.8 + 0.1 * i))


def _each(plan: Plan, progress: Progress) -> Iterator[tuple[int, Parcel]]:
    """Yield the parcels with their positions; progress is told before each."""
    parcels = plan.request.parcel_list
    for i, parcel in enumerate(parcels):
        progress(i / len(parcels), f"writing the parcels' series, {i} of {len(parcels)}")
        yield i, parcel


def _write_json(plan: Plan, series: ParcelSeries, path: Path, progress: Progress) -> None:
    frame = {"type": "FeatureCollection", "unit": "m2 m-2", "simulated": plan.simulated, "features": []}
    before, after = json.dumps(frame).split("[]")
    with path.open("w") as file:
        file.write(before + "[")
        for i, parcel in _each(plan, progress):
            feature = {
                "type": "Feature",
                "id": parcel.id,
                "geometry": mapping(parcel.geometry),
                "properties": parcel.properties,
                "series": list(series.rows(i)),
            }
            file.write((", " if i else "") + json.dumps(feature))
        file.write("]" + after + "\n")


def _write_csv(plan: Plan, series: ParcelSeries, path: Path, progress: Progress) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ["id", "date", *COLUMNS, "reason", "simulated"])
        writer.writeheader()
        for i, parcel in _each(plan, progress):
            writer.writerows({"id": parcel.id, **row, "simulated": plan.simulated} for row in series.rows(i))


def _write_table(plan: Plan, series: ParcelSeries, path: Path, progress: Progress) -> None:
    """Write the rows as GeoParquet, with real dates, and with each parcel's own properties as JSON.

    In a column of their own they clash with none of ours, and may be of different kinds in different parcels.
    """
    schema = _TABLE.with_metadata({"geo": json.dumps(_geo(plan.request.parcel_list))})
    block: list[tuple[int, Parcel]] = []
    size = 0
    with pq.ParquetWriter(path, schema) as writer:
        for i, parcel in _each(plan, progress):
            own = len(shapely.to_wkb(parcel.geometry)) + len(json.dumps(parcel.properties))
            more = len(series.dates) * (_ROW_BYTES + own)
            if block and size + more > BLOCK_BYTES:
                writer.write_table(_table(block, series, plan.simulated, schema))
                block, size = [], 0
            block.append((i, parcel))
            size += more
        writer.write_table(_table(block, series, plan.simulated, schema))


def _table(block: list[tuple[int, Parcel]], series: ParcelSeries, simulated: bool, schema: pa.Schema) -> pa.Table:
    """Return the rows of some parcels, given with their positions."""
    positions, dates = [i for i, _ in block], series.dates

    def each(values: Iterable[Any]) -> list[Any]:
        return [value for value in values for _ in dates]

    columns = {
        "id": each(parcel.id for _, parcel in block),
        "date": [*dates] * len(block),
        **dict(zip(COLUMNS, series.figures[positions].reshape(-1, len(COLUMNS)).T, strict=True)),
        "reason": [None if there else NOTHING for there in series.has_data[positions].ravel()],
        "simulated": [simulated] * (len(block) * len(dates)),
        "geometry": each(shapely.to_wkb(parcel.geometry) for _, parcel in block),
        "properties": each(json.dumps(parcel.properties, ensure_ascii=False) for _, parcel in block),
    }
    arrays = [pa.array(columns[field.name], field.type, from_pandas=True) for field in schema]  # NaN is null
    return pa.Table.from_arrays(arrays, schema=schema)


def _geo(parcels: Sequence[Parcel]) -> dict[str, Any]:
    """Return what makes a Parquet file GeoParquet, by its specification 1.0.0."""
    geometries = [parcel.geometry for parcel in parcels]
    column = {
        "encoding": "WKB",
        "geometry_types": sorted({geometry.geom_type for geometry in geometries}),
        "crs": CRS("EPSG:4326").to_json_dict(),
        "bbox": shapely.total_bounds(geometries).tolist(),
    }
    return {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": column}}
