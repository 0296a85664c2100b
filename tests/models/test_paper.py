"""The paper's systems: they see no optical scene in step 1, and only what is visible in step 2."""

import numpy as np
import pytest
import torch

from models.brackets import find_brackets
from models.paper import CHOSEN, PAPER_MODELS, STEP1, PaperNetworks, References
from models.radar_levels import LEVEL_CHANNELS, radar_levels
from models.series import RadarSeries, Site
from models.weights import family


@pytest.fixture(scope="module")
def networks():
    torch.manual_seed(3)
    found = PaperNetworks().eval()
    for network in (*found.step1.values(), found.step2):
        last = [layer for layer in network.modules() if getattr(layer, "bias", None) is not None][-1]
        torch.nn.init.constant_(last.bias, 0.3)  # LAI 2.4: nothing is clipped, so that every difference shows
    return found


@pytest.mark.parametrize("model", PAPER_MODELS)
def test_every_model_gives_lai_on_every_day(site, networks, target_days, model):
    predicted, fused = networks.reconstruct(site, target_days, model)
    for lai in (predicted, fused):
        assert lai.shape == (len(target_days), *site.observed.lai.shape[1:])
        assert ((lai >= 0) & (lai <= 8)).all()
    assert family(model) == "paper"
    assert (predicted is fused) == (model in STEP1)


@pytest.mark.parametrize("name", STEP1)
def test_step_1_sees_radar_and_nothing_else(site, networks, target_days, name):
    blind = site.observed.hide(np.ones(len(site.observed.days), bool))
    seeing = networks.predict(site, target_days, name)
    np.testing.assert_array_equal(networks.predict(Site(blind, site.radar), target_days, name), seeing)
    louder = RadarSeries(site.radar.power * 1.5, *list(vars(site.radar).values())[1:])
    assert not np.array_equal(networks.predict(Site(site.observed, louder), target_days, name), seeing)


def test_a_network_of_single_pixels_does_not_mix_them(networks):
    torch.manual_seed(0)
    network = networks.step1["1d-cnn"]
    images, lags = torch.rand(1, 6, LEVEL_CHANNELS, 4, 4), torch.arange(6.0)[None]
    present = torch.ones(1, 6, dtype=torch.bool)
    other = images.clone()
    other[..., 0, 0] += 1
    changed = (network(images, lags, present) != network(other, lags, present))[0, 0]
    assert changed[0, 0]
    assert changed.sum() == 1


@pytest.mark.parametrize("name", STEP1)
def test_absent_radar_dates_say_nothing(networks, name):
    torch.manual_seed(0)
    images, lags = torch.rand(1, 8, LEVEL_CHANNELS, 8, 8), torch.arange(8.0)[None]
    present = torch.tensor([[True] * 5 + [False] * 3])
    other = images.clone()
    other[:, 5:] = 7.0
    torch.testing.assert_close(networks.step1[name](images, lags, present), networks.step1[name](other, lags, present))


def test_no_radar_still_gives_a_number(site, networks, target_days):
    none = RadarSeries(*(values[:0] for values in vars(site.radar).values()))
    assert np.isfinite(networks.predict(Site(site.observed, none), target_days)).all()


def test_step_2_without_any_observation_is_step_1(site, networks, target_days):
    blind = Site(site.observed.hide(np.ones(len(site.observed.days), bool)), site.radar)
    predicted, fused = networks.reconstruct(blind, target_days, "paper")
    np.testing.assert_array_equal(predicted, fused)


def test_references_are_the_nearest_observations_of_each_pixel(site, networks, target_days):
    brackets = find_brackets(site.observed.lai, site.observed.days, target_days)
    references = networks.references(site, target_days)
    observed, predicted, there = references.maps(2)
    both = (brackets.before_index >= 0) & (brackets.after_index >= 0)
    np.testing.assert_array_equal(observed[:, 0][both], brackets.before[both])
    np.testing.assert_array_equal(observed[:, 1][both], brackets.after[both])
    assert there[:, 0][both].all()
    d, row, column = (axis[0] for axis in np.nonzero(both))
    day = site.observed.days[brackets.before_index[d, row, column]]
    expected = networks.predict(site, np.array([day], np.int32), CHOSEN)[0, row, column]
    assert predicted[d, 0, row, column] == expected


def test_one_reference_is_the_nearer_one():
    lai = np.array([1.0, 3.0], np.float32)[:, None, None]
    days = np.array([0, 10], np.int32)
    brackets = find_brackets(lai, days, np.array([2, 9], np.int32))
    observed, _, _ = References(brackets, np.array([0, 1], np.int32), lai).maps(1)
    assert observed[:, 0, 0, 0].tolist() == [1.0, 3.0]


def test_levels_are_those_of_the_day_around(site):
    day = int(site.radar.days[40])
    images, lags, present = radar_levels(site.radar, np.array([day], np.int32)).day(0)
    assert present.all()
    assert lags.abs().max() < 60
    here = int((lags[0] == 0).nonzero()[0])
    assert images[0, here, 2].bool().equal(torch.from_numpy(np.isfinite(site.radar.power[40]).all(axis=0)))
