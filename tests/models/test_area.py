"""What an area's scenes say of it as a whole, on series whose truth is known."""

import numpy as np
import pytest

from models.area import LEAST_SIGNAL, USUAL_COVARIANCE, USUAL_SCENES, area_statistics
from models.given_radar import GpSettings
from models.noise import observation_noise
from models.prior import temporal_prior
from models.radar import anomalies
from models.series import ObservedLai, RadarSeries, Site

SIDE = 24


def seen(lai: np.ndarray, days: np.ndarray | None = None) -> Site:
    """Clear scenes (T, H, W) of an area that no radar passes over; NaN = not seen."""
    clear = np.isfinite(lai)
    days = 10 * np.arange(len(lai)) if days is None else days
    observed = ObservedLai(lai.astype(np.float32), clear, np.ones(lai.shape[1:], bool), clear, days.astype(np.int32))
    power = np.empty((0, 2, *lai.shape[1:]), np.float32)
    none = np.empty(0, np.int32)
    return Site(observed, RadarSeries(power, none, none, none.astype(bool), none.astype(np.float32)))


def noisy(scenes: int, level: float, variance: float) -> np.ndarray:
    """Scenes of pixels whose LAI has a known variance in time around a level; the noise is as sigma has it."""
    rng = np.random.default_rng(7)
    shape = (scenes, SIDE, SIDE)
    return level + rng.normal(0, variance**0.5, shape) + rng.normal(0, observation_noise(np.array(level)), shape)


def variance_of(*windows: np.ndarray) -> float:
    return float(area_statistics([seen(lai) for lai in windows]).covariance[0, 0])


def with_usual(variance: float, scenes: float) -> float:
    """The variance that so many scenes show, drawn to what is believed of any area."""
    return (USUAL_SCENES * USUAL_COVARIANCE[0, 0] + scenes * variance) / (USUAL_SCENES + scenes)


@pytest.mark.parametrize(("level", "variance"), [(3.0, 0.5), (3.0, 1.5), (5.0, 0.5), (0.5, 0.1)])
def test_the_variance_of_lai_is_that_without_the_noise_of_scenes(level, variance):
    """At a level of 5 the scenes scatter by more than LAI does."""
    assert variance_of(noisy(100, level, variance)) == pytest.approx(with_usual(variance, 99), rel=0.04)


def test_scenes_of_noise_alone_leave_a_quarter_of_their_scatter():
    scatter = float(observation_noise(np.array(3.0))) ** 2
    assert variance_of(noisy(100, 3.0, 0.0)) == pytest.approx(with_usual(LEAST_SIGNAL * scatter, 99), rel=0.04)


def test_pixels_that_are_seldom_seen_show_no_less_variance():
    """The mean of three looks lies near them, and a pixel seen once lies on its own mean: both are made up for."""
    lai = noisy(40, 3.0, 1.5)
    order = np.random.default_rng(3).permuted(np.broadcast_to(np.arange(40)[:, None, None], lai.shape), axis=0)
    seldom = np.where(order < 3, lai, np.nan)
    assert variance_of(seldom) == pytest.approx(with_usual(1.5, 2), rel=0.06)
    seldom[:, : SIDE // 2] = np.where(order[:, : SIDE // 2] < 1, lai[:, : SIDE // 2], np.nan)
    assert variance_of(seldom) == pytest.approx(with_usual(1.5, 1), rel=0.06)


def test_two_windows_alike_say_no_more_than_one():
    lai = noisy(20, 3.0, 0.2)
    assert variance_of(lai, lai) == pytest.approx(variance_of(lai), rel=1e-5)


@pytest.mark.parametrize(("away", "share"), [(2, 0.525), (20, 0.75), (40, 1.0), (80, 1.0)])
def test_the_nearer_the_next_observation_the_more_of_the_straight_line_is_in_the_prior(away, share):
    """Half of the prior is the process beside an observation, all of it 40 days away, and in proportion in between."""
    site = seen(np.array([1.0, 5.0, 2.0])[:, None, None], np.array([100, 300, 320]))
    radar, statistics = anomalies(site.radar), area_statistics([site])
    for day, line in ((100 + away, 1 + 4 * away / 200), (320 + away, 2.0)):

        def prior(settings, day=day):
            return temporal_prior(site.observed, radar, np.array([day], np.int32), statistics, settings).mean.item()

        mixed, process = prior(GpSettings()), prior(GpSettings(least_share=1.0))
        assert (mixed - line) / (process - line) == pytest.approx(share, abs=0.01)
