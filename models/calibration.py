"""Sigma: how far a clear scene of the day would lie from the reconstruction, held to what hidden days show."""

from __future__ import annotations

import numpy as np

from models.evaluation.metrics import Z90
from models.noise import OWN_NOISE, observation_noise
from models.series import FloatArray

DAYS_OF_PRIOR_BELIEF = 4.0
"""The published factor counts as much as so many hidden days of the AOI's own: a handful makes no quantile."""
FACTOR_RANGE = (0.6, 2.5)


def raw_sigma(lai: FloatArray, sd: FloatArray, told: FloatArray | None = None) -> FloatArray:
    """Return the uncalibrated sigma, m2/m2: spread of the prior and noise of a single scene, added in squares.

    Args:
        lai: reconstructed LAI, m2/m2.
        sd: standard deviation of the temporal prior, m2/m2, same shape.
        told: how much of it the day's own scene tells, 0..1; nothing where left out.
    """
    noise = observation_noise(lai) ** 2
    variance = sd**2 + noise
    if told is not None:
        variance = (1 - told) * variance + told * OWN_NOISE * noise
    return np.asarray(np.sqrt(variance), dtype=np.float32)


def fit_factor(truth: FloatArray, lai: FloatArray, raw: FloatArray) -> float:
    """Return the factor on raw sigma that makes 90 % of the hidden pixels fall into the 90 % interval.

    Args:
        truth: (N,) hidden observations, m2/m2.
        lai: (N,) reconstruction there.
        raw: (N,) its uncalibrated sigma.
    """
    relative = np.abs(truth - lai) / raw
    return float(np.clip(np.quantile(relative, 0.9) / Z90, *FACTOR_RANGE))


def shrink_factor(published: float, own: float, days: int) -> float:
    """Return the AOI's factor, drawn towards the published one where few hidden days speak.

    Args:
        published: factor of the weights.
        own: factor fitted on the AOI's hidden days.
        days: how many days it was fitted on.
    """
    share = days / (days + DAYS_OF_PRIOR_BELIEF)
    return float(np.exp((1 - share) * np.log(published) + share * np.log(own)))
