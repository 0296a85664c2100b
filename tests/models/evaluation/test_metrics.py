"""Figures that can be checked by hand."""

import numpy as np
import pytest

from models.evaluation.metrics import Z90, score, skill_interval

RNG = np.random.default_rng(0)


def test_a_perfect_estimate():
    truth = RNG.random(100).astype("f4")
    found = score(truth, truth, np.ones_like(truth))
    assert (found.rmse, found.bias, found.r2, found.coverage90) == (0, 0, 1, 1)


def test_figures_by_hand():
    found = score(np.array([1, 2, 3], "f4"), np.array([2, 2, 1], "f4"), np.array([1, 1, 1], "f4"))
    assert found.rmse == pytest.approx((5 / 3) ** 0.5)
    assert found.mae == pytest.approx(1)
    assert found.bias == pytest.approx(-1 / 3)
    assert found.r2 == pytest.approx(1 - 5 / 2)
    assert found.coverage90 == pytest.approx(2 / 3)  # 2 lies outside 1.645
    assert found.width90 == pytest.approx(2 * Z90)


def test_the_mean_of_the_truth_has_no_skill():
    truth = RNG.random(1000).astype("f4")
    assert score(truth, np.full_like(truth, truth.mean())).r2 == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("estimate", [np.array([np.nan, 1], "f4"), np.array([], "f4")])
def test_what_cannot_be_scored_is_refused(estimate):
    with pytest.raises(ValueError, match="cannot score"):
        score(np.ones(len(estimate), "f4"), estimate)


def test_skill_is_drawn_by_date():
    """One date that differs cannot make a sure win, however many pixels it has."""
    truth = np.zeros(3000, "f4")
    groups = np.repeat([1, 2, 3], 1000)
    theirs = np.ones(3000, "f4")
    ours = np.where(groups == 1, 0.1, 1.05).astype("f4")
    skill, low, high = skill_interval(truth, ours, theirs, groups)
    assert skill > 0.1
    assert low < 0 < high


def test_two_dates_leave_the_interval_open():
    truth, groups = np.zeros(200, "f4"), np.repeat([1, 2], 100)
    skill, low, high = skill_interval(truth, np.full(200, 0.5, "f4"), np.ones(200, "f4"), groups)
    assert skill == pytest.approx(0.5)
    assert (low, high) == (-np.inf, np.inf)
