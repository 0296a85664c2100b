"""Parts of a tile that the same passes show, and what is chosen for each of them."""

from dataclasses import replace

import numpy as np
import pytest

from models.area import area_statistics
from models.pass_groups import pass_groups
from models.reconstruction import LaiReconstructor
from models.series import RadarSeries, Site

CORNER_ORBIT = 999


def test_every_pixel_is_in_one_group_of_whole_blocks():
    valid = np.ones((4, 40, 50), bool)
    valid[1, :, 20:] = False  # ends within the second column of blocks
    valid[2, 7, 7] = False  # a hole hides nothing from its block
    groups = list(pass_groups(valid))
    assert sum(here.astype(int) for _, here in groups).tolist() == np.ones((40, 50), int).tolist()
    assert {tuple(shown.tolist()): here[0].sum() for shown, here in groups} == {
        (True, True, True, True): 32,
        (True, False, True, True): 18,
    }


def test_without_any_pass_there_is_one_group():
    ((shown, here),) = pass_groups(np.ones((0, 20, 20), bool))
    assert shown.shape == (0,)
    assert here.all()


def with_corner_passes(site: Site, size: int) -> Site:
    """The site on a wider square, with ten more passes that show four pixels of its first corner only."""

    def wider(values):
        return np.concatenate([np.concatenate([values, values], -1)] * 2, -2)[..., :size, :size]

    o, r = site.observed, site.radar
    observed = replace(o, lai=wider(o.lai), clear=wider(o.clear), land=wider(o.land), in_domain=wider(o.in_domain))
    days = o.days[np.linspace(2, len(o.days) - 3, 10).astype(int)] + 1
    power = np.full((10, 2, size, size), np.nan, np.float32)
    power[:, :, :2, :2] = 0.05
    order = np.argsort(np.concatenate([r.days, days]), kind="stable")

    def joined(mine, more):
        return np.concatenate([mine, more])[order]

    radar = RadarSeries(
        joined(wider(r.power), power),
        joined(r.days, days).astype(np.int32),
        joined(r.orbits, np.full(10, CORNER_ORBIT, np.int32)),
        joined(r.ascending, np.ones(10, bool)),
        joined(r.cos_incidence, np.full(10, 0.75, np.float32)),
    )
    return Site(observed, radar)


@pytest.mark.parametrize("model", ["default", "paper", "1d-cnn-transformer"])
def test_passes_that_show_a_corner_change_nothing_far_from_it(site, target_days, model):
    """A tile on the edge of a swath lists passes that its neighbour does not."""
    reconstructor = LaiReconstructor.load("release", model).with_statistics(area_statistics([site]))
    size = 48
    edge = with_corner_passes(site, size)
    rest = edge.radar.orbits != CORNER_ORBIT
    alone = replace(edge, radar=RadarSeries(*(values[rest] for values in vars(edge.radar).values())))
    far = np.s_[:, 32:, 32:]
    found, expected = (reconstructor.reconstruct(s, target_days) for s in (edge, alone))
    for name in ("prior", "predicted", "fused", "sigma"):
        np.testing.assert_allclose(getattr(found, name)[far], getattr(expected, name)[far], atol=1e-4, err_msg=name)
    assert not np.allclose(found.predicted[:, :2, :2], expected.predicted[:, :2, :2], atol=1e-4)
