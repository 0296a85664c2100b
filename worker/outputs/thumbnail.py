"""A small picture of each date."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
from PIL import Image

from jobs.keys import asset_file
from jobs.legends import LEGENDS, WATER
from jobs.palettes import numbers, palette
from worker.outputs.assets import LAI, QUALITY_ASSET
from worker.outputs.small_rasters import enlarged, hatching, read_small

SIDE_PX = 256
_LEGEND = LEGENDS[LAI.name]


def write_thumbnail(folder: Path, day: date) -> None:
    """Write the LAI of a date, whose rasters are there, as a PNG with transparent gaps; at most 256 pixels a side."""
    lai, quality = (read_small(folder / asset_file(asset.name, day), SIDE_PX) for asset in (LAI, QUALITY_ASSET))
    opacity = np.where(np.arange(256) == 0, 0, 255).astype(np.uint8)  # number 0 is no data
    colours = np.column_stack([palette(_LEGEND), opacity])
    picture = enlarged(colours[numbers(LAI.decode(lai), _LEGEND)], SIDE_PX)
    over = hatching(quality == WATER.quality.value, SIDE_PX)
    Image.fromarray(np.where(over[..., 3:] > 0, over, picture)).save(folder / f"thumbnail-{day}.png")
