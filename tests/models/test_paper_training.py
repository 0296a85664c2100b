"""The paper's networks in training: they learn, from clear scenes alone, and the same seed learns the same."""

import copy
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from models.evaluation.scenarios import scorable_scenes
from models.paper import PAPER_MODELS, PaperNetworks
from models.series import Site
from models.training import paper
from models.training.descent import descend
from models.training.paper import PaperRecipe, sigma_factors, simulated_land, step1_loss, step2_loss, train_paper
from models.training.paper_examples import place_of, step1_example, step2_example
from models.weights import find_weights

TINY = PaperRecipe(sites=6, step2_sites=2, first_steps=1, second_steps=1)


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


def test_an_example_shows_radar_and_target_of_the_same_ground(place):
    images = place.lai.mean(dim=0).expand_as(place.levels.images)  # radar that shows what is the same on all days
    same = replace(place, levels=replace(place.levels, images=images), lai=place.lai.mean(dim=0).expand_as(place.lai))
    for i in range(8):
        radar, _, present, truth, _ = step1_example(same, np.random.default_rng(i), 8)
        assert truth.shape == (8, 8)
        assert (radar[present] == truth).all()


def test_a_reference_is_never_the_target(place):
    marks = torch.arange(len(place.days)).float()[:, None, None].expand_as(place.lai)
    for i in range(50):
        _, reference, target, _, _ = step2_example([[place]], [[marks]], i, np.random.default_rng(i))
        assert reference.unique() != target.unique()


def test_simulated_land_serves_one_end_each():
    def days(places):
        return {(tuple(place.days), float(place.lai.sum())) for place in places}

    land = simulated_land(TINY)
    step1, step2 = days(land.step1), days(land.step2)
    unseen = days(place_of(site) for site in land.unseen)
    assert len(step1) + len(step2) + len(unseen) == TINY.sites + TINY.step2_sites
    assert not step1 & step2
    assert not unseen & (step1 | step2)


def test_step_2_learns_from_predictions_of_a_step_1_that_did_not_see_the_place(site, monkeypatch):
    """Follows what every network of step 1 was trained on, and which of them spoke about which place."""
    seen, heard, kept = {}, [], []  # places are told apart by where they lie, so they are kept from being freed
    real = {"a": site, "c": Site(site.observed.hide(np.arange(len(site.observed.days)) < 30), site.radar)}
    monkeypatch.setattr(paper, "read_patch", real.__getitem__)

    def train_step1(name, network, sources, *_):
        trained = copy.deepcopy(network)
        seen[trained] = {id(place.lai) for source in sources for place in source}
        kept.extend(place for source in sources for place in source)
        return trained

    def predictions_of(network, places):
        heard.extend((network, id(place.lai)) for place in places)
        return [torch.zeros_like(place.lai) for place in places]

    monkeypatch.setattr(paper, "train_step1", train_step1)
    monkeypatch.setattr(paper, "predictions_of", predictions_of)
    monkeypatch.setattr(paper, "sigma_factors", lambda networks, sites: dict.fromkeys(PAPER_MODELS, 1.0))
    train_paper(TINY, {"release": ("a", "c"), "without-a": ("c",)})
    assert len(heard) == TINY.step2_sites * 3 + 3
    assert all(place not in seen[network] for network, place in heard)


def test_the_device_is_the_cpu_unless_told(monkeypatch):
    monkeypatch.setattr(paper, "sigma_factors", lambda networks, sites: dict.fromkeys(PAPER_MODELS, 1.0))
    given, left_out = (train_paper(TINY, {"none": ()}, *device)["none"] for device in (["cpu"], []))
    ours, theirs = given[0].state_dict(), left_out[0].state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_hands_back_weights_on_the_cpu():
    networks, factors = train_paper(TINY, {"none": ()}, "cuda")["none"]
    alike, _ = train_paper(TINY, {"none": ()}, "cpu")["none"]
    for name, tensor in networks.state_dict().items():
        assert tensor.device.type == "cpu"
        torch.testing.assert_close(tensor, alike.state_dict()[name], atol=1e-2, rtol=1e-2)
    assert set(factors) == set(PAPER_MODELS)


def test_every_model_has_a_sigma_factor_of_its_own(site):
    """Of networks that have learnt: those of random ones are all as wide as factors may be."""
    factors = sigma_factors(find_weights("release").load("paper"), [site])
    assert set(factors) == set(PAPER_MODELS)
    assert len(set(factors.values())) > 1
