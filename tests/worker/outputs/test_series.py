"""Files of parcels' series: written piece by piece, and as whole as if they had been written at once."""

import csv
import json
import tracemalloc
from datetime import date, timedelta
from types import SimpleNamespace

import geopandas
import numpy as np
import pyarrow.parquet as pq
import pytest
from shapely.geometry import box

from jobs.order_geometry import Parcel
from models.evaluation.correlation import USUAL
from models.progress import silent
from worker.outputs import series
from worker.outputs.parcels import COLUMNS, ParcelSeries

DATES = tuple(date(2023, 1, 1) + timedelta(days=i) for i in range(20))


@pytest.fixture
def planned(monkeypatch):
    """Return the plan of some parcels; their figures are made up, and the second parcel has none on the third date."""

    def made(count: int) -> SimpleNamespace:
        figures = np.random.default_rng(0).uniform(0, 6, (count, len(DATES), len(COLUMNS))).round(4)
        figures[1, 2] = np.nan
        has_data = ~np.isnan(figures).all(axis=2)
        made = ParcelSeries(DATES, figures, has_data)
        monkeypatch.setattr(series, "parcel_series", lambda *arguments: made)
        parcels = tuple(Parcel(f"é{i}", box(i, 0, i + 1, 1), {"crop": "maïs"}) for i in range(count))
        return SimpleNamespace(request=SimpleNamespace(parcel_list=parcels), simulated=True, figures=figures)

    return made


def test_every_form_has_every_row_in_the_order_of_parcels_and_dates(planned, tmp_path, monkeypatch):
    monkeypatch.setattr(series, "BLOCK_BYTES", 20_000)
    plan = planned(10)
    series.write_series(plan, tmp_path, USUAL, silent)
    expected = [(p.id, day.isoformat()) for p in plan.request.parcel_list for day in DATES]
    document = json.loads((tmp_path / "parcels.json").read_text())
    assert [(f["id"], row["date"]) for f in document["features"] for row in f["series"]] == expected
    nothing = document["features"][1]["series"][2]
    assert (nothing["mean"], nothing["reason"]) == (None, "no data in this parcel on this date")
    rows = list(csv.DictReader((tmp_path / "parcels.csv").open(encoding="utf-8")))
    assert [(row["id"], row["date"]) for row in rows] == expected
    assert pq.ParquetFile(tmp_path / "parcels.parquet").num_row_groups > 1
    table = geopandas.read_parquet(tmp_path / "parcels.parquet")
    assert list(zip(table["id"], table["date"].astype(str), strict=True)) == expected
    np.testing.assert_array_equal(table[list(COLUMNS)], plan.figures.reshape(len(expected), -1))
    assert table.crs == "EPSG:4326"
    assert table.geometry.iloc[-1].equals(box(9, 0, 10, 1))
    assert (table["reason"].notna()).sum() == 1


def test_twice_the_parcels_take_no_more_memory(planned, tmp_path, monkeypatch):
    monkeypatch.setattr(series, "BLOCK_BYTES", 20_000)
    series.write_series(planned(2), tmp_path, USUAL, silent)  # what is made once is there
    few, many = (peak(planned(n), tmp_path) for n in (100, 200))
    assert many < 1.3 * few


def peak(plan, folder) -> int:
    tracemalloc.start()
    try:
        series.write_series(plan, folder, USUAL, silent)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
