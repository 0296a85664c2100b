"""What follows from a valid order: dates given out, days read, parcels; and what makes an order invalid."""

import json
from datetime import date, timedelta
from typing import get_args

import pytest
from shapely import to_geojson
from shapely.geometry import MultiPolygon, box
from shapely.geometry.polygon import orient

from jobs.aoi import area_km2
from jobs.errors import InvalidJob
from jobs.job import JobRequest, Limits
from jobs.request import FIRST_DAY, Model, PublishedWeights, today
from models.paper import PAPER_MODELS
from models.weights import published


def made(order, **members) -> JobRequest:
    return JobRequest.parse(order | members, Limits())


def test_dates_are_the_start_and_every_step_up_to_the_end(order):
    dates = made(order, start="2018-05-01", end="2018-05-16", step_days=5).target_dates
    assert dates == (date(2018, 5, 1), date(2018, 5, 6), date(2018, 5, 11), date(2018, 5, 16))


def test_one_day_is_a_range(order):
    assert made(order, start="2018-05-01", end="2018-05-01").target_dates == (date(2018, 5, 1),)


def test_named_dates_are_given_out_in_order_and_once(order):
    dates = made(order, dates=["2018-06-02", "2018-05-03", "2018-06-02"]).target_dates
    assert dates == (date(2018, 5, 3), date(2018, 6, 2))


def test_scenes_are_read_from_the_context_as_far_as_there_can_be_any(order):
    days = made(order, context_days=30).scene_range
    assert (days.start, days.end) == (date(2018, 4, 1), date(2018, 7, 30))
    assert made(order, start="2014-11-01", context_days=180).scene_range.start == FIRST_DAY
    yesterday = str(today() - timedelta(days=1))
    assert made(order, start=yesterday, end=yesterday).scene_range.end == today()


@pytest.mark.parametrize(
    ("feature", "key", "expected"),
    [
        ({"id": "f1", "properties": {"name": "west"}}, "name", "west"),
        ({"id": "f1", "properties": {}}, "name", "f1"),
        ({"id": 7.0, "properties": None}, None, "7"),
        ({"properties": {}}, None, "0"),
    ],
)
def test_a_parcel_is_called_by_its_property_its_id_or_its_place(order, feature, key, expected):
    parcels = {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": order["aoi"], **feature}]}
    request = made(order, parcels=parcels, **({"parcel_id": key} if key else {}))
    assert [parcel.id for parcel in request.parcel_list] == [expected]


def test_parcels_alone_are_an_area(order):
    parcels = {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "properties": {}, "geometry": order["aoi"]}],
    }
    without = {name: value for name, value in order.items() if name != "aoi"}
    assert made(without, parcels=parcels).area_km2 == pytest.approx(made(order).area_km2)


def refused(order, **members) -> dict[str, str]:
    """Return the details of an order's problems by their pointers."""
    with pytest.raises(InvalidJob) as error:
        made(order, **members)
    problems = {problem.pointer: problem.detail for problem in error.value.problems}
    assert len(problems) == len(error.value.problems)
    return problems


def geojson(shape) -> dict:
    return json.loads(to_geojson(shape))


def features(*shapes) -> dict:
    made = [{"type": "Feature", "properties": {}, "geometry": geojson(shape)} for shape in shapes]
    return {"type": "FeatureCollection", "features": made}


FAR_APART = (box(3, 45, 3.012, 45.009), box(8.5, 49, 8.514, 49.009))
AROUND_THE_GLOBE = (box(-90, 0, -89.99, 0.01), box(89, 0, 89.01, 0.01))


@pytest.mark.parametrize("member", ["aoi", "parcels"])
@pytest.mark.parametrize(("shapes", "said"), [(FAR_APART, "grid of"), (AROUND_THE_GLOBE, "one UTM zone")])
def test_small_parts_far_apart_are_as_large_as_the_grid_around_them(order, member, shapes, said):
    without = {name: value for name, value in order.items() if name != "aoi"}
    (detail,) = refused(without, **{member: features(*shapes)}).values()
    assert said in detail
    assert "several jobs" in detail


def test_a_large_area_is_taken_up_to_the_cap(order):
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


def test_a_ring_that_crosses_itself_is_told_where(order):
    bow_tie = [[3.0, 50.0], [3.02, 50.02], [3.02, 50.0], [3.0, 50.02], [3.0, 50.0]]
    assert "3.01 50.01" in refused(order, aoi={"type": "Polygon", "coordinates": [bow_tie]})["/aoi"]
    line = [[3.0, 50.0], [3.02, 50.02], [3.01, 50.01], [3.0, 50.0]]
    assert "no area" in refused(order, aoi={"type": "Polygon", "coordinates": [line]})["/aoi"]


@pytest.mark.parametrize(
    "day", [1525132800, "1525132800", "2018-05-01T00:00:00Z", "20180501", "2018-5-1", "2018-02-30"]
)
def test_a_day_is_written_as_one(order, day):
    assert set(refused(order, start=day)) == {"/start"}
    assert set(refused(order, dates=["2018-05-02", day])) == {"/dates/1"}


def test_an_extra_asset_named_twice_is_published_once(order):
    assert made(order, extra_assets=["fused", "predicted", "fused"]).extra_assets == ("fused", "predicted")


def test_every_wrong_member_is_told_at_once(order):
    assert set(refused(order, start="2018-07-01", clouds=20)) == {"/clouds", "/end"}
    assert set(refused(order, end="2999-01-01", dates=[], seed=-1)) == {"/end", "/dates", "/seed"}
    assert set(refused(order, start="soon", dates=["2018-07-01"])) == {"/start", "/dates/0"}
    assert set(refused(order, start="2015-01-01", end="2018-06-30", step_days=0)) == {"/step_days"}
    assert set(refused(order, start="2015-01-01", end="2018-06-30", step_days=1)) == {"/step_days"}


def test_the_models_that_can_be_ordered_are_those_there_are():
    assert set(get_args(Model)) == {"default", "prior", *PAPER_MODELS}


def test_the_weights_that_can_be_ordered_are_the_published_ones(order):
    assert set(get_args(PublishedWeights)) == set(published())
    assert all(name in refused(order, weights="none-such")["/weights"] for name in published())
