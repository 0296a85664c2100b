"""What is hidden must leave everything: poisoned hidden data may not change a bit of any result."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models.area_fit import fit_to_area
from models.episodes import episode
from models.evaluation.baselines import estimator
from models.evaluation.classical import classical
from models.evaluation.hidden import estimate_hidden
from models.evaluation.hold_out import choose_days, scorable_days
from models.evaluation.report import hidden_estimates, reconstruction
from models.evaluation.scenarios import GAP15, GAP30, REAL_CLOUD, SCENARIOS, hide, scorable_scenes
from models.paper import PAPER_MODELS, PaperNetworks
from models.series import Site

POISONS = (np.float32(1e6), np.float32(-1e6), np.float32(7.7))


def poisoned(site: Site, hidden: np.ndarray, value: np.float32) -> Site:
    """The same site with nonsense where it will be hidden; the pattern of what is usable stays."""
    lai = np.where(hidden & np.isfinite(site.observed.lai), value, site.observed.lai)
    return replace(site, observed=replace(site.observed, lai=lai))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.name)
def test_an_episode_never_sees_what_is_hidden(site, scenario):
    index = next(
        i for i in scorable_scenes(site.observed) if hide(site, i, scenario, np.random.default_rng(3)) is not None
    )
    clean = hide(site, index, scenario, np.random.default_rng(3))
    hidden = np.isnan(clean.site.observed.lai)
    expected = episode(clean)
    for value in POISONS:
        found = episode(hide(poisoned(site, hidden, value), index, scenario, np.random.default_rng(3)))
        for name, tensor in vars(expected.day).items():
            assert tensor.equal(getattr(found.day, name)), name
        assert expected.images.equal(found.images)


@pytest.mark.parametrize("scenario", [GAP15, GAP30, REAL_CLOUD], ids=lambda s: s.name)
def test_no_system_of_the_tables_sees_what_is_hidden(site, reconstructor, scenario):
    torch.manual_seed(2)
    paper = PaperNetworks().eval()
    systems = [estimator(name, method) for name, method in classical(scenario).items()]
    systems += [estimator(m, lambda s, days, m=m: paper.reconstruct(s, days, m)[1]) for m in PAPER_MODELS]
    systems.append(reconstruction(reconstructor))
    index = next(
        i for i in scorable_scenes(site.observed) if hide(site, i, scenario, np.random.default_rng(3)) is not None
    )
    clean = hide(site, index, scenario, np.random.default_rng(3))
    expected = estimate_hidden([clean], systems)
    dirty = poisoned(site, np.isnan(clean.site.observed.lai), np.float32(1e6))
    found = estimate_hidden([hide(dirty, index, scenario, np.random.default_rng(3))], systems)
    assert len(expected.estimates) > 15
    for name, estimate in expected.estimates.items():
        np.testing.assert_array_equal(found.estimates[name].lai, estimate.lai, name)
        np.testing.assert_array_equal(found.estimates[name].sigma, estimate.sigma, name)
    assert expected.estimates["clearleaf"].sigma is not None


@pytest.fixture(scope="module")
def half_seen(site) -> tuple[Site, int]:
    """A second window of the site's area, and a day that only the first can be scored on: of this one it shows half."""
    day = choose_days([site], int(site.observed.days[0]), int(site.observed.days[-1])).test[0]
    cloud = np.zeros(site.observed.lai.shape, bool)
    cloud[site.observed.days == day, :, :16] = True
    other = replace(site, observed=site.observed.hide(cloud))
    assert day in scorable_days([site])
    assert day not in scorable_days([other])
    return other, day


@pytest.mark.parametrize("value", [np.nan, 7.7, 1e6])
def test_hidden_days_are_hidden_in_windows_that_are_not_scored_too(site, half_seen, reconstructor, value):
    """Else the area's statistics would tell of them: whole areas have their weather in common."""
    other, day = half_seen
    near = np.abs(other.observed.days - day) <= GAP15.half_width_days
    dirty = poisoned(other, near[:, None, None], np.float32(value))
    expected, found = (hidden_estimates(reconstructor, [site, window], [day]) for window in (other, dirty))
    np.testing.assert_array_equal(found.truth, expected.truth)
    for name, estimate in expected.estimates.items():
        np.testing.assert_array_equal(found.estimates[name].lai, estimate.lai, name)
        np.testing.assert_array_equal(found.estimates[name].sigma, estimate.sigma, name)
    far = poisoned(other, ~near[:, None, None], np.float32(7.7))  # the law can fail: of other days it does hear
    heard = hidden_estimates(reconstructor, [site, far], [day]).estimates["clearleaf"]
    assert (heard.sigma != expected.estimates["clearleaf"].sigma).any()


def test_test_days_leave_what_a_job_fits(site, reconstructor, monkeypatch):
    """Poisoned test days and neighbours change neither the adapted weights, nor the choice, nor the calibration."""
    monkeypatch.setattr("models.adaptation.STEPS", 2)
    monkeypatch.setattr("models.adaptation.REPLAY_SITES", 1)
    first, last = int(site.observed.days[0]), int(site.observed.days[-1])
    days = choose_days([site], first, last)
    near = np.zeros(len(site.observed.days), bool)
    for day in days.test:
        near |= np.abs(site.observed.days - day) <= GAP15.half_width_days

    def fitted(which: Site) -> tuple[bytes, float, str]:
        published = replace(reconstructor, weights="release")
        chosen, report = fit_to_area(published, [which], first_day=first, last_day=last, seed=5)
        return chosen.with_statistics(reconstructor.statistics).state(), report.sigma_factor, report.method

    assert fitted(site) == fitted(poisoned(site, near[:, None, None], np.float32(7.7)))


def test_a_poisoned_visible_day_does_change_the_result(site):
    """The leak tests can fail: poison in a visible scene shows."""
    index = next(
        i for i in scorable_scenes(site.observed) if hide(site, i, GAP15, np.random.default_rng(3)) is not None
    )
    visible = ~np.isnan(hide(site, index, GAP15, np.random.default_rng(3)).site.observed.lai)
    clean = episode(hide(site, index, GAP15, np.random.default_rng(3)))
    found = episode(hide(poisoned(site, visible, np.float32(7.7)), index, GAP15, np.random.default_rng(3)))
    assert not clean.day.query.equal(found.day.query)
