"""The days that follow from an order: those given out, and those from which scenes are read."""

from datetime import date

from jobs import request
from jobs.order_times import FIRST_DAY


def test_dates_are_the_start_and_every_step_up_to_the_end(order, made):
    dates = made(order, start="2018-05-01", end="2018-05-16", step_days=5).target_dates
    assert dates == (date(2018, 5, 1), date(2018, 5, 6), date(2018, 5, 11), date(2018, 5, 16))


def test_one_day_is_a_range(order, made):
    assert made(order, start="2018-05-01", end="2018-05-01").target_dates == (date(2018, 5, 1),)


def test_named_dates_are_given_out_in_order_and_once(order, made):
    dates = made(order, dates=["2018-06-02", "2018-05-03", "2018-06-02"]).target_dates
    assert dates == (date(2018, 5, 3), date(2018, 6, 2))


def test_scenes_are_read_from_the_context_as_far_as_there_can_be_any(order, made):
    days = made(order, context_days=30).scene_range
    assert (days.start, days.end) == (date(2018, 4, 1), date(2018, 7, 30))
    assert made(order, start="2014-11-01", context_days=180).scene_range.start == FIRST_DAY


def test_no_scene_of_tomorrow_is_asked_for(order, made, monkeypatch):
    monkeypatch.setattr(request, "today", lambda: date(2024, 3, 1))
    assert made(order, start="2024-02-29", end="2024-02-29").scene_range.end == date(2024, 3, 1)
