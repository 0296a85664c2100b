"""One band of one scene on a grid: a plain window where grids agree, a warp where they do not."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import rasterio
from affine import Affine, AffineError
from odc.geo.geobox import GeoBox
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from jobs.redaction import without_keys

GDAL_SETTINGS = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",  # a listing per file is a request per file
    "GDAL_HTTP_MAX_RETRY": "1",  # one hiccup is GDAL's, more are the reader's: tries multiply
    "GDAL_HTTP_RETRY_DELAY": "0.5",
    "GDAL_HTTP_CONNECTTIMEOUT": "20",  # a silent archive must not hold a step for ever
    "GDAL_HTTP_LOW_SPEED_TIME": "30",
    "GDAL_HTTP_LOW_SPEED_LIMIT": "1000",
    "GDAL_HTTP_MERGE_CONSECUTIVE_RANGES": "YES",  # neighbouring blocks in one request
    "GDAL_HTTP_MULTIPLEX": "YES",
    "VSI_CACHE": "TRUE",  # headers are read in small pieces
    "GDAL_NUM_THREADS": "1",  # scenes are read in parallel; two pools on the same cores fight
}
DRIVERS = {".tif": "GTiff", ".tiff": "GTiff", ".jp2": "JP2OpenJPEG"}
"""Formats that a catalogue may hold; anything else a href points to is not opened, virtual formats least of all."""
ALIGNED_PX = 1e-3
UNREADABLE = (RasterioError, CPLE_BaseError, AffineError, ArithmeticError, OSError, ValueError)
"""What an odd file gives rise to. GDAL's own errors and those of impossible grids pass through rasterio as they are."""
NOWHERE = "127.0.0.1:9"
MOST_BYTES = 64 * 2**20
"""Of a block as it is decoded, and of a window: a tile's is some 5 MB, the largest blocks of archives are 8."""


class OddFile(ValueError):
    """A file that is not read, whatever else it holds; says why in words that may be told to customers."""


def _cleaned(record: logging.LogRecord) -> bool:
    record.msg, record.args = without_keys(record.getMessage()), None
    return True


for name in ("rasterio._env", "rasterio._err", "rasterio._io", "rasterio._base"):
    logging.getLogger(name).addFilter(_cleaned)  # what GDAL says is logged there with the URLs it has opened


@contextmanager
def gdal(**more: Any) -> Iterator[None]:  # noqa: ANN401 - GDAL's own
    """Run with GDAL's settings for reading scenes, and some more."""
    with rasterio.Env(**(GDAL_SETTINGS | more)):
        yield


def read_band(href: str, geobox: GeoBox, nodata: float | None, *, nearest: bool = False) -> np.ndarray:
    """Return one band on a grid as (H, W) float32, NaN where there is no data.

    Args:
        href: path or URL of a GeoTIFF or JPEG 2000.
        geobox: the grid.
        nodata: where the file does not say so itself.
        nearest: for classes; other values are averaged where the grid is coarser and interpolated where it is finer.

    Raises:
        RasterioError: the file cannot be read.
        OddFile: it does not say where it lies, or is too large.
        ValueError: it is of no allowed format.
    """
    with open_band(href) as source:
        missing = source.nodata if source.nodata is not None else nodata
        factor = _aligned_factor(source, geobox)
        if factor is None:
            return _warp(source, geobox, missing, nearest=nearest)
        values = _window(source, geobox, factor, missing)
    return _average(values, factor) if factor > 1 and not nearest else values[::factor, ::factor]


def open_band(href: str) -> DatasetReader:
    """Return an open GeoTIFF or JPEG 2000.

    Raises:
        RasterioError: the file cannot be read.
        OddFile: it does not say where it lies, or its blocks are too large.
        ValueError: it is of no allowed format.
    """
    source = rasterio.open(href, driver=_driver(href))
    try:
        _check(source)
    except BaseException:
        source.close()
        raise
    return source


def _check(source: DatasetReader) -> None:
    """Refuse a file of which one pixel would take too much memory, or whose pixels would land anywhere.

    Raises:
        OddFile: it is one.
    """
    if source.crs is None or source.transform.is_identity:
        raise OddFile("a file does not say where it lies")
    for rows, columns in source.block_shapes:
        check_size(rows, columns, source)


def check_size(rows: float, columns: float, source: DatasetReader) -> None:
    """Refuse to decode so many pixels of a file that they would fill the memory.

    Raises:
        OddFile: they would.
    """
    if rows * columns * np.dtype(source.dtypes[0]).itemsize > MOST_BYTES:
        raise OddFile(f"a file would have to be read in pieces of more than {MOST_BYTES // 2**20} MB")


def forget(href: str) -> None:
    """Make GDAL ask for a remote file again: it remembers a failure of a URL for as long as the process lives."""
    if "://" not in href:
        return
    # As it closes, what is known of it goes. The archive is not asked: by way of a proxy that is none, opening fails.
    options = {"GDAL_HTTP_PROXY": NOWHERE, "GDAL_HTTPS_PROXY": NOWHERE, "GDAL_HTTP_MAX_RETRY": "0"}
    with rasterio.Env(CPL_VSIL_CURL_NON_CACHED="/vsicurl/:/vsis3/", **options), suppress(*UNREADABLE):
        open_band(href).close()


def _driver(href: str) -> str:
    suffix = PurePosixPath(urlsplit(href).path).suffix.lower()
    if suffix not in DRIVERS or href.startswith("/vsi"):
        raise ValueError(f"{href.partition('?')[0]} is neither GeoTIFF nor JPEG 2000")
    return DRIVERS[suffix]


def _aligned_factor(source: DatasetReader, geobox: GeoBox) -> int | None:
    """Return how many source pixels fit a grid pixel's side, or None where the grids do not agree."""
    step = source.transform
    straight = step.a > 0 and step.e == -step.a and not step.b and not step.d
    if not straight or source.crs != CRS.from_user_input(str(geobox.crs)):
        return None
    factor = geobox.transform.a / source.transform.a
    offset = ~source.transform @ (geobox.transform.c, geobox.transform.f)
    whole = all(abs(v - round(v)) < ALIGNED_PX for v in (factor, *offset))
    return round(factor) if whole and factor > 0.5 else None


def _window(source: DatasetReader, geobox: GeoBox, factor: int, missing: float | None) -> np.ndarray:
    """Return the source pixels under the grid, (H factor, W factor) float32; NaN beyond the file's edge."""
    column, row = (round(v) for v in ~source.transform @ (geobox.transform.c, geobox.transform.f))
    height, width = geobox.shape[0] * factor, geobox.shape[1] * factor
    check_size(height, width, source)
    out = np.full((height, width), np.nan, np.float32)
    top, left = max(row, 0), max(column, 0)
    bottom, right = min(row + height, source.height), min(column + width, source.width)
    if top < bottom and left < right:
        values = source.read(1, window=Window(left, top, right - left, bottom - top)).astype(np.float32)
        if missing is not None:
            values[values == missing] = np.nan
        out[top - row : bottom - row, left - column : right - column] = values
    return out


def _average(values: np.ndarray, factor: int) -> np.ndarray:
    """Return means of blocks, over the pixels that have data."""
    height, width = values.shape[0] // factor, values.shape[1] // factor
    blocks = values.reshape(height, factor, width, factor)
    count = np.isfinite(blocks).sum(axis=(1, 3))
    total = np.nansum(blocks, axis=(1, 3))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def _warp(source: DatasetReader, geobox: GeoBox, missing: float | None, *, nearest: bool) -> np.ndarray:
    coarser = geobox.transform.a > 1.01 * abs(source.transform.a)
    method = Resampling.nearest if nearest else (Resampling.average if coarser else Resampling.bilinear)
    height, width = geobox.shape
    with WarpedVRT(
        source,
        crs=str(geobox.crs),
        transform=Affine(*tuple(geobox.transform)[:6]),
        width=width,
        height=height,
        resampling=method,
        src_nodata=missing,
        nodata=math.nan,
        dtype="float32",
    ) as warped:
        return np.asarray(warped.read(1), np.float32)
