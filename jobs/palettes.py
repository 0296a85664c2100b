"""From values to the 8 bits of every picture: colours by number, as the legend has them; number 0 is transparent."""

from __future__ import annotations

from functools import cache

import numpy as np

from jobs.legends import STEPS, Legend

_NUMBERS = 256
HATCHED, _STRIPE = 254, 255
"""Numbers of a hatching: all of it is the first until it is striped."""
STRIPE_PX = 4


def numbers(values: np.ndarray, legend: Legend, quality: np.ndarray | None = None) -> np.ndarray:
    """Return the colour's number of every value.

    Args:
        values: (H, W) in the asset's unit, NaN where there is no data.
        legend: of the asset.
        quality: (H, W) classes, NaN where there is no data; None hatches nothing.

    Returns:
        (H, W) uint8: 0 where there is no data; a class's value; 1 + the number in a ramp's table; `HATCHED`.
    """
    known = np.isfinite(values)
    filled = np.where(known, values, 0)
    if legend.ramp is None:
        return np.where(known & np.isin(filled, [c.value for c in legend.classes]), filled, 0).astype(np.uint8)
    shares = np.clip(filled / legend.ramp.maximum, 0, 1)
    found = np.where(known, 1 + np.round(shares * (STEPS - 1)), 0).astype(np.uint8)
    if quality is not None and legend.hatched is not None:
        found[quality == legend.hatched.quality.value] = HATCHED
    return found


def stripes(shape: tuple[int, int]) -> np.ndarray:
    """Return (H, W) True on every other of the stripes that run through a picture; those of two tiles meet."""
    rows, columns = np.indices(shape)
    return np.asarray((rows + columns) // STRIPE_PX % 2 == 1)


def striped(coloured: np.ndarray) -> np.ndarray:
    """Return colour numbers (H, W) with the hatched ones in stripes."""
    return np.where((coloured == HATCHED) & stripes(coloured.shape), np.uint8(_STRIPE), coloured)


@cache
def palette(legend: Legend) -> np.ndarray:
    """Return the colour of every number, (256, 3) uint8; that of number 0 is never shown."""
    colours = np.zeros((_NUMBERS, 3), np.uint8)
    if legend.ramp is None:
        for quality in legend.classes:
            colours[quality.value] = quality.colour
        return colours
    colours[1 : STEPS + 1] = legend.ramp.table()
    if legend.hatched is not None:
        colours[HATCHED], colours[_STRIPE] = legend.hatched.colours
    return colours
