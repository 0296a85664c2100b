"""The season of a job as a moving picture: LAI of every date, one after another."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import lru_cache, partial

import numpy as np

from jobs.legends import LEGENDS
from service.colouring import colour_numbers
from service.drawing import Sheet, draw
from service.job_rasters import JobRasters
from service.rasters import Rasters

WIDEST_PX, NARROWEST_PX = 480, 160
MOST_PX = 8_000_000
"""Of all frames together: some seconds' work, and at most some ten megabytes. More dates make smaller frames."""
_WHOLE_MS, _SHORTEST_MS, _LONGEST_MS = 15_000, 120, 800
_READ_AT_ONCE = 8
_REMEMBERED = 4


def season_sheet(job: JobRasters) -> Sheet:
    """Return the layout of the frames: as wide as all of them together may be."""
    width = WIDEST_PX
    while width > NARROWEST_PX and _pixels(Sheet.of(width, job.shape)) * len(job.dates) > MOST_PX:
        width -= 20
    return Sheet.of(width, job.shape)


def _pixels(sheet: Sheet) -> int:
    return sheet.width * sheet.map_size[1]


@lru_cache(maxsize=_REMEMBERED)
def season_strip(job: JobRasters, rasters: Rasters) -> bytes:
    """Return the animated WebP of a job's LAI; every frame has its date, and says where the scenes are simulated."""
    legend, sheet, days = LEGENDS["lai"], season_sheet(job), job.dates

    def coloured(day: date) -> np.ndarray:
        return colour_numbers(job, "lai", day, partial(rasters.whole, at_most=sheet.read_shape))

    with ThreadPoolExecutor(_READ_AT_ONCE) as pool:
        maps = list(pool.map(coloured, days))
    span = max(1, (days[-1] - days[0]).days)
    frames = [
        draw(colours, legend, day, sheet, simulated=job.simulated, passed=(day - days[0]).days / span)
        for colours, day in zip(maps, days, strict=True)
    ]
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=min(_LONGEST_MS, max(_SHORTEST_MS, _WHOLE_MS // len(days))),
        loop=0,
        lossless=True,  # the colours are the legend's
        quality=50,  # how long to search for a smaller file
        method=2,
    )
    return buffer.getvalue()
