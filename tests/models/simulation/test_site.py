"""A simulated site is the same for the same spec, complete, quick, and looks like real ones in what matters."""

import time
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from models.series import day_number
from models.simulation.regions import REGIONS
from models.simulation.site import SiteSpec, simulate

SPEC = SiteSpec(size_px=32, start=date(2020, 8, 1), end=date(2021, 11, 30), seed=1)


@pytest.fixture(scope="module")
def sites():
    return [simulate(replace(SPEC, seed=seed)) for seed in range(6)]


def test_the_same_spec_gives_the_same_site_and_another_seed_another():
    one, same, other = simulate(SPEC), simulate(SPEC), simulate(replace(SPEC, seed=2))
    np.testing.assert_array_equal(one.reflectance, same.reflectance)
    np.testing.assert_array_equal(one.power, same.power)
    np.testing.assert_array_equal(one.true_lai, same.true_lai)
    assert one.true_lai.shape == other.true_lai.shape
    assert np.abs(one.true_lai - other.true_lai).mean() > 0.1


def test_shapes_days_and_types_are_those_of_real_series(sites):
    optical, radar = sites[0].optical(), sites[0].radar()
    n = len(optical.days)
    assert optical.reflectance.shape == (n, 8, 32, 32)
    assert optical.reflectance.dtype == np.float32
    assert optical.clear.shape == optical.usable.shape == optical.water.shape == (n, 32, 32)
    assert len(optical.platforms) == n
    assert optical.cosines.shape == (n, 3)
    assert radar.power.shape == (len(radar.days), 2, 32, 32)
    assert radar.power.dtype == np.float32
    assert (np.nan_to_num(radar.power, nan=1.0) > 0).all()
    for days in (optical.days, radar.days):
        assert days.dtype == np.int32
        assert days[0] >= day_number(SPEC.start)
        assert days[-1] <= day_number(SPEC.end)


def test_truth_is_known_on_every_day(sites):
    site = sites[0]
    assert len(site.days) == (SPEC.end - SPEC.start).days + 1
    assert np.isfinite(site.true_lai).all()
    assert site.true_lai.min() >= 0
    np.testing.assert_array_equal(site.truth(site.days[[3, 5]]), site.true_lai[[3, 5]])


def test_dilation_only_takes_away(sites):
    optical = sites[0].optical()
    assert not (optical.usable & ~optical.clear).any()
    cloud = np.isin(sites[0].scl, (3, 8, 9))
    near = np.zeros_like(cloud)
    near[:, :-2, :-2] |= cloud[:, 2:, 2:]
    assert not (optical.usable & near).any()


def test_observed_lai_follows_the_truth_within_the_noise_of_real_scenes(sites):
    seen, true, inside = [], [], []
    for site in sites:
        observed = site.site().observed
        clear = np.isfinite(observed.lai)
        seen.append(observed.lai[clear])
        true.append(site.truth(observed.days)[clear])
        inside.append(observed.in_domain[clear])
    found, expected = np.concatenate(seen), np.concatenate(true)
    assert np.corrcoef(found, expected)[0, 1] > 0.9
    assert 0.3 < np.sqrt(np.mean((found - expected) ** 2)) < 1.0
    assert 0.3 < np.concatenate(inside).mean() < 0.8
    low, high = expected < 0.3, expected > 3
    assert (found - expected)[high].std() > 4 * (found - expected)[low].std()


def test_belgium_is_as_cloudy_as_it_is(sites):
    clear = np.array([site.optical().clear.mean() for site in sites])
    assert 0.30 < clear.mean() < 0.48  # 0.40 in two real places
    per_scene = np.concatenate([site.optical().clear.mean(axis=(1, 2)) for site in sites])
    assert 0.25 < (per_scene < 0.01).mean() < 0.6
    assert 0.10 < (per_scene > 0.9).mean() < 0.4


def test_scene_classes_are_the_products_own(sites):
    classes = set(np.unique(np.concatenate([site.scl.reshape(-1) for site in sites])).tolist())
    assert classes <= set(range(12))
    assert {3, 4, 5, 7, 8, 9, 10} <= classes


def test_a_clear_label_is_sometimes_wrong(sites):
    errors = []
    for site in sites:
        observed = site.site().observed
        errors.append((observed.lai - site.truth(observed.days))[observed.clear & np.isfinite(observed.lai)])
    error = np.concatenate(errors)
    assert np.mean(((error - error.mean()) / error.std()) ** 4) > 5  # heavier tails than a normal law


def test_radar_rises_with_lai_where_it_should(sites):
    found = []
    for site in sites:
        radar = site.radar()
        vh = np.log(np.nanmean(radar.power[:, 1], axis=(1, 2)) / np.nanmean(radar.power[:, 0], axis=(1, 2)))
        for orbit in np.unique(radar.orbits):
            same = (radar.orbits == orbit) & np.isfinite(vh)
            found.append(np.corrcoef(vh[same], site.truth(radar.days[same]).mean(axis=(1, 2)))[0, 1])
    assert np.mean(found) > 0.2


@pytest.mark.parametrize("region", sorted(REGIONS))
@pytest.mark.parametrize("hemisphere", ["north", "south"])
def test_every_region_works_in_both_hemispheres(region, hemisphere):
    site = simulate(SiteSpec(12, date(2021, 1, 1), date(2021, 12, 31), region, 3, hemisphere))
    assert np.isfinite(site.true_lai).all()
    assert site.site().observed.lai.shape[1:] == (12, 12)


def test_dry_places_are_clearer_and_sparser(sites):
    dry = [simulate(replace(SPEC, region="semi-arid", seed=seed)) for seed in range(3)]
    assert np.mean([s.optical().clear.mean() for s in dry]) > np.mean([s.optical().clear.mean() for s in sites]) + 0.1
    assert np.mean([s.true_lai.mean() for s in dry]) < np.mean([s.true_lai.mean() for s in sites])


def test_a_site_is_drawn_in_moments():
    start = time.thread_time()  # what a machine does beside it does not count
    simulate(SPEC)
    assert time.thread_time() - start < 3.0  # about 0.2 s on a free core


def test_an_unknown_region_is_refused():
    with pytest.raises(KeyError):
        simulate(replace(SPEC, region="atlantis"))


def test_a_few_days_may_hold_no_scene_at_all():
    sites = [simulate(SiteSpec(5, date(2024, 2, 28), date(2024, 2, 29), seed=seed)) for seed in range(4)]
    assert min(len(site.passes.days) for site in sites) == 0
    for site in sites:
        assert site.site().observed.lai.shape == (len(site.passes.days), 5, 5)
        assert site.true_lai.shape == (2, 5, 5)


def test_some_scenes_end_inside_the_site(sites):
    cut = [np.isnan(site.power[:, 0]).any(axis=(1, 2)).mean() for site in sites]
    assert 0 < np.mean(cut) < 0.08
    for site in sites:
        np.testing.assert_array_equal(np.isnan(site.reflectance).all(axis=1), site.scl == 0)
