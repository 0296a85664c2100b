"""From values to pictures of 8 bits: colours by number, as the legend has them; number 0 is transparent."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
from PIL import Image

from jobs.legends import STEPS, Legend

_NUMBERS = 256


def numbers(values: np.ndarray, legend: Legend) -> np.ndarray:
    """Return the colour's number of every value.

    Args:
        values: (H, W) in the asset's unit, NaN where there is no data.
        legend: of the asset.

    Returns:
        (H, W) uint8: 0 where there is no data; a class's value; 1 + the number in a ramp's table.
    """
    known = np.isfinite(values)
    filled = np.where(known, values, 0)
    if legend.ramp is None:
        return np.where(known & np.isin(filled, [c.value for c in legend.classes]), filled, 0).astype(np.uint8)
    shares = np.clip(filled / legend.ramp.maximum, 0, 1)
    return np.where(known, 1 + np.round(shares * (STEPS - 1)), 0).astype(np.uint8)


@cache
def palette(legend: Legend) -> np.ndarray:
    """Return the colour of every number, (256, 3) uint8; that of number 0 is never shown."""
    colours = np.zeros((_NUMBERS, 3), np.uint8)
    if legend.ramp is None:
        for quality in legend.classes:
            colours[quality.value] = quality.colour
        return colours
    colours[1:] = legend.ramp.table()
    return colours


def png(coloured: np.ndarray, legend: Legend) -> bytes:
    """Return a PNG of colour numbers (H, W), transparent where they are 0."""
    image = Image.fromarray(coloured, "P")
    image.putpalette(palette(legend).tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", transparency=0)
    return buffer.getvalue()
