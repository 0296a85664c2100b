"""The systems of the tables: networks adapted to a patch have not seen the days that they are scored on."""

import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from models.evaluation.scenarios import GAP30, HeldOut, hide, scorable_scenes
from models.reconstruction import LaiReconstructor
from models.series import Site
from models.simulation.site import SiteSpec, simulate

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import accuracy_systems
from accuracy_systems import ADAPTED, FOLDS, adapted


@pytest.fixture(scope="module")
def site() -> Site:
    return simulate(SiteSpec(16, date(2020, 8, 1), date(2021, 11, 30), "belgium", seed=4)).site()


@pytest.fixture
def adaptations(monkeypatch) -> list[Site]:
    """What networks adapt to, in order; instead of their weights their sigma tells of every number that they saw."""
    seen: list[Site] = []

    def adapt_to(published: LaiReconstructor, sites: list[Site], *_) -> LaiReconstructor:
        seen.extend(sites)
        return replace(published, method="adapted", sigma_factor=sum(float(np.nansum(s.observed.lai)) for s in sites))

    monkeypatch.setattr(accuracy_systems, "adapt_to", adapt_to)
    return seen


def cases(site: Site) -> list[HeldOut]:
    found = [hide(site, index, GAP30, np.random.default_rng(0)) for index in scorable_scenes(site.observed)]
    return [case for case in found if case is not None]


def near(site: Site, day: int) -> np.ndarray:
    return np.abs(site.observed.days - day) <= GAP30.half_width_days


def poisoned(site: Site, scenes: np.ndarray) -> Site:
    """The site with nonsense in some scenes; the pattern of what is usable stays."""
    there = scenes[:, None, None] & np.isfinite(site.observed.lai)
    return replace(site, observed=replace(site.observed, lai=np.where(there, np.float32(7.7), site.observed.lai)))


def test_networks_adapted_to_a_patch_have_not_seen_what_is_hidden_around_the_day_they_are_scored_on(site, adaptations):
    estimate = adapted(site, "release")
    assert len(adaptations) == FOLDS
    tried = cases(site)[::4]
    assert len(tried) > 5
    for case in tried:
        expected = estimate(case)[ADAPTED]
        found = adapted(poisoned(site, near(site, case.day)), "release")(case)[ADAPTED]
        np.testing.assert_array_equal(found.lai, expected.lai)
        np.testing.assert_array_equal(found.sigma, expected.sigma)


def test_adapted_networks_have_seen_the_rest_of_the_patch(site, adaptations):
    """Otherwise the law above would prove nothing."""
    case = cases(site)[0]
    far = site.observed.days > case.day + 200
    estimates = (adapted(which, "release")(case)[ADAPTED] for which in (site, poisoned(site, far)))
    clean, found = (estimate.sigma for estimate in estimates)
    assert (found != clean).all()
