"""What follows from a valid order: dates given out, days read, parcels. Refusals are tested at the API's door."""

from datetime import date, timedelta

import pytest

from jobs.job import JobRequest, Limits
from jobs.request import FIRST_DAY, today


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
