"""Laws of the reconstruction that hold for any weights."""

from dataclasses import replace

import numpy as np
import pytest

from models.area import area_statistics
from models.paper import PaperNetworks
from models.prior import temporal_prior
from models.radar import anomalies
from models.reconstruction import HALO_PX, LaiReconstructor
from models.series import ObservedLai, RadarSeries, Site
from models.weights import build_two_steps


def crop(site: Site, rows: slice, columns: slice) -> Site:
    observed, radar = site.observed, site.radar
    return Site(
        ObservedLai(
            observed.lai[:, rows, columns],
            observed.clear[:, rows, columns],
            observed.land[rows, columns],
            observed.in_domain[:, rows, columns],
            observed.days,
        ),
        replace(radar, power=radar.power[:, :, rows, columns]),
    )


def mosaic(site: Site, count: int) -> Site:
    """The site repeated, rolled so that no copy equals its neighbour."""

    def repeat(a: np.ndarray) -> np.ndarray:
        rows = [
            np.concatenate([np.roll(a, 5 * (i + count * j), (-1, -2)) for i in range(count)], -1) for j in range(count)
        ]
        return np.concatenate(rows, -2)

    o = site.observed
    return Site(
        ObservedLai(repeat(o.lai), repeat(o.clear), repeat(o.land), repeat(o.in_domain), o.days),
        replace(site.radar, power=repeat(site.radar.power)),
    )


def test_a_tile_with_its_halo_equals_the_whole(site, reconstructor, target_days):
    whole = mosaic(site, 4)  # 128 x 128
    expected = reconstructor.reconstruct(whole, target_days)
    # a core of 16 px that starts on the lattice of blocks, with the halo that plans use
    start = HALO_PX + 16
    tile = crop(whole, slice(16, start + 16 + HALO_PX), slice(16, start + 16 + HALO_PX))
    found = reconstructor.reconstruct(tile, target_days)
    core = slice(HALO_PX, HALO_PX + 16)
    for name in ("prior", "predicted", "fused", "sigma"):
        inside = getattr(found, name)[:, core, core]
        outside = getattr(expected, name)[:, start : start + 16, start : start + 16]
        np.testing.assert_allclose(inside, outside, atol=1e-4, err_msg=name)


def test_the_halo_is_needed(site, reconstructor, target_days):
    """The law above can fail: without a halo the tile differs from the whole."""
    whole = mosaic(site, 2)
    expected = reconstructor.reconstruct(whole, target_days).fused[:, 20:36, 20:36]
    found = reconstructor.reconstruct(crop(whole, slice(20, 36), slice(20, 36)), target_days).fused
    assert np.abs(found - expected).max() > 1e-3


def test_lai_and_sigma_are_physical(site, reconstructor, target_days):
    found = reconstructor.reconstruct(site, target_days)
    for lai in (found.prior, found.predicted, found.fused):
        assert np.isfinite(lai).all()
        assert lai.min() >= 0
        assert lai.max() <= 8.5
    assert (found.sigma > 0.03).all()


def test_sigma_grows_with_the_gap(site, reconstructor):
    middle = int(np.median(site.observed.days))
    day = np.array([middle], np.int32)
    widths = []
    for half_width in (0, 20, 60):
        hidden = np.abs(site.observed.days - middle) <= half_width
        widths.append(reconstructor.reconstruct(replace(site, observed=site.observed.hide(hidden)), day).sigma.mean())
    assert widths[0] < widths[1] < widths[2]


def test_no_clear_scene_at_all_still_answers_with_wide_sigma(site, reconstructor, target_days):
    blind = replace(site, observed=site.observed.hide(np.ones(len(site.observed.days), bool)))
    found = reconstructor.reconstruct(blind, target_days)
    seeing = reconstructor.reconstruct(site, target_days)
    assert np.isfinite(found.fused).all()
    assert (found.days_to_clear == -1).all()
    assert found.sigma.mean() > 1.3 * seeing.sigma.mean()


def test_no_radar_still_answers(site, reconstructor, target_days):
    radar = RadarSeries(
        site.radar.power[:0],
        site.radar.days[:0],
        site.radar.orbits[:0],
        site.radar.ascending[:0],
        site.radar.cos_incidence[:0],
    )
    assert np.isfinite(reconstructor.reconstruct(replace(site, radar=radar), target_days).fused).all()


def test_no_optical_scene_at_all_still_answers(site, reconstructor, target_days):
    o = site.observed
    none = ObservedLai(o.lai[:0], o.clear[:0], np.ones_like(o.land), o.in_domain[:0], o.days[:0])
    assert np.isfinite(reconstructor.reconstruct(replace(site, observed=none), target_days).fused).all()


def test_sides_that_are_no_multiple_of_the_pooling(site, reconstructor, target_days):
    small = crop(site, slice(0, 13), slice(0, 30))
    assert reconstructor.reconstruct(small, target_days).fused.shape == (len(target_days), 13, 30)


def test_radar_matters(site, reconstructor, target_days):
    """Otherwise 'no radar still answers' would prove nothing."""
    louder = replace(
        site.radar, power=site.radar.power * np.linspace(1, 3, len(site.radar.days))[:, None, None, None].astype("f4")
    )
    changed = reconstructor.reconstruct(replace(site, radar=louder), target_days)
    assert np.abs(changed.fused - reconstructor.reconstruct(site, target_days).fused).max() > 1e-3


def test_a_state_read_back_gives_the_same_result(site, reconstructor, target_days):
    state = reconstructor.state()
    again = LaiReconstructor.from_state(state)
    assert again.state() == state
    np.testing.assert_array_equal(
        again.reconstruct(site, target_days).fused, reconstructor.reconstruct(site, target_days).fused
    )


def test_days_asked_together_or_alone_agree(site, reconstructor, target_days):
    together = reconstructor.reconstruct(site, target_days).fused
    for d, day in enumerate(target_days):
        alone = reconstructor.reconstruct(site, np.array([day], np.int32)).fused[0]
        np.testing.assert_allclose(alone, together[d], atol=1e-4)


def test_the_prior_passes_near_its_observations(site, reconstructor):
    scene = int(np.argmax(np.isfinite(site.observed.lai).sum(axis=(1, 2))))
    day = site.observed.days[scene : scene + 1]
    prior = temporal_prior(site.observed, anomalies(site.radar), day, reconstructor.statistics).mean[0]
    seen = np.isfinite(site.observed.lai[scene])
    assert np.abs(prior - site.observed.lai[scene])[seen].mean() < 0.4


@pytest.mark.parametrize("method", ["published", "prior"])
def test_what_the_clear_part_of_a_scene_shows_holds_for_its_hidden_part(site, method):
    """With networks that add nothing, or without, an offset of the visible half is found again in the other half."""
    untrained = LaiReconstructor(build_two_steps().eval(), area_statistics([site]), 1.0, method, "none")
    scene = int(np.flatnonzero(np.isfinite(site.observed.lai).all(axis=(1, 2)))[3])
    day = site.observed.days[scene : scene + 1]
    lai = site.observed.lai.copy()
    lai[scene, :, 16:] = np.nan

    def fused(offset: float) -> np.ndarray:
        shifted = lai.copy()
        shifted[scene] += np.float32(offset)
        found = untrained.reconstruct(replace(site, observed=replace(site.observed, lai=shifted)), day)
        np.testing.assert_allclose(found.predicted, found.prior, atol=1e-6)
        return found.fused[0, :, 16:]

    moved = fused(0.5) - fused(0.0)
    assert 0.4 < moved.mean() <= 0.52


@pytest.mark.parametrize("model", ["default", "paper", "1d-cnn"])
def test_it_asks_again_and_again_whether_to_go_on(site, reconstructor, target_days, model):
    class Stopped(Exception):
        pass

    told = []

    def once_more(share, message):
        told.append(share)
        if len(told) > 2:
            raise Stopped

    lai = reconstructor
    if model != "default":
        lai = replace(reconstructor, networks=PaperNetworks().eval(), model=model)
    with pytest.raises(Stopped):
        lai.reconstruct(site, np.repeat(target_days, 60), once_more)
    assert all(0 <= share <= 1 for share in told)
