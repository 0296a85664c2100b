"""A small picture of each date."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib import colormaps
from PIL import Image

from models.series import FloatArray

SIDE_PX = 256
LAI_SHOWN = 6.0
"""m2/m2 at the bright end of the colours; crops rarely exceed it."""
PALETTE = "viridis"


def write_thumbnail(path: Path, lai: FloatArray) -> None:
    """Write LAI (H, W) as a PNG with transparent gaps, at most 256 pixels wide and high."""
    colours = colormaps[PALETTE](np.clip(np.nan_to_num(lai) / LAI_SHOWN, 0, 1), bytes=True)
    colours[..., 3] = np.where(np.isfinite(lai), 255, 0)
    image = Image.fromarray(colours)
    scale = SIDE_PX / max(image.size)
    size = tuple(max(1, round(side * scale)) for side in image.size)
    image.resize((size[0], size[1]), Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BOX).save(path)
