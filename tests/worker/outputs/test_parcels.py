"""Series say how much of a parcel they speak of."""

import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
from shapely.affinity import scale, translate
from shapely.geometry import mapping, shape


@pytest.fixture
def parcels(order):
    """One parcel inside the area, and the same moved so that half of it lies outside."""
    area = shape(order["aoi"]["geometry"])
    west, _, east, _ = area.bounds
    inside = scale(area, 0.4, 0.4)
    shapes = {"inside": inside, "across": translate(inside, xoff=(east - west) / 2)}
    features = [{"type": "Feature", "id": name, "properties": {}, "geometry": mapping(s)} for name, s in shapes.items()]
    return json.loads(json.dumps({"type": "FeatureCollection", "features": features}))


def test_series_of_simulated_scenes_say_so_in_every_form(make_it, parcels, published):
    folder = published(make_it(parcels=parcels))
    assert json.loads((folder / "parcels.json").read_text())["simulated"] is True
    assert {row["simulated"] for row in csv.DictReader((folder / "parcels.csv").open())} == {"True"}
    assert pq.read_table(folder / "parcels.parquet")["simulated"].unique().to_pylist() == [True]


def test_the_table_has_real_dates_and_the_parcels_own_properties(make_it, parcels, published):
    own = [{"crop": "maïs", "mean": 7, "date": None}, {"crop": 3, "owner": {"name": "a"}}]
    for feature, properties in zip(parcels["features"], own, strict=True):
        feature["properties"] = properties
    plan = make_it(parcels=parcels)
    table = pq.read_table(published(plan) / "parcels.parquet")
    assert table.schema.field("date").type == pa.date32()
    assert sorted(set(table["date"].to_pylist())) == list(plan.target_dates)
    told = dict(zip(table["id"].to_pylist(), map(json.loads, table["properties"].to_pylist()), strict=True))
    assert [told[feature["id"]] for feature in parcels["features"]] == own


@pytest.mark.parametrize("said", ["computing the parcels' series, 2 of 4", "writing the parcels' series, 1 of 2"])
def test_who_makes_series_hears_at_every_date_and_parcel_that_the_job_was_given_up(make_it, parcels, published, said):
    class GivenUpError(Exception):
        pass

    def progress(share: float, message: str) -> None:
        assert 0 <= share <= 1
        if message.startswith(said):
            raise GivenUpError

    with pytest.raises(GivenUpError):
        published(make_it(parcels=parcels), progress=progress)


def test_a_parcel_across_the_edge_is_valid_for_the_part_inside(make_it, parcels, published):
    folder = published(make_it(parcels=parcels))
    rows = {f["id"]: f["series"][0] for f in json.loads((folder / "parcels.json").read_text())["features"]}
    assert rows["inside"]["valid_fraction"] == pytest.approx(1.0, abs=1e-3)
    assert rows["across"]["valid_fraction"] == pytest.approx(0.5, abs=0.1)
    ratio = rows["across"]["n_px"] / rows["inside"]["n_px"]
    assert rows["across"]["valid_fraction"] == pytest.approx(ratio, rel=0.02)
    assert rows["across"]["mean"] == pytest.approx(2.0)


def test_a_large_parcel_is_surer_than_a_small_one_but_not_by_the_root_of_its_pixels(make_it, order, published):
    area = shape(order["aoi"]["geometry"])
    shapes = {"large": scale(area, 0.8, 0.8), "small": scale(area, 0.1, 0.1), "sliver": scale(area, 0.01, 0.01)}
    features = [{"type": "Feature", "id": name, "properties": {}, "geometry": mapping(s)} for name, s in shapes.items()]
    parcels = json.loads(json.dumps({"type": "FeatureCollection", "features": features}))
    folder = published(make_it(parcels=parcels))
    rows = {f["id"]: f["series"][0] for f in json.loads((folder / "parcels.json").read_text())["features"]}
    with rasterio.open(folder / f"lai_sigma-{rows['large']['date']}.tif") as raster:
        pixel = raster.read(1, masked=True).mean() * 0.001
    assert rows["sliver"]["sigma"] == pytest.approx(pixel, rel=0.02)
    assert pixel / rows["large"]["n_px"] ** 0.5 < rows["large"]["sigma"] < rows["small"]["sigma"] < pixel
