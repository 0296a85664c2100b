"""Parcels tile the site, and what grows on them follows the calendar."""

from datetime import date

import numpy as np
import pytest

from models.series import day_number
from models.simulation.covers import COVERS, INDEX
from models.simulation.fields import landscape
from models.simulation.noise import smooth_fields, smooth_series
from models.simulation.phenology import CALENDAR, growth
from models.simulation.regions import REGIONS
from models.simulation.weather import season_day, weather


def grown(land, region="belgium", southern=False, seed=0, start=date(2021, 1, 1), end=date(2022, 12, 31)):
    days = np.arange(day_number(start), day_number(end) + 1, dtype=np.int32)
    rng = np.random.default_rng(seed)
    daily = weather(rng, REGIONS[region], days, southern)
    return daily, growth(rng, REGIONS[region], tuple(land), daily)


def test_outlines_hold_the_pixels_of_their_parcel_and_no_others():
    from matplotlib.path import Path as Outline

    land = landscape(np.random.default_rng(3), REGIONS["belgium"], 32)
    centres = np.stack(np.meshgrid(np.arange(32) + 0.5, np.arange(32) + 0.5), axis=-1).reshape(-1, 2)
    for index in range(len(land.land)):
        inside = Outline(land.outline(index)).contains_points(centres, radius=0.0)
        assert inside.sum() == pytest.approx((land.parcel == index).sum(), abs=1)


def test_outlines_cover_the_site_once():
    land = landscape(np.random.default_rng(4), REGIONS["continental"], 48)
    area = 0.0
    for index in range(len(land.land)):
        x, y = land.outline(index).T
        area += abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    assert area == pytest.approx(48 * 48, rel=0.02)  # slivers without a pixel belong to no parcel


@pytest.mark.parametrize("region", sorted(REGIONS))
def test_every_region_names_known_covers(region):
    place = REGIONS[region]
    assert {*place.shares, *place.crops} - {"arable"} <= set(INDEX)
    assert sum(place.shares.values()) == pytest.approx(1.0)
    assert set(place.crops) <= set(CALENDAR)


def test_lai_stays_in_the_range_of_plants():
    _, state = grown(["arable"] * 40 + [c.name for c in COVERS if c.name in _lasting()])
    assert np.isfinite(state.lai).all()
    assert state.lai.min() >= 0
    assert 4 < state.lai.max() < 8.5
    assert ((state.litter >= 0) & (state.litter <= 1)).all()


def _lasting():
    from models.simulation.phenology import _LASTING

    return set(_LASTING)


def test_fields_are_bare_after_harvest_and_full_in_early_summer():
    daily, state = grown(["arable"] * 60)
    june, april = (daily.season > 165) & (daily.season < 185), (daily.season > 120) & (daily.season < 135)
    assert state.lai[june].mean() > 2.0
    assert np.quantile(state.lai[april], 0.3) < 0.4  # maize, beet and potatoes are not up yet


def test_mown_meadows_fall_and_grow_back():
    _, state = grown(["meadow"] * 20)
    fall = (state.lai[1:] - state.lai[:-1]).min(axis=0)
    assert (fall < -0.3).all()
    assert state.lai[-1].min() > 0.2


def test_seasons_are_mirrored_in_the_south():
    days = day_number(["2021-01-01", "2021-07-03", "2024-12-31"])
    assert season_day(days, southern=False).tolist() == [0, 183, 365]
    assert season_day(days, southern=True) == pytest.approx([182.6, 0, 182.4], abs=1.0)
    (north, trees_north), (south, trees_south) = (grown(["deciduous forest"] * 5, southern=s) for s in (False, True))
    july = (north.season > 190) & (north.season < 210)
    assert trees_north.lai[july].mean() > 3
    assert trees_south.lai[july].mean() < 1.5
    assert trees_south.lai[(south.season > 190) & (south.season < 210)].mean() > 3


def test_rain_wets_the_soil_and_frost_belongs_to_winter():
    daily, _ = grown(["grassland"])
    assert 0.07 <= daily.moisture.min() < daily.moisture.max() <= 0.40
    summer = (daily.season > 120) & (daily.season < 270)
    assert daily.frost[summer].sum() == 0
    assert daily.frost.sum() > 0


def test_smooth_noise_has_unit_variance_and_the_length_asked_for():
    fields = smooth_fields(np.random.default_rng(0), (400, 24, 24), 6.0)
    assert fields.var() == pytest.approx(1.0, abs=0.08)
    at_length = np.mean(fields[:, :, :-6] * fields[:, :, 6:])
    assert at_length == pytest.approx(np.exp(-0.5), abs=0.08)
    series = np.stack([smooth_series(np.random.default_rng(s), 300, 5.0) for s in range(60)])
    assert np.mean(series[:, :-5] * series[:, 5:]) == pytest.approx(np.exp(-0.5), abs=0.1)
