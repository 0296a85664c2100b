"""One Cloud-Optimized GeoTIFF per date and asset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
import rasterio.shutil
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio.io import MemoryFile

from worker.outputs.assets import RasterAsset

BLOCK_PX = 512


class BadRaster(RuntimeError):
    """A raster that was written does not read back as it should."""


def write_cog(path: Path, stored: np.ndarray, geobox: GeoBox, asset: RasterAsset) -> None:
    """Write one band and read it back.

    Args:
        path: of the file.
        stored: (H, W) as `asset.encode` gives it.
        geobox: its grid.
        asset: what it is.

    Raises:
        BadRaster: what was written does not read back.
    """
    profile = {
        "driver": "GTiff",
        "height": stored.shape[0],
        "width": stored.shape[1],
        "count": 1,
        "dtype": asset.dtype,
        "crs": str(geobox.crs),
        "transform": Affine(*tuple(geobox.transform)[:6]),
        "nodata": asset.nodata,
    }
    with MemoryFile() as memory:
        with memory.open(**profile) as plain:
            plain.write(stored, 1)
            plain.set_band_description(1, asset.name)
            if asset.unit:
                plain.set_band_unit(1, asset.unit)
            if asset.classes:
                plain.write_colormap(
                    1, {c.value: (*c.colour, 0 if c.value == asset.nodata else 255) for c in asset.classes}
                )
            else:
                plain.scales, plain.offsets = (asset.scale,), (0.0,)
        with memory.open() as plain:
            rasterio.shutil.copy(plain, path, driver="COG", **_creation(asset))
    _verify(path, stored)


def _creation(asset: RasterAsset) -> dict[str, str]:
    return {
        "COMPRESS": "DEFLATE",  # opens everywhere, unlike ZSTD
        "PREDICTOR": "YES",
        "BLOCKSIZE": str(BLOCK_PX),
        "OVERVIEW_RESAMPLING": asset.resampling.upper(),
        "NUM_THREADS": "1",  # dates are written in parallel
        "STATISTICS": "NO",
    }


def _verify(path: Path, stored: np.ndarray) -> None:
    with rasterio.open(path) as written:
        if not np.array_equal(written.read(1), stored):
            raise BadRaster(f"{path.name} does not read back as it was written")
