"""What a job delivers of its area: adapted networks, published ones or the prior, as its calibration days have it."""

import copy
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from models.area import NO_SCENES, area_statistics
from models.area_fit import fit_to_area
from models.bands import LAI_MAX
from models.calibration import fit_factor, shrink_factor
from models.evaluation.hidden import Estimate, Hidden
from models.evaluation.hold_out import choose_days
from models.evaluation.report import hidden_estimates
from models.reconstruction import LaiReconstructor
from models.weights import find_weights

FACTORS = {"default": 0.8, "prior": 1.9}
"""On raw sigma, as if published."""


def fitted(published, site, **options):
    first, last = int(site.observed.days[0]), int(site.observed.days[-1])
    return fit_to_area(published, [site], first_day=first, last_day=last, **options)


def by_date_rmse(hidden: Hidden, name: str) -> float:
    squared = (hidden.estimates[name].lai - hidden.truth) ** 2
    return float(np.sqrt(np.mean([squared[hidden.days == day].mean() for day in np.unique(hidden.days)])))


def by_hand(monkeypatch, reconstructor, site, *, published: float, adapted: float, prior: float):
    """Fit to an area whose hidden days show just such errors, the same on every pixel; nothing is trained."""
    errors = {"published": published, "adapted": adapted, "prior": prior}

    def told(which, sites, days, *_) -> Hidden:
        truth = np.full(10 * len(days), 2, np.float32)
        maps = {"clearleaf": errors[which.method], "prior": prior}
        raw = np.full(len(truth), 0.5 * which.sigma_factor, np.float32)
        estimates = {name: Estimate(truth + np.float32(error), raw) for name, error in maps.items()}
        return Hidden(truth, np.repeat(np.array(days, np.int32), 10), estimates, {})

    monkeypatch.setattr("models.area_fit.hidden_estimates", told)
    monkeypatch.setattr("models.area_fit.adapt_to", lambda which, *_: replace(which, method="adapted"))
    return fitted(reconstructor, site)


@pytest.fixture(scope="module")
def lost(reconstructor) -> LaiReconstructor:
    """Networks that add a leaf area of one half to everything and know nothing of any area yet."""
    networks = copy.deepcopy(reconstructor.networks)
    with torch.no_grad():
        networks.step2.decoder[-1].bias += 0.5 / LAI_MAX
    return LaiReconstructor(networks, NO_SCENES, FACTORS["default"], "published", "release")


@pytest.fixture(scope="module")
def fell_back(lost, site):
    """What is delivered instead of them, and the report of it."""
    release = find_weights("release")
    files = {model: replace(release.of(model), sigma_factor=factor) for model, factor in FACTORS.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("models.area_fit.find_weights", lambda name: replace(release, name=name, files=files))
        return fitted(lost, site, adapt_networks=False)


@pytest.fixture(scope="module")
def calibration(lost, site) -> Hidden:
    """What the calibration days show of the networks that are lost, and of the prior beside them."""
    days = choose_days([site], int(site.observed.days[0]), int(site.observed.days[-1]))
    return hidden_estimates(lost, [days.for_calibration(site)], days.calibration)


def test_networks_worse_than_the_prior_give_way_to_it(fell_back, calibration):
    chosen, report = fell_back
    ours, prior = (by_date_rmse(calibration, name) for name in ("clearleaf", "prior"))
    assert ours > prior
    assert (chosen.method, report.method, report.fell_back) == ("prior", "prior", True)
    assert report.as_json()["fell_back"] is True
    assert f"{ours:.2f}" in report.note
    assert f"{prior:.2f}" in report.note
    scored = report.hidden.estimates
    np.testing.assert_array_equal(scored["clearleaf"].lai, scored["prior"].lai)
    np.testing.assert_array_equal(scored["clearleaf"].sigma, scored["prior"].sigma)


def test_a_prior_that_is_fallen_back_to_has_its_own_published_factor_drawn_to_what_the_area_shows_of_it(
    fell_back, calibration
):
    chosen, report = fell_back
    prior = calibration.estimates["prior"]
    own = fit_factor(calibration.truth, prior.lai, prior.sigma / FACTORS["default"])
    expected = shrink_factor(FACTORS["prior"], own, len(np.unique(calibration.days)))
    assert chosen.sigma_factor == report.sigma_factor == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("adapt", [True, False], ids=["adapted", "fell back"])
def test_what_is_delivered_knows_every_scene_of_the_area(site, lost, fell_back, adapt, monkeypatch):
    """The days that were hidden to choose and to score are hidden no more."""
    chosen, _ = by_hand(monkeypatch, lost, site, published=0.5, adapted=0.4, prior=0.6) if adapt else fell_back
    delivered = LaiReconstructor.from_state(chosen.state()).statistics
    everything = area_statistics([site])
    np.testing.assert_array_equal(delivered.mean, everything.mean)
    np.testing.assert_array_equal(delivered.covariance, everything.covariance)


@pytest.mark.parametrize(
    ("published", "adapted", "prior", "method"),
    [
        (0.50, 0.40, 0.60, "adapted"),
        (0.50, 0.49, 0.60, "published"),  # a handful of days cannot show so small a gain
        (0.50, 0.60, 0.55, "published"),
        (0.70, 0.65, 0.60, "prior"),
        (0.50, 0.50, 0.50, "prior"),  # networks that only equal the prior are not worth it
    ],
)
def test_calibration_days_choose(monkeypatch, lost, site, published, adapted, prior, method):
    chosen, report = by_hand(monkeypatch, lost, site, published=published, adapted=adapted, prior=prior)
    assert (chosen.method, report.method, report.fell_back) == (method, method, method == "prior")
    assert f"{prior:.2f}" in report.note


def test_another_model_ordered_by_name_is_delivered_however_it_does(monkeypatch, lost, site):
    named = replace(lost, model="paper")
    chosen, report = by_hand(monkeypatch, named, site, published=2.0, adapted=0.1, prior=0.5)
    assert (chosen.method, report.fell_back) == ("published", False)
    assert report.note.startswith("paper: RMSE 2.00")


def test_every_date_weighs_the_same_in_the_choice_however_much_of_it_is_clear(monkeypatch, lost, site):
    """Networks perfect on nine pixels of one date and off by 1 on the only one of another lose to a prior 0.5 off."""
    error, nothing = np.array([0] * 9 + [1], np.float32), np.zeros(10, np.float32)
    estimates = {"clearleaf": Estimate(error, nothing + 0.5), "prior": Estimate(nothing + 0.5, nothing + 0.5)}
    hidden = Hidden(nothing, np.array([100] * 9 + [200], np.int32), estimates, {})
    monkeypatch.setattr("models.area_fit.hidden_estimates", lambda *_: hidden)
    _, report = fitted(lost, site, adapt_networks=False)
    assert report.fell_back
    assert "0.71" in report.note


def test_who_waits_is_told_all_along(monkeypatch, reconstructor, site):
    """And whoever is told can stop it: a worker that ends would else be killed with its step in hand."""
    monkeypatch.setattr("models.adaptation.STEPS", 3)
    told, moments = [], [time.thread_time()]  # of our own: others on the machine say nothing of silences

    def progress(share: float, message: str) -> None:
        told.append((share, message))
        moments.append(time.thread_time())

    fitted(reconstructor, site, progress=progress)
    shares = [share for share, _ in told]
    assert shares == sorted(shares) and shares[0] >= 0 and shares[-1] < 1
    silences = np.diff([*moments, time.thread_time()])
    assert max(silences) < 0.45 * sum(silences), told[int(np.argmax(silences)) - 1]
