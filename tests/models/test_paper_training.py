"""The paper's networks in training: they learn, from clear scenes alone, and the same seed learns the same."""

import copy
from functools import partial

import numpy as np
import pytest
import torch

from models.evaluation.scenarios import scorable_scenes
from models.paper import PaperNetworks
from models.training.descent import descend
from models.training.paper import step1_loss, step2_loss
from models.training.paper_examples import place_of, step2_example


@pytest.fixture(scope="module")
def place(site):
    return place_of(site)


@pytest.fixture(scope="module")
def networks():
    torch.manual_seed(0)
    return PaperNetworks()


def mean_loss(loss_of, network):
    rng = np.random.default_rng(9)
    with torch.no_grad():
        return float(np.mean([loss_of(network, rng).item() for _ in range(8)]))


def test_step_1_learns(place, networks):
    loss_of = partial(step1_loss, sources=[[place]], crop_px=8)
    start = copy.deepcopy(networks.step1["1d-cnn"])
    trained = descend(copy.deepcopy(start), loss_of, 40, 3e-3, 0)
    again = descend(copy.deepcopy(start), loss_of, 40, 3e-3, 0)
    assert mean_loss(loss_of, trained) < 0.9 * mean_loss(loss_of, start)
    assert all(torch.equal(a, b) for a, b in zip(trained.parameters(), again.parameters(), strict=True))


def test_step_2_learns(place, networks):
    predictions = [[torch.zeros_like(place.lai)]]
    encoder = copy.deepcopy(networks.step2.fine).requires_grad_(False)
    loss_of = partial(step2_loss, encoder=encoder, sources=[[place]], predictions=predictions)
    start = copy.deepcopy(networks.step2)
    trained = descend(copy.deepcopy(start), loss_of, 25, 1e-3, 0)
    assert mean_loss(loss_of, trained) < 0.9 * mean_loss(loss_of, start)


def test_only_clear_scenes_are_learnt_from(site, place):
    assert place.days.tolist() == site.observed.days[scorable_scenes(site.observed)].tolist()
    assert torch.isfinite(place.lai).all()
    assert place.lai[~place.usable].abs().max() == 0


def test_a_reference_is_never_the_target(place):
    marks = torch.arange(len(place.days)).float()[:, None, None].expand_as(place.lai)
    for i in range(50):
        _, reference, target, _, _ = step2_example([[place]], [[marks]], i, np.random.default_rng(i))
        assert reference.unique() != target.unique()
