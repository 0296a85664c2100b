"""How a reconstruction is scored against hidden observations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.series import FloatArray, IntArray

MIN_DATES = 3
"""Fewer say nothing about how skill varies from date to date."""
Z90 = 1.645
"""Half-width of the 90 % interval in standard deviations (normal)."""


@dataclass(frozen=True)
class Score:
    """Figures of one method in one scenario; LAI figures in m2/m2.

    `r2` is the coefficient of determination, not a squared correlation: it falls below zero for a method worse than
    the mean. `rmse_over_sd` is RMSE / standard deviation of the truth = sqrt(1 - r2), comparable between places.
    """

    n: int
    rmse: float
    mae: float
    bias: float
    r2: float
    rmse_over_sd: float
    coverage90: float | None = None
    width90: float | None = None

    def as_json(self) -> dict[str, float | int | None]:
        """Return the figures rounded to what they are worth; figures that do not exist are left out."""
        return {k: (round(v, 4) if isinstance(v, float) else v) for k, v in vars(self).items() if v is not None}


def score(truth: FloatArray, estimate: FloatArray, sigma: FloatArray | None = None) -> Score:
    """Return the figures of an estimate on the same pixels as the truth.

    Args:
        truth: (N,) m2/m2, finite.
        estimate: (N,) m2/m2.
        sigma: (N,) predictive standard deviation, m2/m2.

    Raises:
        ValueError: there is nothing to score, or the estimate has gaps.
    """
    if truth.size == 0 or not np.isfinite(estimate).all():
        raise ValueError(
            f"cannot score {truth.size} pixels, {int((~np.isfinite(estimate)).sum())} of them without estimate"
        )
    error = estimate.astype(np.float64) - truth
    spread = max(float(truth.astype(np.float64).var()), 1e-12)  # where all truth is one value, R2 has no meaning
    mse = float((error**2).mean())
    relative = mse / spread
    covered = None if sigma is None else float((np.abs(error) <= Z90 * sigma).mean())
    width = None if sigma is None else float(2 * Z90 * sigma.mean())
    return Score(
        n=int(truth.size),
        rmse=mse**0.5,
        mae=float(np.abs(error).mean()),
        bias=float(error.mean()),
        r2=1 - relative,
        rmse_over_sd=relative**0.5,
        coverage90=covered,
        width90=width,
    )


def skill_interval(
    truth: FloatArray, ours: FloatArray, theirs: FloatArray, groups: IntArray, *, seed: int = 0, draws: int = 1000
) -> tuple[float, float, float]:
    """Return skill = 1 - RMSE(ours)/RMSE(theirs) and its 90 % interval from a paired bootstrap over dates.

    With fewer than three dates there is nothing to draw from: the interval is unknown, minus to plus infinity.

    Args:
        truth: (N,) hidden observations, m2/m2.
        ours: (N,) estimate whose skill is asked for.
        theirs: (N,) estimate it is measured against.
        groups: (N,) the date of each pixel; whole dates are drawn, since pixels of one date are not independent.
        seed: of the bootstrap.
        draws: of the bootstrap.
    """
    _, code = np.unique(groups, return_inverse=True)
    ours_sse = np.bincount(code, (ours.astype(np.float64) - truth) ** 2)
    theirs_sse = np.bincount(code, (theirs.astype(np.float64) - truth) ** 2)
    theirs_sse = np.maximum(theirs_sse, 1e-12)
    skill = float(1 - np.sqrt(ours_sse.sum() / theirs_sse.sum()))
    if len(ours_sse) < MIN_DATES:
        return skill, -float("inf"), float("inf")
    picks = np.random.default_rng(seed).integers(0, len(ours_sse), (draws, len(ours_sse)))
    skills = 1 - np.sqrt(ours_sse[picks].sum(axis=1) / theirs_sse[picks].sum(axis=1))
    low, high = np.quantile(skills, [0.05, 0.95])
    return skill, float(low), float(high)
