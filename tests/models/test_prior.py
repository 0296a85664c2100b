"""What observations alone say of a day; the day's own observation is left out."""

import numpy as np
import pytest

from models.brackets import NEVER, find_brackets
from models.prior import GpSettings, mean_curve, temporal_prior
from models.series import ObservedLai

DAYS = np.array([100, 110, 130, 160], np.int32)


def observed(values) -> ObservedLai:
    """One pixel."""
    lai = np.array(values, np.float32)[:, None, None]
    seen = np.isfinite(lai)
    return ObservedLai(lai, seen, np.ones((1, 1), bool), seen, DAYS[: len(lai)])


def test_brackets_are_the_nearest_observations_of_other_days():
    found = find_brackets(observed([1, np.nan, 3, 4]).lai, DAYS, np.array([110, 130, 90, 170], np.int32))
    np.testing.assert_array_equal(found.before.ravel(), [1, 1, np.nan, 4])
    np.testing.assert_array_equal(found.after.ravel(), [3, 4, 1, np.nan])
    np.testing.assert_array_equal(found.age_before.ravel(), [10, 30, NEVER, 10])
    np.testing.assert_array_equal(found.days_to_other.ravel(), [10, 30, 10, 10])
    np.testing.assert_allclose(found.linear().ravel(), [1 + 2 / 3, 2.5, 1, 4])
    np.testing.assert_array_equal(found.nearest().ravel(), [1, 1, 1, 4])


def test_the_days_own_observation_is_left_out(site):
    """The closed form equals the process fitted without that day, but for the level that its noise is judged at."""
    lai = site.observed.lai
    days = site.observed.days[np.isfinite(lai).any(axis=(1, 2))][5:40:6]
    curve = mean_curve([site.observed])
    together = temporal_prior(site.observed, days, curve)
    for i, day in enumerate(days):
        hidden = site.observed.hide(site.observed.days == day)
        alone = temporal_prior(hidden, days[i : i + 1], curve)
        np.testing.assert_allclose(together.mean[i], alone.mean[0], atol=0.12)
        np.testing.assert_allclose(together.sd[i], alone.sd[0], atol=0.06)
        assert np.abs(together.mean[i] - alone.mean[0]).mean() < 0.02


def test_an_outlier_of_the_day_itself_does_not_move_its_prior():
    calm, spike = observed([1, 2, 2, 1]), observed([1, 2, 7, 1])
    on_the_day = [temporal_prior(o, DAYS[2:3], mean_curve([o])).mean.item() for o in (calm, spike)]
    next_day = [temporal_prior(o, DAYS[2:3] + 1, mean_curve([o])).mean.item() for o in (calm, spike)]
    assert abs(on_the_day[1] - on_the_day[0]) < 0.2
    assert next_day[1] - next_day[0] > 0.5


def test_far_from_any_observation_the_spread_is_that_of_the_process():
    found = temporal_prior(observed([1, 2, 2, 1]), np.array([130, 131, 600], np.int32), mean_curve([]))
    assert found.sd[0] > found.sd[1]
    assert found.sd[2].item() == pytest.approx(GpSettings().scale, abs=1e-3)


def test_no_observation_at_all_is_finite_and_wide():
    nothing = observed([np.nan] * 4)
    found = temporal_prior(nothing, DAYS, mean_curve([nothing]))
    assert np.isfinite(found.mean).all()
    assert (found.sd >= GpSettings().scale).all()


def test_lai_is_never_negative(site):
    low = ObservedLai(
        site.observed.lai * 0.02, site.observed.clear, site.observed.land, site.observed.in_domain, site.observed.days
    )
    days = np.arange(site.observed.days[0] - 50, site.observed.days[-1] + 50, 25, dtype=np.int32)
    assert (temporal_prior(low, days, mean_curve([low])).mean >= 0).all()
