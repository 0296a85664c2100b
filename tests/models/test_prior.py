"""What observations and radar say of a day; the day's own observation is left out."""

import numpy as np
import pytest

from models import pixel_process
from models.area import NO_SCENES, USUAL_COVARIANCE, AreaStatistics, area_statistics
from models.brackets import NEVER, find_brackets
from models.given_radar import GpSettings
from models.noise import NOISE_FLOOR, NOISE_SLOPE
from models.pixel_process import MEAN_BELIEF
from models.prior import temporal_prior
from models.radar import RadarAnomalies, anomalies
from models.series import ObservedLai

DAYS = np.array([100, 110, 130, 160], np.int32)
COUPLED = AreaStatistics(np.float32(1.5), np.array([[1, 0.9, 0.4], [0.9, 2.25, 0], [0.4, 0, 1]], np.float32))


def observed(values) -> ObservedLai:
    """One pixel."""
    lai = np.array(values, np.float32)[:, None, None]
    seen = np.isfinite(lai)
    return ObservedLai(lai, seen, np.ones((1, 1), bool), seen, DAYS[: len(lai)])


def passes(vh_db=(), first=100, step=5) -> RadarAnomalies:
    """Backscatter of one pixel: anomalies of VH; VV stays."""
    vh = np.array(vh_db, np.float32)
    fine = np.stack([0 * vh, vh, vh], axis=1)[:, :, None, None]
    days = (first + step * np.arange(len(vh))).astype(np.int32)
    up = np.ones(len(vh), bool)
    return RadarAnomalies(fine, fine, np.ones((len(vh), 1, 1), bool), days, up, np.full(len(vh), 0.78, np.float32))


def of_site(site, days, statistics):
    return temporal_prior(site.observed, anomalies(site.radar), days, statistics)


def test_brackets_are_the_nearest_observations_of_other_days():
    found = find_brackets(observed([1, np.nan, 3, 4]).lai, DAYS, np.array([110, 130, 90, 170], np.int32))
    np.testing.assert_array_equal(found.before.ravel(), [1, 1, np.nan, 4])
    np.testing.assert_array_equal(found.after.ravel(), [3, 4, 1, np.nan])
    np.testing.assert_array_equal(found.age_before.ravel(), [10, 30, NEVER, 10])
    np.testing.assert_array_equal(found.days_to_other.ravel(), [10, 30, 10, 10])
    np.testing.assert_allclose(found.linear().ravel(), [1 + 2 / 3, 2.5, 1, 4])
    np.testing.assert_array_equal(found.nearest().ravel(), [1, 1, 1, 4])


def test_the_days_own_observation_is_left_out(site):
    """The closed form equals the process fitted without that day, but for the pixel's mean and the level of noise."""
    lai = site.observed.lai
    days = site.observed.days[np.isfinite(lai).any(axis=(1, 2))][5:40:6]
    statistics = area_statistics([site])
    together = of_site(site, days, statistics)
    for i, day in enumerate(days):
        hidden = type(site)(site.observed.hide(site.observed.days == day), site.radar)
        alone = of_site(hidden, days[i : i + 1], statistics)
        np.testing.assert_allclose(together.mean[i], alone.mean[0], atol=0.2)
        np.testing.assert_allclose(together.sd[i], alone.sd[0], atol=0.06)
        assert np.abs(together.mean[i] - alone.mean[0]).mean() < 0.03


def test_a_day_does_not_hear_of_its_own_scene(monkeypatch):
    """Not through the pixel's mean either: with few scenes, a mean that has seen the day would give it away."""
    monkeypatch.setattr(pixel_process, "NOISE_SLOPE", 0.0)  # only the noise of other scenes is judged with it
    for others in ([1, np.nan, np.nan, 1.5], [np.nan, np.nan, np.nan, 2], [1, 2, np.nan, 1]):
        with_own = list(others)
        with_own[2] = 5.0
        alone, own = (temporal_prior(observed(series), passes(), DAYS[2:3], NO_SCENES) for series in (others, with_own))
        assert own.mean.item() == pytest.approx(alone.mean.item(), abs=1e-3)
        assert own.sd.item() == pytest.approx(alone.sd.item(), abs=1e-3)


def test_scenes_and_passes_that_show_nothing_change_nothing():
    """Which ones are listed differs from tile to tile."""
    rng = np.random.default_rng(3)
    days = np.arange(100, 200, 10).astype(np.int32)
    lai = rng.uniform(0, 4, (10, 8, 8)).astype(np.float32)
    lai[rng.random((10, 8, 8)) < 0.4] = np.nan
    lai[2:6, :, :4] = np.nan  # beyond the edge of a swath
    values = rng.normal(0, 2, (9, 3, 8, 8)).astype(np.float32)
    valid = np.ones((9, 8, 8), bool)
    valid[1:7:2, :, :4] = False
    values[~np.broadcast_to(valid[:, None], values.shape)] = 0
    targets = np.array([104, 140, 151], np.int32)

    def prior(scenes, columns, seen):
        o = ObservedLai(
            lai[scenes][..., columns],
            np.isfinite(lai)[scenes][..., columns],
            np.ones((8, 8), bool)[:, columns],
            np.isfinite(lai)[scenes][..., columns],
            days[scenes],
        )
        part = values[seen][..., columns]
        when = np.arange(98, 98 + 9 * 11, 11).astype(np.int32)[seen]
        r = RadarAnomalies(part, part, valid[seen][..., columns], when, np.ones(len(when), bool), when * 0.0)
        return temporal_prior(o, r, targets, COUPLED)

    left = slice(0, 4)
    whole = prior(slice(None), slice(None), slice(None))
    part = prior([0, 1, 6, 7, 8, 9], left, [0, 2, 4, 6, 7, 8])
    np.testing.assert_allclose(part.mean, whole.mean[..., left], atol=1e-5)
    np.testing.assert_allclose(part.sd, whole.sd[..., left], atol=1e-5)


def test_an_outlier_of_the_day_itself_moves_its_prior_hardly():
    calm, spike = observed([1, 2, 2, 1]), observed([1, 2, 7, 1])
    on_the_day, next_day = (
        [temporal_prior(o, passes(), DAYS[2:3] + later, NO_SCENES).mean.item() for o in (calm, spike)]
        for later in (0, 1)
    )
    assert abs(on_the_day[1] - on_the_day[0]) < 0.3
    assert next_day[1] - next_day[0] > 1


def test_radar_moves_lai_as_it_does_in_the_area():
    """Backscatter that rises between two looks raises LAI there, where the two rise together; not where they do not."""
    look = observed([1, 2, np.nan, 1])
    risen = passes([0, 0, 0, 2, 3, 3, 3, 2, 0, 0, 0, 0, 0])
    day = np.array([127], np.int32)

    def prior(radar, statistics):
        found = temporal_prior(look, radar, day, statistics)
        return found.mean.item(), found.sd.item()

    (flat, wide), (up, narrow) = prior(passes(), COUPLED), prior(risen, COUPLED)
    assert up > flat + 0.2
    assert narrow < wide
    assert prior(risen, NO_SCENES)[0] == pytest.approx(prior(passes(), NO_SCENES)[0], abs=1e-3)


def test_it_is_the_textbook_process_of_lai_and_radar_together():
    """One pixel: the same as one system of equations of all its observations, LAI, VH and VH - VV."""
    settings = GpSettings(least_share=1.0)
    look, rng = observed([1, 2, 1.5, 1]), np.random.default_rng(0)
    radar = passes(rng.normal(0, 2, 9), first=95, step=8)
    day = np.array([120], np.int32)
    found = temporal_prior(look, radar, day, COUPLED, settings)

    def alike(days, others):
        scaled = np.sqrt(3) * np.abs(np.subtract.outer(days, others)) / settings.length_days
        return (1 + scaled) * np.exp(-scaled)

    covariance = COUPLED.covariance.astype(float)
    signal = np.diag([1, 0.3 * 2.25, 0.3 * 1.0])
    most = 0.9 * np.sqrt(signal[0, 0] * signal.diagonal()[1:])
    signal[0, 1:] = signal[1:, 0] = settings.coupling * np.clip(covariance[0, 1:], -most, most)
    signal += max(1e-4 - np.linalg.eigvalsh(signal).min(), 0) * np.eye(3)
    days = np.concatenate([DAYS, radar.days, radar.days]).astype(float)
    output = np.repeat([0, 1, 2], [len(DAYS), len(radar.days), len(radar.days)])
    level = (look.lai.sum() + MEAN_BELIEF * 1.5) / (4 + MEAN_BELIEF)
    values = np.concatenate([look.lai.ravel() - level, radar.fine[:, 1].ravel(), radar.fine[:, 2].ravel()])
    noise_of_lai = settings.scene_noise * (NOISE_FLOOR + NOISE_SLOPE * look.lai.mean())  # all four are neighbours
    noise = np.choose(output, [noise_of_lai**2, 0.7 * 2.25, 0.7 * 1.0])
    gram = signal[np.ix_(output, output)] * alike(days, days) + np.diag(noise)
    cross = signal[0, output] * alike(day.astype(float), days)[0]
    weights = np.linalg.solve(gram, cross)
    assert found.mean.item() == pytest.approx(level + weights @ values, abs=2e-3)
    assert found.sd.item() == pytest.approx(np.sqrt(signal[0, 0] - weights @ cross), abs=2e-3)


def test_statistics_learn_how_an_area_moves():
    rng = np.random.default_rng(0)
    days = np.arange(0, 400, 10).astype(np.int32)
    vh = rng.normal(0, 2, (len(days), 6, 6)).astype(np.float32)
    lai = 2 + 0.4 * vh
    seen = np.ones(lai.shape, bool)
    radar = RadarAnomalies(
        np.stack([0 * vh, vh, vh], axis=1), np.stack([0 * vh, vh, vh], axis=1), seen, days, seen[:, 0, 0], days * 0.0
    )
    look = ObservedLai(lai, seen, seen[0], seen, days)

    class Seen:
        observed = look

    found = area_statistics([Seen()], [radar])
    assert found.mean == pytest.approx(2, abs=0.1)
    share = len(days) / (len(days) + 3)
    assert found.covariance[0, 1] == pytest.approx(0.4 * vh.var() * share, rel=0.1)
    np.testing.assert_allclose(area_statistics([], []).covariance, USUAL_COVARIANCE)


def test_far_from_any_observation_the_spread_is_that_of_the_process():
    found = temporal_prior(observed([1, 2, 2, 1]), passes(), np.array([130, 131, 600], np.int32), NO_SCENES)
    assert found.sd[0] > found.sd[1]
    assert found.sd[2].item() == pytest.approx(1, abs=1e-3)


def test_no_observation_at_all_is_finite_and_wide():
    found = temporal_prior(observed([np.nan] * 4), passes([0, 1, 0]), DAYS, NO_SCENES)
    assert np.isfinite(found.mean).all()
    assert (found.sd > 0.99).all()


def test_lai_is_never_negative(site):
    low = type(site)(
        ObservedLai(
            site.observed.lai * 0.02,
            site.observed.clear,
            site.observed.land,
            site.observed.in_domain,
            site.observed.days,
        ),
        site.radar,
    )
    days = np.arange(site.observed.days[0] - 50, site.observed.days[-1] + 50, 25, dtype=np.int32)
    assert (of_site(low, days, area_statistics([low])).mean >= 0).all()
