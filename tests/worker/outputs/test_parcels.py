"""Series say how much of a parcel they speak of."""

import json

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
