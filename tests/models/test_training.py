"""Training in small: it learns, and the same seed learns the same."""

import numpy as np
import pytest
import torch

from models.training.datasets import episodes_of, simulated_episodes, simulated_specs, turned
from models.training.descent import descend
from models.training.places import read_patch
from models.training.train import estimates, loss_on
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


@pytest.mark.real
def test_linear_interpolation_on_the_real_patch_is_the_known_bar(real_data):
    """The protocol reproduces the published figures of the patch: RMSE 0.52, 0.90, 1.17 (R2 0.85, 0.56, 0.27)."""
    from models.evaluation.baselines import INTERPOLATIONS
    from models.evaluation.hidden import estimate_hidden
    from models.evaluation.metrics import score
    from models.evaluation.scenarios import GAP0, GAP15, hide, scorable_scenes

    site = read_patch("a", real_data)
    for scenario, rmse, r2 in ((GAP0, 0.52, 0.85), (GAP15, 0.90, 0.56)):
        cases = [hide(site, i, scenario, np.random.default_rng(0)) for i in scorable_scenes(site.observed)]
        cases = [case for case in cases if case is not None]
        hidden = estimate_hidden(cases, INTERPOLATIONS)
        found = score(hidden.truth, hidden.estimates["linear"].lai)
        assert found.rmse == pytest.approx(rmse, abs=0.01)
        assert found.r2 == pytest.approx(r2, abs=0.02)
