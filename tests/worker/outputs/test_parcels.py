"""Series say how much of a parcel they speak of."""

import json

import pytest
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
