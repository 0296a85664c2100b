"""Classical methods: what each must do on series whose answer is known, and that none sees what is hidden."""

from dataclasses import replace

import numpy as np
import pytest

from models.evaluation.baselines import estimator
from models.evaluation.classical import classical
from models.evaluation.gaussian import gaussian_process, multi_output_gaussian_process
from models.evaluation.hidden import estimate_hidden
from models.evaluation.scenarios import GAP15, REAL_CLOUD, hide, scorable_scenes
from models.evaluation.smoothers import pchip, savitzky_golay, whittaker
from models.series import ObservedLai, RadarSeries, Site


def series(days, values) -> ObservedLai:
    lai = np.asarray(values, np.float32)[:, None, None] * np.ones((1, 2, 2), np.float32)
    seen = np.isfinite(lai)
    return ObservedLai(lai, seen, np.ones((2, 2), bool), seen, np.asarray(days, np.int32))


@pytest.mark.parametrize("method", [pchip, savitzky_golay, whittaker])
def test_a_straight_line_stays_one(method):
    days = np.arange(0, 200, 10)
    found = method(series(days, 1 + 0.01 * days), np.array([45, 105], np.int32))
    np.testing.assert_allclose(found[:, 0, 0], [1.45, 2.05], atol=0.03)


@pytest.mark.parametrize("method", [pchip, savitzky_golay, whittaker])
def test_a_pixel_seen_once_or_never(method):
    once = series([0, 10], [np.nan, 2.0])
    assert (method(once, np.array([50], np.int32)) == 2).all()
    never = series([0, 10], [np.nan, np.nan])
    assert np.isnan(method(never, np.array([50], np.int32))).all()


def test_pchip_does_not_overshoot():
    found = pchip(series([0, 10, 20, 30], [1, 1, 4, 4]), np.arange(0, 31, dtype=np.int32))
    assert found.min() >= 1
    assert found.max() <= 4


def test_whittaker_smooths_noise():
    days = np.arange(0, 300, 5)
    noise = np.random.default_rng(0).normal(0, 0.3, len(days))
    truth = 2 + np.sin(days / 50)
    found = whittaker(series(days, truth + noise), days.astype(np.int32))[:, 0, 0]
    assert np.std(found - truth) < 0.7 * np.std(noise)


def test_a_pixel_that_was_never_seen_stays_unknown_and_harms_no_other():
    days = np.arange(0, 200, 10)
    observed = series(days, 1 + 0.01 * days)
    observed.lai[:, 0, 0] = np.nan
    radar = RadarSeries(*(np.zeros(0, "f4") for _ in range(5)))
    found = gaussian_process(Site(observed, radar), np.array([45], np.int32))[0]
    assert np.isnan(found[0, 0])
    np.testing.assert_allclose(found[1], 1.45, atol=0.15)


def test_the_process_smooths_noise_and_follows_change():
    """What it averages over suits the site: steady land with noisy scenes, and fast land with exact ones."""
    days, rng = np.arange(0, 300, 5), np.random.default_rng(0)
    radar = RadarSeries(*(np.zeros(0, "f4") for _ in range(5)))
    shown = np.arange(30, 270, 30, dtype=np.int32)

    def error(truth, noise):
        observed = series(days, truth + noise)
        hidden = observed.hide(np.isin(observed.days, shown))
        return np.std(gaussian_process(Site(hidden, radar), shown)[:, 0, 0] - truth[np.isin(days, shown)])

    noise = rng.normal(0, 0.4, len(days))
    assert error(2 + np.sin(days / 80), noise) < 0.6 * np.std(noise)
    assert error(2 + np.sin(days / 10), 0 * noise) < 0.25


def test_the_process_with_radar_sees_what_happens_in_a_gap():
    """A rise and fall inside the gap, which backscatter shows and LAI does not."""
    rng = np.random.default_rng(0)

    def lai(days):
        return 2 + np.sin(days / 12)

    optical, passes = np.arange(0, 400, 5), np.arange(0, 400, 6)
    decibels = np.stack([np.full(len(passes), -12.0), -20 + 2 * lai(passes)], axis=1)[:, :, None, None]
    decibels = decibels + rng.normal(0, 0.2, (*decibels.shape[:2], 2, 2))
    count = len(passes)
    radar = RadarSeries(
        power=(10 ** (decibels / 10)).astype("f4"),
        days=passes.astype(np.int32),
        orbits=np.full(count, 1, np.int32),
        ascending=np.full(count, True),
        cos_incidence=np.full(count, 0.78, "f4"),
    )
    observed = series(optical, lai(optical))
    day = np.array([207], np.int32)  # a trough
    hidden = Site(observed.hide(np.abs(observed.days - 207) <= 15), radar)
    alone, together = (method(hidden, day)[0, 0, 0] for method in (gaussian_process, multi_output_gaussian_process))
    assert abs(together - lai(207)) < 0.6 * abs(alone - lai(207))


@pytest.fixture(scope="module", params=[GAP15, REAL_CLOUD], ids=lambda s: s.name)
def case(request, site):
    small = Site(
        replace(site.observed, **{k: v[..., :12, :12] for k, v in maps(site).items()}),
        replace(site.radar, power=site.radar.power[..., :12, :12]),
    )
    found = (hide(small, i, request.param, np.random.default_rng(2)) for i in scorable_scenes(small.observed))
    return next(case for case in found if case is not None)


def maps(site):
    return {name: getattr(site.observed, name) for name in ("lai", "clear", "land", "in_domain")}


def test_every_method_answers_on_the_scored_pixels(case):
    hidden = estimate_hidden([case], [estimator(n, m) for n, m in classical(case.scenario).items()])
    assert {"nearest", "linear", "Whittaker", "GP", "multi-output GP (S1 + S2)"} <= set(hidden.estimates)
    assert ("GP + kriged residual" in hidden.estimates) == case.scenario.partly_visible
    for name, estimate in hidden.estimates.items():
        assert np.isfinite(estimate.lai).all(), name
        assert (estimate.lai >= 0).all(), name


def test_only_the_process_with_radar_listens_to_radar(case):
    methods = classical(case.scenario)
    days = np.array([case.day], np.int32)
    power = case.site.radar.power.copy()
    near = np.abs(case.site.radar.days - case.day) < 10
    power[near, 1] *= 2
    other = Site(case.site.observed, replace(case.site.radar, power=power))
    assert np.array_equal(methods["GP"](case.site, days), methods["GP"](other, days))
    name = "multi-output GP (S1 + S2)"
    assert not np.array_equal(methods[name](case.site, days), methods[name](other, days))


def test_what_the_day_shows_moves_what_it_hides(site):
    """A scene that lies 1 above expectation lifts its hidden pixels too."""
    case = next(c for i in scorable_scenes(site.observed) if (c := hide(site, i, REAL_CLOUD, np.random.default_rng(2))))
    lai = case.site.observed.lai.copy()
    lai[case.site.observed.index_of(np.array([case.day]))[0]] += 1
    lifted = Site(replace(case.site.observed, lai=lai), case.site.radar)
    methods, days = classical(REAL_CLOUD), np.array([case.day], np.int32)
    for name in ("GP + offset", "GP + kriged residual"):
        change = (methods[name](lifted, days) - methods[name](case.site, days))[0][case.scored]
        assert change.mean() > 0.3, name
