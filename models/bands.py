"""Band order, and the one way from linear power to decibels."""

from __future__ import annotations

import numpy as np

from models.series import FloatArray

S2_BANDS = ("B03", "B04", "B05", "B06", "B07", "B8A", "B11", "B12")
"""Sentinel-2 bands of the LAI network, in its order (S2ToolBox Level-2 products ATBD)."""

LAI_MAX = 8.0
"""m2/m2; upper end of the LAI network's output range."""


def to_decibels(power: FloatArray, floor: float = 1e-5) -> FloatArray:
    """Return linear power in decibels; NaN stays NaN.

    Args:
        power: any shape, linear power.
        floor: smallest power told apart; -50 dB lies below the noise of Sentinel-1 (about -25 dB).
    """
    return np.asarray(10.0 * np.log10(np.maximum(power, floor)), dtype=np.float32)
