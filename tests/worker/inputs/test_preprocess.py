"""Masks, ragged radar edges, and slices of one pass."""

import weakref
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from jobs.scenes import Scene
from worker.inputs.preprocess import to_backscatter, to_reflectance
from worker.inputs.read import RawScene


def scene(sensor, day=1, **facts) -> Scene:
    when = datetime(2023, 5, day, 10, tzinfo=UTC)
    platform = "S2A" if sensor == "s2" else "S1A"
    common = {"id": f"{sensor}-{day}", "href": "item.json", "footprint": {}, "assets": {}}
    common |= {"sensor": sensor, "datetime": when, "day": when.date(), "platform": platform}
    return Scene(**(common | facts))


def optical(scl) -> RawScene:
    bands = np.full((9, *scl.shape), 0.2, np.float32)
    bands[-1] = scl
    return RawScene(scene("s2"), bands)


def test_cloud_and_what_lies_near_it_is_not_usable():
    scl = np.full((40, 40), 4)
    scl[20, 20] = 9
    series = to_reflectance([optical(scl)], 1, scl.shape)
    assert not series.clear[0, 20, 20]
    assert not series.usable[0, 20, 22]
    assert series.usable[0, 20, 23]
    assert series.usable[0, 0, 0]


@pytest.mark.parametrize(("scl", "name"), [(6, "water"), (11, "snow")])
def test_water_and_snow_are_told_apart(scl, name):
    series = to_reflectance([optical(np.full((8, 8), scl))], 1, (8, 8))
    assert getattr(series, name).all()


def test_a_pixel_that_lacks_one_band_is_not_usable():
    raw = optical(np.full((8, 8), 4))
    raw.bands[3, 2, 2] = np.nan
    series = to_reflectance([raw], 1, (8, 8))
    assert not series.usable[0, 2, 2]
    assert series.usable.sum() == 63


def test_the_ragged_edge_of_a_radar_scene_is_left_out():
    power = np.full((2, 10, 10), 0.1, np.float32)
    power[1, :, :3] = 0
    series = to_backscatter([RawScene(scene("s1"), power)], (10, 10))
    assert np.isnan(series.power[0, :, :, :4]).all()
    assert np.isfinite(series.power[0, :, :, 4:]).all()


def test_slices_of_one_pass_are_one_date_and_meet_in_linear_power():
    west, east = np.full((2, 2, 10, 10), np.nan, np.float32)
    west[..., :7], east[..., 4:] = 0.1, 0.3
    raw = [
        RawScene(scene("s1", relative_orbit=37, id=name), values) for name, values in (("west", west), ("east", east))
    ]
    series = to_backscatter(raw, (10, 10))
    assert series.power.shape == (1, 2, 10, 10)
    assert series.power[0, 0, 5, 0] == pytest.approx(0.1)
    assert series.power[0, 0, 5, 5] == pytest.approx(0.2)
    assert series.power[0, 0, 5, 9] == pytest.approx(0.3)


def test_two_orbits_of_one_day_stay_two_dates():
    power = np.full((2, 4, 4), 0.1, np.float32)
    raw = [RawScene(scene("s1", relative_orbit=orbit), power) for orbit in (37, 110)]
    assert to_backscatter(raw, (4, 4)).orbits.tolist() == [37, 110]


@pytest.mark.parametrize("states", [("descending", "ascending"), (None, None)])
def test_without_an_orbit_morning_and_evening_of_one_satellite_stay_two_dates(states):
    """Both slices of the morning are one; the evening looks from the other side."""
    power = np.full((2, 4, 4), 0.1, np.float32)
    morning = datetime(2023, 5, 1, 6, tzinfo=UTC)
    times = [morning, morning + timedelta(seconds=25), morning + timedelta(hours=12)]
    raw = [
        RawScene(scene("s1", datetime=when, orbit_state=state), power)
        for when, state in zip(times, (states[0], *states), strict=True)
    ]
    series = to_backscatter(raw, (4, 4))
    assert len(series.days) == 2
    assert series.ascending.tolist() == [False, states[1] == "ascending"]


@pytest.mark.parametrize("sensor", ["s1", "s2"])
def test_scenes_are_let_go_as_they_come(sensor):
    """What is left of them is their place in the series, and of radar the pass that is being made."""
    alive: list[weakref.ref] = []

    def read():
        for day in range(1, 6):
            bands = np.full((9 if sensor == "s2" else 2, 4, 4), 0.1, np.float32)
            alive.append(weakref.ref(bands))
            yield RawScene(scene(sensor, day, relative_orbit=37), bands)
            del bands
            most.append(sum(ref() is not None for ref in alive))

    most: list[int] = []
    made = to_reflectance(read(), 5, (4, 4)) if sensor == "s2" else to_backscatter(read(), (4, 4))
    assert len(made.days) == 5
    assert not any(ref() is not None for ref in alive)
    if sensor == "s2":
        assert max(most) <= 2


def test_scenes_that_cannot_be_read_leave_no_place():
    series = to_reflectance([optical(np.full((4, 4), 4))], 3, (4, 4))
    assert len(series.reflectance) == len(series.usable) == len(series.days) == 1


def test_no_scene_at_all_is_an_empty_series():
    assert to_reflectance([], 0, (4, 5)).usable.shape == (0, 4, 5)
    assert to_backscatter([], (4, 5)).power.shape == (0, 2, 4, 5)
