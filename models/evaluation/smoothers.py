"""Classical smoothers of one pixel's series, which every table stands beside.

They see what is visible of a hidden day, as the networks do, and no radar.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.linalg import solveh_banded
from scipy.signal import savgol_filter

from models.series import FloatArray, IntArray, ObservedLai

SAVGOL_DAYS, SAVGOL_ORDER = 61, 2
"""Window and order on the daily series; two months, as the 7 ten-day composites of Chen et al. (2004)."""
PENALTIES = 10.0 ** np.arange(1, 7)
"""Candidates of Whittaker's lambda on a daily grid."""
FOLDS, SAMPLED = 5, 64
"""Lambda is chosen for a site by leaving out a fifth of the observations of so many pixels, in turn."""

_Series = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""Days (n,) of a pixel's observations, their LAI (n,) and the target days (D,) → LAI (D,)."""


def pchip(observed: ObservedLai, target_days: IntArray) -> FloatArray:
    """Return (D, H, W) LAI by monotone cubic interpolation (Fritsch and Carlson 1980), constant past the ends."""
    return _per_pixel(_pchip, observed, target_days)


def savitzky_golay(observed: ObservedLai, target_days: IntArray) -> FloatArray:
    """Return (D, H, W) LAI by a Savitzky-Golay filter on the daily series of straight lines (Chen et al. 2004)."""
    return _per_pixel(_savitzky_golay, observed, target_days)


def whittaker(observed: ObservedLai, target_days: IntArray) -> FloatArray:
    """Return (D, H, W) LAI by Whittaker's smoother (Eilers 2003), lambda chosen by cross-validation on the site."""
    penalty = _best_penalty(observed)

    def smooth(days: np.ndarray, lai: np.ndarray, targets: np.ndarray) -> np.ndarray:
        return _whittaker(days, lai, targets, penalty)

    return _per_pixel(smooth, observed, target_days)


def _per_pixel(method: _Series, observed: ObservedLai, target_days: IntArray) -> FloatArray:
    """Return (D, H, W); NaN where a pixel was never seen, its one value where it was seen once."""
    scenes, height, width = observed.lai.shape
    series = observed.lai.reshape(scenes, height * width).T
    out = np.full((height * width, len(target_days)), np.nan, np.float32)
    days = observed.days.astype(np.float64)
    for pixel, values in enumerate(series):
        seen = np.isfinite(values)
        if seen.sum() > 1:
            out[pixel] = method(days[seen], values[seen].astype(np.float64), target_days.astype(np.float64))
        elif seen.any():
            out[pixel] = values[seen][0]
    return np.maximum(out.T.reshape(-1, height, width), 0)


def _pchip(days: np.ndarray, lai: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return np.asarray(PchipInterpolator(days, lai)(np.clip(targets, days[0], days[-1])))


def _savitzky_golay(days: np.ndarray, lai: np.ndarray, targets: np.ndarray) -> np.ndarray:
    margin = SAVGOL_DAYS // 2
    grid = np.arange(min(days[0], targets.min()) - margin, max(days[-1], targets.max()) + margin + 1)
    smooth = savgol_filter(np.interp(grid, days, lai), SAVGOL_DAYS, SAVGOL_ORDER)
    return np.asarray(np.interp(targets, grid, smooth))


def _whittaker(days: np.ndarray, lai: np.ndarray, targets: np.ndarray, penalty: float) -> np.ndarray:
    first = min(days[0], targets.min())
    length = max(3, int(max(days[-1], targets.max()) - first) + 1)
    weight, weighted = np.zeros(length), np.zeros(length)
    position = (days - first).astype(int)
    weight[position], weighted[position] = 1, lai
    smooth = solveh_banded(_second_differences(length, penalty, weight), weighted, check_finite=False)
    return np.asarray(smooth[(targets - first).astype(int)])


def _second_differences(length: int, penalty: float, weight: np.ndarray) -> np.ndarray:
    """Return W + lambda D'D as upper bands (3, length), D taking second differences."""
    bands = np.zeros((3, length))
    for k, coefficient in enumerate((1.0, -2.0, 1.0)):
        for j, other in enumerate((1.0, -2.0, 1.0)[k:]):
            bands[2 - j, k + j : length - 2 + k + j] += penalty * coefficient * other
    bands[2] += weight + 1e-9
    return bands


def _best_penalty(observed: ObservedLai) -> float:
    """Return the lambda that predicts left-out observations of the site best."""
    rng = np.random.default_rng(0)
    series = observed.lai.reshape(len(observed.days), -1).T
    enough = np.flatnonzero(np.isfinite(series).sum(axis=1) > 2 * FOLDS)
    if not len(enough):
        return float(PENALTIES[len(PENALTIES) // 2])
    errors = np.zeros(len(PENALTIES))
    for pixel in rng.choice(enough, min(SAMPLED, len(enough)), replace=False):
        seen = np.isfinite(series[pixel])
        days, lai = observed.days[seen].astype(np.float64), series[pixel, seen].astype(np.float64)
        fold = rng.permutation(len(days)) % FOLDS
        for out in range(FOLDS):
            left, kept = fold == out, fold != out
            for i, penalty in enumerate(PENALTIES):
                errors[i] += ((_whittaker(days[kept], lai[kept], days[left], float(penalty)) - lai[left]) ** 2).sum()
    return float(PENALTIES[errors.argmin()])
