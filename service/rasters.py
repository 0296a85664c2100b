"""Where the service reads pixels: stored COGs, opened by GDAL through `StoredFile` and by no other way.

Tiles are cut by rio-tiler's reader inside our own routes instead of a mounted titiler, whose endpoints take a `url` and
would have to be bent to take a job.
"""

from __future__ import annotations

import logging
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import numpy as np
import rasterio
from rasterio.abc import FileContainer
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.windows import Window
from rio_tiler.errors import TileOutsideBounds
from rio_tiler.io import Reader

from jobs.storage import Storage
from service.errors import HttpProblem, damaged, removed
from service.stored_file import Blocks, CutShort, StoredFile, StoredRaster

log = logging.getLogger(__name__)

TILE_PX = 256
GDAL_OPTIONS = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",  # nothing lies beside a COG: no look for masks, statistics, worlds
    "GDAL_CACHEMAX": 64,  # MB of decoded blocks; GDAL would take a twentieth of the machine
}


class Rasters:
    """Reads pieces of stored rasters; every call opens its own dataset, for threads must not share one."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self._blocks = Blocks(storage)

    def pixel(self, raster: StoredRaster, row: int, column: int) -> float:
        """Return one value in its unit; NaN where there is no data."""
        return float(self.window(raster, (slice(row, row + 1), slice(column, column + 1)), (1, 1))[0, 0])

    def whole(self, raster: StoredRaster, at_most: tuple[int, int], *, classes: bool = False) -> np.ndarray:
        """Return a whole raster, as `window` does, with no more rows and columns than it has or than are wanted."""
        with self._opened(raster) as source:
            shape = min(source.height, at_most[0]), min(source.width, at_most[1])
            return _read(source, (slice(0, source.height), slice(0, source.width)), shape, classes=classes)

    def window(
        self, raster: StoredRaster, place: tuple[slice, slice], shape: tuple[int, int], *, classes: bool = False
    ) -> np.ndarray:
        """Return a part of a raster.

        Args:
            raster: which.
            place: rows and columns.
            shape: of the answer; a smaller one than the place is read from overviews.
            classes: it holds classes, which are picked; quantities are averaged.

        Returns:
            (H, W) in the raster's unit, NaN where there is no data.
        """
        with self._opened(raster) as source:
            return _read(source, place, shape, classes=classes)

    def tile(self, raster: StoredRaster, z: int, x: int, y: int, *, classes: bool) -> np.ndarray | None:
        """Return a tile of the web's usual scheme (Web Mercator, 256 pixels); None where the raster does not reach.

        Where the tile is finer than the raster, each pixel is the raster's own: quantities are not smoothed. Where it
        is coarser, quantities are averaged from overviews; classes never are.

        Returns:
            (256, 256) in the raster's unit, NaN where there is no data.
        """
        with self._opened(raster) as source, Reader(None, dataset=source) as reader:
            method: Any = "nearest" if classes or z >= reader.maxzoom else "average"
            try:
                image = reader.tile(x, y, z, tilesize=TILE_PX, reproject_method=method)
            except TileOutsideBounds:
                return None
            return _decoded(source, image.array[0])

    def zooms(self, raster: StoredRaster) -> tuple[int, int]:
        """Return the zoom levels between which a raster has something of its own to show."""
        with self._opened(raster) as source, Reader(None, dataset=source) as reader:
            return reader.minzoom, reader.maxzoom

    @contextmanager
    def _opened(self, raster: StoredRaster) -> Iterator[Any]:
        only = _Only(raster, self._blocks)
        # The name is made up: GDAL finds `only` behind it, and nothing else can.
        name = f"{uuid4().hex}/raster.tif"
        try:
            with rasterio.Env(**GDAL_OPTIONS), rasterio.open(name, driver="GTiff", opener=only) as source:
                yield source
        except RasterioError as error:
            only.complain()
            raise _damaged(raster.key, error) from error
        only.complain()  # a block that could not be read may look like one without data


class _Only(FileContainer):  # type: ignore[misc]  # rasterio is untyped
    """A folder of one file, as GDAL sees it."""

    def __init__(self, raster: StoredRaster, blocks: Blocks) -> None:
        self._raster, self._blocks = raster, blocks
        self._files: list[StoredFile] = []

    def complain(self) -> None:
        """Raise what a read has met.

        Raises:
            HttpProblem: 410 if the file is no more, 502 if a part of it is missing.
            Unavailable: the storage is away.
        """
        for file in self._files:
            if isinstance(file.error, FileNotFoundError):
                raise removed() from file.error
            if isinstance(file.error, CutShort):
                raise _damaged(self._raster.key, file.error) from file.error
            if file.error is not None:
                raise file.error

    def open(self, path: str, mode: str = "rb", **_: Any) -> StoredFile:  # noqa: ANN401
        self._files.append(StoredFile(self._raster.key, self._raster.size, self._blocks))
        return self._files[-1]

    def isfile(self, path: str) -> bool:
        return True

    def isdir(self, path: str) -> bool:
        return False

    def ls(self, path: str) -> list[str]:
        return []

    def mtime(self, path: str) -> int:
        return 0

    def rm(self, path: str) -> None:
        raise OSError("read only")

    def size(self, path: str) -> int:
        return self._raster.size


def _damaged(key: str, error: Exception) -> HttpProblem:
    """Return what a caller is told of a damaged file; what is wrong with it is for our log."""
    log.error("%s is damaged: %s", key, error)
    return damaged(posixpath.basename(key))


def _read(source: Any, place: tuple[slice, slice], shape: tuple[int, int], *, classes: bool) -> np.ndarray:  # noqa: ANN401
    resampling = Resampling.nearest if classes else Resampling.average
    window = Window.from_slices(*place)
    return _decoded(source, source.read(1, window=window, out_shape=shape, masked=True, resampling=resampling))


def _decoded(source: Any, stored: np.ma.MaskedArray) -> np.ndarray:  # noqa: ANN401 - rasterio is untyped
    """Return stored values in their unit, float64, NaN where there is no data."""
    return np.ma.filled(stored.astype(np.float64) * source.scales[0], np.nan)
