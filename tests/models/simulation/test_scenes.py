"""Clouds, passes and radar behave as the archives of one place do."""

from datetime import date

import numpy as np
import pytest

from models.series import day_number
from models.simulation.clouds import sky
from models.simulation.covers import INDEX
from models.simulation.orbits import optical_passes, radar_passes, sun_position
from models.simulation.radar import Stand, backscatter
from models.simulation.regions import REGIONS
from models.simulation.weather import weather

FIRST, LAST = (int(day_number(day)) for day in (date(2021, 1, 1), date(2021, 12, 31)))


def test_sun_stands_high_in_summer_and_in_the_north_for_the_southern_hemisphere():
    zenith, azimuth = sun_position(day_number(["2021-06-21", "2021-12-21"]), 50.8)
    assert zenith == pytest.approx([30.4, 75.3], abs=1.5)
    assert ((azimuth > 140) & (azimuth < 175)).all()
    _, southern = sun_position(day_number(["2021-06-21"]), -38.0)
    assert southern[0] < 60


@pytest.mark.parametrize("seed", range(4))
def test_passes_keep_their_cycles(seed):
    rng = np.random.default_rng(seed)
    optical = optical_passes(rng, FIRST, LAST, 50.8)
    radar = radar_passes(rng, FIRST, LAST)
    for orbit in np.unique(optical.orbits):
        assert (np.diff(optical.days[optical.orbits == orbit]) % 5 == 0).all()
    for orbit in np.unique(radar.orbits):
        assert (np.diff(radar.days[radar.orbits == orbit]) % 6 == 0).all()
        assert len(np.unique(radar.incidence[radar.orbits == orbit])) == 1
    assert (np.diff(optical.days) >= 0).all()
    assert (np.diff(radar.days) >= 0).all()
    assert set(optical.platforms) <= {"S2A", "S2B", "S2C"}
    assert (np.abs(optical.cosines) <= 1).all()


def test_share_of_cloud_is_the_one_asked_for():
    rng = np.random.default_rng(0)
    passes = optical_passes(rng, FIRST, FIRST + 4000, 50.8)
    level = rng.standard_normal(len(passes.days)).astype(np.float32)
    air = sky(rng, passes, level, 0.6, 16)
    assert (air.depth > 0).mean() == pytest.approx(0.6, abs=0.05)
    assert air.opacity[air.depth > 1].min() == 1
    assert air.opacity[air.depth < -0.35].max() == 0


def test_clouds_are_larger_than_pixels():
    rng = np.random.default_rng(1)
    passes = optical_passes(rng, FIRST, LAST, 50.8)
    depth = sky(rng, passes, np.zeros(len(passes.days), np.float32), 0.5, 32).depth
    near, far = (np.mean((depth[:, :, :-n] - depth[:, :, n:]) ** 2) for n in (1, 24))
    assert near < 0.4 * far


@pytest.fixture(scope="module")
def passes_and_weather():
    rng = np.random.default_rng(5)
    daily = weather(rng, REGIONS["belgium"], np.arange(FIRST, LAST + 1, dtype=np.int32), southern=False)
    return radar_passes(rng, FIRST, LAST), daily


def scattered(passes, daily, cover, lai, seed=0, **changes):
    n = len(passes.days)
    stand = {
        "lai": np.full((n, 24, 24), lai, np.float32),
        "parcel": np.zeros((24, 24), np.int32),
        "cover": np.full((n, 1), INDEX[cover], np.int32),
        "litter": np.zeros((n, 1), np.float32),
        "disturbed": np.zeros((n, 1), np.float32),
    }
    return backscatter(np.random.default_rng(seed), Stand(**(stand | changes)), passes, daily)


def test_leaves_lift_vh_and_cereals_darken_vv(passes_and_weather):
    bare, grown = (scattered(*passes_and_weather, "winter wheat", lai).mean(axis=(0, 2, 3)) for lai in (0.0, 4.0))
    assert grown[0] < bare[0]
    assert grown[1] / grown[0] > 1.3 * bare[1] / bare[0]
    bare, grown = (scattered(*passes_and_weather, "sugar beet", lai).mean(axis=(0, 2, 3)) for lai in (0.0, 4.0))
    assert grown[1] > 1.5 * bare[1]


def test_wet_soil_and_fresh_tillage_are_brighter(passes_and_weather):
    passes, daily = passes_and_weather
    power = scattered(passes, daily, "maize", 0.0).mean(axis=(2, 3))[:, 0]
    thawed = daily.frost[daily.at(passes.days)] == 0
    moisture = daily.moisture[daily.at(passes.days)]
    assert np.corrcoef(np.log(power[thawed]), moisture[thawed])[0, 1] > 0.3
    rough = scattered(passes, daily, "maize", 0.0, disturbed=np.ones((len(passes.days), 1), np.float32))
    assert rough.mean() > 1.3 * power.mean() / 2


def test_speckle_has_the_looks_and_the_grain_of_resampled_scenes(passes_and_weather):
    power = scattered(*passes_and_weather, "grassland", 2.0)[:, 0]
    relative = power / power.mean(axis=(1, 2), keepdims=True)
    looks = 1 / relative.var(axis=(1, 2))
    assert 4 < np.median(looks) < 15
    centred = relative - 1
    assert 0.35 < np.mean(centred[:, :, 1:] * centred[:, :, :-1]) / centred.var() < 0.75
    assert (power > 0).all()
