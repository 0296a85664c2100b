"""A small picture of each date."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from jobs.legends import LAI_RAMP, STEPS
from models.series import FloatArray

SIDE_PX = 256
_COLOURS = np.array([(*colour, 255) for colour in LAI_RAMP.table()], np.uint8)


def write_thumbnail(path: Path, lai: FloatArray) -> None:
    """Write LAI (H, W) as a PNG with transparent gaps, at most 256 pixels wide and high."""
    shares = np.clip(np.nan_to_num(lai) / LAI_RAMP.maximum, 0, 1)
    colours = _COLOURS[np.round(shares * (STEPS - 1)).astype(int)]
    colours[~np.isfinite(lai)] = 0
    image = Image.fromarray(colours)
    scale = SIDE_PX / max(image.size)
    size = tuple(max(1, round(side * scale)) for side in image.size)
    image.resize((size[0], size[1]), Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BOX).save(path)
