"""What a partly visible scene says of its hidden part, the classical way: one offset, or a kriged residual.

Both stand on a Gaussian process over time. They matter where clouds hide part of the target scene; where they hide all
of it, both are that process.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from models.evaluation.baselines import linear
from models.evaluation.gaussian import gaussian_process
from models.noise import observation_noise
from models.series import FloatArray, IntArray, Site

SAMPLED = 400
"""Visible pixels that are kriged from; more change nothing and cost their cube."""
RANGE_PX, LIKENESS = 4.0, 0.5
"""Pixels and m2/m2 over which a residual stays alike: in space, and between LAI histories."""
SHARES = (0.3, 0.5, 0.2)
"""Of a residual's variance: shared by the scene, by pixels of one history, by neighbours; our choice."""
HISTORY_DAYS = (-90, -60, -40, -25, 25, 40, 60, 90)
"""Days from the target at which pixels are compared."""
SCALE = 0.5
"""m2/m2; standard deviation of a residual."""


def offset(site: Site, target_days: IntArray) -> FloatArray:
    """Return (D, H, W) LAI of the process, moved by the mean residual of what each target day shows."""
    base = _process_of_other_days(site, target_days)
    residual = site.observed.on(target_days) - base
    seen = np.isfinite(residual)
    count = seen.sum(axis=(1, 2))
    mean = np.where(seen, residual, 0).sum(axis=(1, 2)) / np.maximum(count, 1)
    return np.asarray(np.maximum(base + mean[:, None, None], 0), np.float32)


def kriging(site: Site, target_days: IntArray) -> FloatArray:
    """Return (D, H, W) LAI of the process plus the residual kriged from what each target day shows.

    The covariance of residuals has a part for the whole scene, one for pixels of like LAI histories (they carry the
    same crop) and one for neighbours.
    """
    base = _process_of_other_days(site, target_days)
    residual = site.observed.on(target_days) - base
    return np.stack(
        [
            np.maximum(level + _kriged(site, int(day), level, left), 0)
            for day, level, left in zip(target_days, base, residual, strict=True)
        ]
    )


def _process_of_other_days(site: Site, target_days: IntArray) -> FloatArray:
    """Return (D, H, W) the process on each target day, which has not seen the day: else nothing would be left over."""
    observed = site.observed
    maps = []
    for day in target_days:
        others = replace(site, observed=observed.hide(observed.days == day))
        maps.append(gaussian_process(others, np.array([day], np.int32))[0])
    return np.stack(maps)


def _kriged(site: Site, day: int, level: FloatArray, residual: FloatArray) -> FloatArray:
    """Return the residual everywhere (H, W), given where it is known (NaN elsewhere)."""
    known = np.flatnonzero(np.isfinite(residual))
    if not len(known):
        return np.zeros_like(level)
    if len(known) > SAMPLED:
        known = np.random.default_rng(day).choice(known, SAMPLED, replace=False)
    history = linear(site, (day + np.array(HISTORY_DAYS)).astype(np.int32))
    places = _places(np.nan_to_num(history))  # (H W, F)
    noise = observation_noise(level).reshape(-1)[known] ** 2
    gram = _covariance(places[known], places[known]) + np.diag(0.25 * noise)
    weights = np.linalg.solve(gram, residual.reshape(-1)[known])
    return np.asarray(_covariance(places, places[known]) @ weights, np.float32).reshape(level.shape)


def _places(history: FloatArray) -> FloatArray:
    """Return row, column and history of every pixel, in units of the distances over which residuals stay alike."""
    days, height, width = history.shape
    rows, columns = np.mgrid[:height, :width].reshape(2, -1) / RANGE_PX
    likeness = history.reshape(days, -1) / (LIKENESS * np.sqrt(days))
    return np.concatenate([rows[:, None], columns[:, None], likeness.T], axis=1).astype(np.float32)


def _covariance(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return the covariance (N, M) of residuals at two sets of places, (m2/m2)²."""

    def near(part: slice) -> FloatArray:
        a, b = one[:, part], other[:, part]
        squared = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None] - 2 * a @ b.T
        return np.asarray(np.exp(-0.5 * np.maximum(squared, 0)), np.float32)

    scene, history, neighbour = SHARES
    return np.asarray(SCALE**2 * (scene + history * near(slice(2, None)) + neighbour * near(slice(0, 2))), np.float32)
