"""What the networks see of a day: step 1 nothing of the day's own scene, which belongs to step 2."""

from dataclasses import replace

import numpy as np
import pytest

from models.area import area_statistics
from models.features import LAI_SCALE, DayFeatures, day_features, site_features
from models.prior import Prior, temporal_prior
from models.radar import anomalies
from models.series import Site

ANALOG = slice(-3, None)
"""Channels of the query: LAI on days of similar radar, how similar they are, and both multiplied."""
SEEN_BY_STEP1 = ("query", "token_index", "lags", "mean", "sd")


@pytest.fixture(scope="module")
def own_day(site) -> np.ndarray:
    """The day of a clear scene amid others."""
    clear = site.observed.days[np.isfinite(site.observed.lai).all(axis=(1, 2))]
    return clear[len(clear) // 2 : len(clear) // 2 + 1]


def prior_of(site: Site, days: np.ndarray, statistics) -> Prior:
    return temporal_prior(site.observed, anomalies(site.radar), days, statistics)


def features(site: Site, days: np.ndarray, prior: Prior) -> DayFeatures:
    return day_features(site_features(site.observed, anomalies(site.radar)), days, prior)


def moved(site: Site, scenes: np.ndarray, offset: float) -> Site:
    """The site with the LAI of some scenes moved, m2/m2; NaN hides them."""
    lai = np.where(scenes[:, None, None], site.observed.lai + np.float32(offset), site.observed.lai)
    return replace(site, observed=replace(site.observed, lai=lai))


@pytest.mark.parametrize("offset", [2.0, -2.0, np.nan])
def test_step_1_reads_nothing_of_the_days_own_scene(site, own_day, offset):
    """Given the prior, not a bit of what it sees moves with that scene or goes with it; step 2 does see it."""
    prior = prior_of(site, own_day, area_statistics([site]))
    before, after = (
        features(which, own_day, prior) for which in (site, moved(site, site.observed.days == own_day, offset))
    )
    for name in SEEN_BY_STEP1:
        assert getattr(after, name).equal(getattr(before, name)), name
    assert not after.observed_refs.equal(before.observed_refs)


@pytest.mark.parametrize("offset", [2.0, -2.0])
def test_lai_on_days_of_similar_radar_hears_of_its_own_scene_through_the_prior_alone(site, own_day, offset):
    """That LAI is told against the prior, which the day's own scene moves by some hundredths; itself it stays."""
    statistics = area_statistics([site])
    levels, likeness = [], []
    for which in (site, moved(site, site.observed.days == own_day, offset)):
        prior = prior_of(which, own_day, statistics)
        analog, alike, _ = features(which, own_day, prior).query[0, ANALOG].numpy()
        levels.append(LAI_SCALE * analog + prior.mean[0])
        likeness.append(alike)
    assert likeness[0].min() > 0.05
    np.testing.assert_array_equal(*likeness)
    np.testing.assert_allclose(*levels, atol=1e-5)


def test_other_scenes_do_tell_the_lai_on_days_of_similar_radar(site, own_day):
    """Otherwise the laws above would prove nothing."""
    prior = prior_of(site, own_day, area_statistics([site]))
    others = (site.observed.days != own_day) & (np.abs(site.observed.days - own_day) < 60)
    before, after = (features(which, own_day, prior).query[0, ANALOG] for which in (site, moved(site, others, 2.0)))
    assert (after[0] - before[0]).mean() > 0.2
