"""A raster of a date as colour numbers: its own values, and the pixels on which they have no meaning."""

from __future__ import annotations

import io
from datetime import date
from typing import Protocol, TypeVar

import numpy as np
from PIL import Image

from jobs.legends import LEGENDS, Legend
from jobs.palettes import numbers, palette, striped
from service.job_rasters import JobRasters
from service.stored_file import StoredRaster

Read = TypeVar("Read", np.ndarray, np.ndarray | None, covariant=True)


class Reader(Protocol[Read]):
    """Reads one piece, the same of every raster; classes are picked, quantities averaged."""

    def __call__(self, raster: StoredRaster, /, *, classes: bool) -> Read:
        """Return the piece of a raster."""


def colour_numbers(job: JobRasters, asset: str, day: date, read: Reader[Read]) -> Read:
    """Return the colour numbers of a piece of a raster, hatched where the quality of the day says so.

    Args:
        job: which.
        asset: key of the raster.
        day: one of its dates.
        read: gives the piece of a raster, (H, W), or None where it does not reach.
    """
    legend = LEGENDS[asset]
    values = read(job.rasters[asset][day], classes=bool(legend.classes))
    if values is None or legend.hatched is None:
        return values if values is None else numbers(values, legend)
    return numbers(values, legend, read(job.rasters["quality"][day], classes=True))


def png(coloured: np.ndarray, legend: Legend) -> bytes:
    """Return a PNG of colour numbers (H, W), transparent where they are 0."""
    image = Image.fromarray(striped(coloured), "P")
    image.putpalette(palette(legend).tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", transparency=0)
    return buffer.getvalue()
