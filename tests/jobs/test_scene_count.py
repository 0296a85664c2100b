"""How many scenes there are to be expected: by orbits that are known, on places that are known."""

from datetime import date

import pytest
from odc.geo.geobox import GeoBox

from jobs.order_times import TimeRange
from jobs.scene_count import SENTINEL_1, SENTINEL_2, SceneCount

YEAR = TimeRange(start=date(2019, 1, 1), end=date(2019, 12, 31))


def grid(rows, columns, crs="EPSG:32631", north=5_630_000):
    bounds = (500_000, north - 20 * rows, 500_000 + 20 * columns, north)
    return GeoBox.from_bbox(bounds, crs, resolution=20)


def test_two_satellites_see_the_equator_as_often_as_their_revisit_says():
    assert SENTINEL_2.looks(0, YEAR) == pytest.approx(365 / 5, rel=0.06)  # swaths are a little wider than their tracks
    assert SENTINEL_1.looks(0, YEAR) == pytest.approx(365 / 3, rel=0.12)  # ascending and descending, every six days


def test_places_near_the_poles_are_seen_more_often():
    for mission in (SENTINEL_1, SENTINEL_2):
        assert mission.looks(60, YEAR) == pytest.approx(2 * mission.looks(0, YEAR), rel=0.001)
        assert mission.looks(-60, YEAR) == mission.looks(60, YEAR)
        assert mission.looks(90, YEAR) < 6 * mission.looks(0, YEAR)


def test_satellites_count_from_when_they_came_until_they_failed():
    def looks(mission, start, end):
        return mission.looks(50, TimeRange(start=start, end=end))

    assert looks(SENTINEL_2, date(2015, 1, 1), date(2015, 6, 30)) == 0
    one, two = (looks(SENTINEL_1, date(year, 1, 1), date(year, 12, 31)) for year in (2023, 2019))
    assert two == pytest.approx(2 * one)
    days = [looks(SENTINEL_1, date(2021, 12, day), date(2021, 12, day)) for day in (22, 23)]
    assert days[0] == pytest.approx(2 * days[1])


def test_a_large_area_takes_more_scenes_of_which_no_more_show_a_place():
    small, large = (SceneCount.expected(grid(*shape), YEAR) for shape in ((10, 10), (3000, 3000)))
    assert large.scenes > 1.5 * small.scenes
    assert large.looks == pytest.approx(small.looks, rel=0.02)
    assert not small.counted


def test_as_many_are_expected_as_were_found_within_a_factor_of_two():
    """The archive has 109 scenes of the Belgian patch from March to August 2018, cut to it and each once."""
    days = TimeRange(start=date(2018, 3, 2), end=date(2018, 8, 29))
    assert 109 <= SceneCount.expected(grid(32, 32), days).scenes <= 2 * 109


def test_no_days_no_scenes():
    before = TimeRange(start=date(2010, 1, 1), end=date(2010, 2, 1))
    assert SceneCount.expected(grid(32, 32), before).scenes == 0
