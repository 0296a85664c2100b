"""How far a single clear scene lies from the truth, and what of that each pixel has for itself."""

from __future__ import annotations

import numpy as np

from models.series import FloatArray

NOISE_FLOOR, NOISE_SLOPE = 0.10, 0.15
"""m2/m2 and per m2/m2: scatter of single clear scenes, 0.08 below LAI 0.5 and about 1 above 3 on real fields."""
OWN_NOISE = 0.25
"""Share of a scene's noise, as variance, that each pixel has for itself; pixels that are alike share the rest."""


def observation_noise(lai: FloatArray) -> FloatArray:
    """Return the standard deviation of a single clear scene at a level of LAI, m2/m2, shape unchanged."""
    return np.asarray(NOISE_FLOOR + NOISE_SLOPE * np.maximum(lai, 0), dtype=np.float32)
