"""Training in small: it learns, and the same seed learns the same."""

import numpy as np
import pytest
import torch

from models.evaluation.metrics import Z90
from models.training import train
from models.training.datasets import episodes_of, simulated_episodes, simulated_specs, turned
from models.training.descent import descend
from models.training.places import read_patch
from models.training.train import estimates, loss_on, pooled_sigma_factors
from models.weights import build_two_steps


@pytest.fixture(scope="module")
def episodes(site):
    return episodes_of([site], 1, 0, 8)


def trained(episodes, steps):
    torch.manual_seed(0)
    return descend(build_two_steps(), lambda networks, rng: loss_on(networks, [episodes], rng), steps, 2e-3, 0)


def test_it_learns(episodes):
    def rmse(networks):
        found = estimates(networks, episodes)
        return float(np.sqrt(np.mean((found["fused"] - found["truth"]) ** 2)))

    assert rmse(trained(episodes, 25)) < 0.98 * rmse(build_two_steps())


def test_the_same_seed_learns_the_same(episodes):
    first, second = (trained(episodes, 3).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_simulated_episodes_do_not_depend_on_how_many_processes_make_them():
    specs = simulated_specs(2, seed=3)
    alone, together = (simulated_episodes(specs, 1, 0, 2, processes) for processes in (1, 2))
    for one, other in zip(alone, together, strict=True):
        assert all(np.array_equal(one.arrays()[name], values) for name, values in other.arrays().items())


def test_turning_four_times_is_not_turning(episodes):
    batch = episodes.pick(torch.arange(2))
    again = batch
    for _ in range(4):
        again = turned(again, 1, mirrored=False)
    assert again.day.query.equal(batch.day.query)
    assert not turned(batch, 1, mirrored=False).day.query.equal(batch.day.query)


def table(truth: float, fused: float, prior: float, told: float) -> dict[str, np.ndarray]:
    """What `estimates` says of ten pixels alike, where the prior's spread is 0.75."""
    figures = {"truth": truth, "fused": fused, "prior": prior, "predicted": 5.0, "told": told, "sd": 0.75}
    return {name: np.full(10, value, np.float32) for name, value in figures.items()}


def pooled(monkeypatch, *tables: dict[str, np.ndarray]) -> dict[str, float]:
    monkeypatch.setattr(train, "estimates", lambda networks, episodes, device: episodes)
    return pooled_sigma_factors(None, tables)


def test_each_models_sigma_factor_is_the_geometric_mean_over_places_of_its_own_errors(monkeypatch):
    """By hand: raw sigma is hypot(0.75, 0.4) = 0.85 of fused LAI of 2, and hypot(0.75, 1) = 1.25 of a prior of 6."""
    factors = pooled(monkeypatch, table(3.4, 2.0, 6.0, told=0.0), table(4.5, 2.0, 6.0, told=0.0))
    assert factors == {
        "default": pytest.approx(np.sqrt(1.4 * 2.5) / Z90 / 0.85, rel=1e-5),
        "prior": pytest.approx(np.sqrt(2.6 * 1.5) / Z90 / 1.25, rel=1e-5),
    }


def test_where_the_days_own_scene_tells_all_sigma_factors_are_of_the_noise_that_is_left(monkeypatch):
    """By hand: half of a scene's noise, which is 0.4 at LAI 2 and 0.6 at 10 / 3."""
    factors = pooled(monkeypatch, table(2.5, 2.0, 10 / 3, told=1.0))
    assert factors == {
        "default": pytest.approx(0.5 / Z90 / 0.2, rel=1e-5),
        "prior": pytest.approx((10 / 3 - 2.5) / Z90 / 0.3, rel=1e-5),
    }


@pytest.mark.real
def test_linear_interpolation_on_the_real_patch_is_the_known_bar(real_data):
    """RMSE 0.52, 0.90, 1.18 (R2 0.85, 0.56, 0.26); the figures that came with the patch say 1.17 (0.27) at gap30."""
    from models.evaluation.baselines import INTERPOLATIONS
    from models.evaluation.hidden import estimate_hidden
    from models.evaluation.metrics import score
    from models.evaluation.scenarios import GAP0, GAP15, GAP30, hide, scorable_scenes

    site = read_patch("a", real_data)
    for scenario, rmse, r2 in ((GAP0, 0.52, 0.85), (GAP15, 0.90, 0.56), (GAP30, 1.18, 0.26)):
        cases = [hide(site, i, scenario, np.random.default_rng(0)) for i in scorable_scenes(site.observed)]
        cases = [case for case in cases if case is not None]
        hidden = estimate_hidden(cases, INTERPOLATIONS)
        found = score(hidden.truth, hidden.estimates["linear"].lai)
        assert found.rmse == pytest.approx(rmse, abs=0.01)
        assert found.r2 == pytest.approx(r2, abs=0.02)
