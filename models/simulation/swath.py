"""Scenes that end inside the site: the edge of a swath or of a delivered tile."""

from __future__ import annotations

import numpy as np

from models.series import BoolArray

_SHARE = 0.02  # of scenes; real archives over one place hold a few per hundred
_TILT = np.radians(12.0)  # orbits cross the grid at about this angle


def cut_off(rng: np.random.Generator, n: int, size_px: int) -> BoolArray:
    """Return True where a scene has no data, shape (n, size_px, size_px)."""
    found = np.zeros((n, size_px, size_px), dtype=np.bool_)
    rows, columns = np.mgrid[:size_px, :size_px]
    across = columns * np.cos(_TILT) + rows * np.sin(_TILT)
    for scene in np.flatnonzero(rng.random(n) < _SHARE):
        edge = rng.uniform(across.min(), across.max())
        found[scene] = across > edge if rng.random() < 0.5 else across < edge
    return found
