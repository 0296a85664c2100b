"""Areas and parcels of orders: how they are called and measured, and which are refused."""

import json

import pytest
from shapely import to_geojson
from shapely.geometry import MultiPolygon, box
from shapely.geometry.polygon import orient

from jobs.aoi import Limits, area_km2
from jobs.errors import InvalidJob
from jobs.request import JobRequest


@pytest.mark.parametrize(
    ("feature", "key", "expected"),
    [
        ({"id": "f1", "properties": {"name": "west"}}, "name", "west"),
        ({"id": "f1", "properties": {}}, "name", "f1"),
        ({"id": 7.0, "properties": None}, None, "7"),
        ({"properties": {}}, None, "0"),
    ],
)
def test_a_parcel_is_called_by_its_property_its_id_or_its_place(order, made, feature, key, expected):
    parcels = {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": order["aoi"], **feature}]}
    request = made(order, parcels=parcels, **({"parcel_id": key} if key else {}))
    assert [parcel.id for parcel in request.parcel_list] == [expected]


def test_parcels_alone_are_an_area(order, made):
    parcels = {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": {}, "geometry": order["aoi"]}],
    }
    without = {name: value for name, value in order.items() if name != "aoi"}
    assert made(without, parcels=parcels).area_km2 == pytest.approx(made(order).area_km2)


def geojson(shape) -> dict:
    return json.loads(to_geojson(shape))


def features(*shapes) -> dict:
    made = [{"type": "Feature", "properties": {}, "geometry": geojson(shape)} for shape in shapes]
    return {"type": "FeatureCollection", "features": made}


FAR_APART = (box(3, 45, 3.012, 45.009), box(8.5, 49, 8.514, 49.009))
AROUND_THE_GLOBE = (box(-90, 0, -89.99, 0.01), box(89, 0, 89.01, 0.01))


@pytest.mark.parametrize("member", ["aoi", "parcels"])
@pytest.mark.parametrize(("shapes", "said"), [(FAR_APART, "grid of"), (AROUND_THE_GLOBE, "one UTM zone")])
def test_small_parts_far_apart_are_as_large_as_the_grid_around_them(order, refused, member, shapes, said):
    without = {name: value for name, value in order.items() if name != "aoi"}
    (detail,) = refused(without, **{member: features(*shapes)}).values()
    assert said in detail
    assert "several jobs" in detail


def test_a_large_area_is_taken_up_to_the_cap(order, made, refused):
    assert made(order, aoi=geojson(box(3, 50, 3.69, 50.45))).area_km2 == pytest.approx(2460, abs=40)
    assert "split it" in refused(order, aoi=geojson(box(3, 50, 3.8, 50.45)))["/aoi"]


def test_the_way_a_ring_is_wound_does_not_change_the_area():
    west, east, hole = box(3, 50, 3.1, 50.1), box(4, 50, 4.1, 50.1), box(3.04, 50.04, 3.06, 50.06)
    one = area_km2(west)
    for sign in (1, -1):
        assert area_km2(MultiPolygon([orient(west, 1), orient(east, sign)])) == pytest.approx(2 * one)
        ring = orient(west, sign).exterior.coords
        with_hole = type(west)(ring, [orient(hole, 1).exterior.coords])
        assert area_km2(with_hole) == pytest.approx(one - area_km2(hole))


def test_a_ring_that_crosses_itself_is_told_where(order, refused):
    bow_tie = [[3.0, 50.0], [3.02, 50.02], [3.02, 50.0], [3.0, 50.02], [3.0, 50.0]]
    assert "3.01 50.01" in refused(order, aoi={"type": "Polygon", "coordinates": [bow_tie]})["/aoi"]
    line = [[3.0, 50.0], [3.02, 50.02], [3.01, 50.01], [3.0, 50.0]]
    assert "no area" in refused(order, aoi={"type": "Polygon", "coordinates": [line]})["/aoi"]


def test_parcels_times_dates_are_limited(order):
    def parsed(limits: Limits) -> JobRequest:
        return JobRequest.parse(
            order | {"parcels": features(box(3, 45, 3.01, 45.01), box(3.01, 45, 3.02, 45.01))}, limits
        )

    rows = 2 * len(parsed(Limits()).target_dates)
    assert parsed(Limits(max_series_rows=rows))
    with pytest.raises(InvalidJob) as refusal:
        parsed(Limits(max_series_rows=rows - 1))
    (problem,) = refusal.value.problems
    assert problem.pointer == "/parcels"
    for said in ("2 features", f"{rows // 2} dates", f"at most {rows - 1}", "several jobs", "fewer dates"):
        assert said in problem.detail
