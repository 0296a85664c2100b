"""From Sentinel-2's scene classification to masks: what is clear, and what is far enough from clouds to be used."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from models.series import BoolArray

CLEAR_CLASSES = (4, 5)
"""Vegetation and bare soil; class 7 ("unclassified") is mostly haze or cloud edge and counts as not clear."""
DILATED_CLASSES = (3, 8, 9)
"""Cloud shadow, medium and high cloud probability: their edges leak into the neighbourhood."""
WATER_CLASS, SNOW_CLASS = 6, 11
DILATION_PX = 2


def clear_mask(scl: np.ndarray) -> BoolArray:
    """Return where the scene classification (any shape) says vegetation or bare soil."""
    return np.asarray(np.isin(scl, CLEAR_CLASSES))


def usable_mask(scl: np.ndarray, dilation_px: int = DILATION_PX) -> BoolArray:
    """Return the clear pixels farther than `dilation_px` pixels (a square) from any cloud or shadow.

    Args:
        scl: (T, H, W) scene classification.
        dilation_px: how far clouds and shadows are grown.
    """
    size = 2 * dilation_px + 1
    cloudy = ndimage.maximum_filter(np.isin(scl, DILATED_CLASSES), size=(1, size, size), mode="constant")
    return np.asarray(clear_mask(scl) & ~cloudy)
