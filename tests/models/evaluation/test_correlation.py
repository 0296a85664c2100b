"""How alike errors are, and what the mean of a parcel gains by its many pixels."""

from datetime import date

import numpy as np
import pytest

from models.evaluation.correlation import DISTANCES_PX, USUAL, Correlogram, error_correlation, share_of_mean
from models.evaluation.hidden import Estimate, Hidden, estimate_hidden
from models.evaluation.metrics import Z90
from models.evaluation.report import DELIVERED, reconstruction
from models.evaluation.scenarios import GAP15, hide, scorable_scenes
from models.reconstruction import LaiReconstructor
from models.simulation.site import SiteSpec, simulate

SIDE = 32
NOTHING = Correlogram(DISTANCES_PX, (1.0, *[0.0] * (len(DISTANCES_PX) - 1)))


def hidden_with(errors) -> Hidden:
    """Hidden days of one window whose errors are given, (D, H, W)."""
    there = np.argwhere(np.isfinite(errors)).astype(np.int32)
    values = errors[np.isfinite(errors)].astype(np.float32)
    estimate = Estimate(np.zeros_like(values), np.ones_like(values))
    return Hidden(values, there[:, 0], {DELIVERED: estimate}, {}, there)


def correlation_of(errors, usual=NOTHING):
    return np.array(error_correlation([hidden_with(errors)], DELIVERED, usual).correlation)


def test_errors_of_each_pixel_alone_are_not_alike():
    errors = np.random.default_rng(0).normal(size=(200, SIDE, SIDE))
    assert correlation_of(errors)[1:].max() < 0.02


def test_an_error_of_the_whole_scene_is_alike_at_every_distance():
    errors = np.random.default_rng(0).normal(size=(200, 1, 1)) * np.ones((200, SIDE, SIDE))
    assert correlation_of(errors)[1:] == pytest.approx(200 / 204, abs=1e-6)  # four days of belief in nothing


def test_errors_of_fields_are_alike_within_them():
    """Fields of 8 pixels: half of the pairs 4 pixels apart along a row lie in the same one."""
    rng = np.random.default_rng(0)
    fields = rng.normal(size=(400, SIDE // 8, SIDE // 8)).repeat(8, axis=1).repeat(8, axis=2)
    found = dict(zip(DISTANCES_PX, correlation_of(fields), strict=True))
    assert found[1] == pytest.approx(7 / 8, abs=0.08)
    assert found[18] < 0.05


def test_gaps_do_not_count_as_no_error():
    rng = np.random.default_rng(0)
    errors = rng.normal(size=(200, 1, 1)) * np.ones((200, SIDE, SIDE))
    errors[rng.random(errors.shape) < 0.6] = np.nan
    assert correlation_of(errors)[1:] == pytest.approx(200 / 204, abs=0.02)


def test_few_days_hardly_move_what_is_usual():
    errors = np.random.default_rng(0).normal(size=(1, SIDE, SIDE))
    drawn = correlation_of(errors, USUAL)
    assert (np.abs(drawn - USUAL.correlation) <= 0.25 * np.array(USUAL.correlation) + 0.05).all()
    assert error_correlation([], DELIVERED) == USUAL


def test_the_mean_of_a_parcel_is_surer_than_a_pixel_but_not_by_the_root_of_their_number():
    points = np.argwhere(np.ones((14, 14))) * 2.0
    share = share_of_mean(USUAL.mean_over_pairs(points), 784)
    assert 0.2 < share < 0.8
    assert share_of_mean(NOTHING.mean_over_pairs(points), 784) == pytest.approx(1 / 784, rel=0.5)
    assert share_of_mean(USUAL.mean_over_pairs(points[:1]), 0.3) == 1.0  # smaller than a pixel
    assert Correlogram.from_json(USUAL.as_json()) == USUAL


def test_intervals_of_parcels_hold_on_simulated_scenes():
    """Means over squares of 8 x 8 pixels on hidden days: in the interval about as often as single pixels."""
    reconstructor = LaiReconstructor.load("release")
    parts = []
    for seed, region in enumerate(("belgium", "continental")):
        site = simulate(SiteSpec(SIDE, date(2021, 3, 1), date(2022, 6, 30), region, seed=2**33 + 50 + seed)).site()
        found = (hide(site, i, GAP15, np.random.default_rng(0)) for i in scorable_scenes(site.observed)[::4])
        parts.append(estimate_hidden([case for case in found if case is not None], [reconstruction(reconstructor)]))
    inside = {}
    points = np.argwhere(np.ones((8, 8))).astype(float)
    for name, correlation in (("told", error_correlation(parts, DELIVERED)), ("none", NOTHING)):
        share = share_of_mean(correlation.mean_over_pairs(points), 64)
        inside[name] = np.mean([abs(e) <= Z90 * s * np.sqrt(share) for part in parts for e, s in squares(part)])
    assert 0.8 <= inside["told"] <= 1
    assert inside["none"] < 0.6


def squares(hidden):
    """Error and mean sigma of the mean of every whole square."""
    delivered = hidden.estimates[DELIVERED]
    places = np.column_stack([hidden.places[:, 0], hidden.places[:, 1:] // 8])
    _, which, count = np.unique(places, axis=0, return_inverse=True, return_counts=True)
    for square in np.flatnonzero(count == 64):
        mine = which.reshape(-1) == square
        yield (hidden.truth - delivered.lai)[mine].mean(), delivered.sigma[mine].mean()
