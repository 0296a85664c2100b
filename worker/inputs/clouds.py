"""A second opinion on clouds: a network looks at the ground around, and what it calls cloud or shadow is not clear."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from threading import Lock

import numpy as np
from affine import Affine
from odc.geo.geobox import GeoBox

from jobs.load_settings import BadSettings
from models.clear import CLEAR_CLASSES, DILATED_CLASSES
from models.series import BoolArray, FloatArray
from worker.rasters import SkippedScene

CloudMask = Callable[[FloatArray], BoolArray]
"""Takes (3, H, W) red, green and near infrared reflectance, NaN = no data; returns (H, W) True in cloud or shadow."""
Read = Callable[[str, GeoBox], FloatArray | SkippedScene]
BANDS = ("B04", "B03", "B8A")
"""Red, green, near infrared: read anyway, at 20 m."""
PIXEL_M, BLOCK_PX, MARGIN_PX = 20.0, 256, 64
"""What a network says of a pixel depends on all that it looks at. It looks at fixed blocks of ground and what surrounds
them, whatever square is asked for: otherwise tiles would differ at their borders."""
CLOUD_CLASS = DILATED_CLASSES[-1]
MODEL_VERSION = 4.0
NEVER = "never"
"""No source that omnicloudmask knows: where a file of its weights is missing, it fails instead of downloading it."""


@dataclass(frozen=True)
class Clouds:
    """Looks for clouds in scenes.

    Attributes:
        mask: says where they are.
        name: of the mask, for the manifest.
        lock: one block at a time, for memory.
    """

    mask: CloudMask
    name: str
    lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def on(self, geobox: GeoBox, read: Read) -> BoolArray | SkippedScene:
        """Return (H, W) True in cloud or shadow, or why the scene cannot be read.

        Args:
            geobox: the grid.
            read: gives one band of the scene on a grid, (H, W) reflectance, NaN = no data.
        """
        rows, columns = _block_pixels(geobox)
        found = np.zeros(geobox.shape, np.bool_)
        for row in np.unique(rows // BLOCK_PX):
            for column in np.unique(columns // BLOCK_PX):
                block = _block(int(row), int(column), str(geobox.crs))
                bands: list[FloatArray] = []
                for name in BANDS:
                    values = read(name, block)
                    if isinstance(values, SkippedScene):
                        return values
                    bands.append(values)
                seen = np.stack(bands)
                if np.isfinite(seen).all(axis=0).any():
                    with self.lock:
                        cloudy = self.mask(seen)
                    here = np.ix_(rows // BLOCK_PX == row, columns // BLOCK_PX == column)
                    inner = [k[k // BLOCK_PX == n] % BLOCK_PX + MARGIN_PX for k, n in ((rows, row), (columns, column))]
                    found[here] = cloudy[np.ix_(*inner)]
        return found


def united(scl: FloatArray, cloudy: BoolArray) -> FloatArray:
    """Return a scene classification whose clear pixels are cloud where a mask says so; what it calls cloud stays so."""
    return np.where(cloudy & np.isin(scl, CLEAR_CLASSES), np.float32(CLOUD_CLASS), scl)


def anything_clear(scl: FloatArray) -> bool:
    """Return whether a second opinion could change anything."""
    return bool(np.isin(scl, CLEAR_CLASSES).any())


def _block_pixels(geobox: GeoBox) -> Iterator[np.ndarray]:
    """Yield the rows and columns, of a grid that covers the whole zone, in which a grid's pixel centres lie."""
    height, width = geobox.shape
    step = geobox.transform
    yield np.floor(-(step.f + step.e * (np.arange(height) + 0.5)) / PIXEL_M).astype(int)
    yield np.floor((step.c + step.a * (np.arange(width) + 0.5)) / PIXEL_M).astype(int)


def _block(row: int, column: int, crs: str) -> GeoBox:
    """Return a block with its margin; rows count southwards from the equator."""
    side = BLOCK_PX * PIXEL_M
    corner = Affine(PIXEL_M, 0, column * side, 0, -PIXEL_M, -row * side)
    return GeoBox((BLOCK_PX, BLOCK_PX), corner, crs).pad(MARGIN_PX)


def omnicloudmask(weights: Path, device: str) -> CloudMask:
    """Return the mask of omnicloudmask, tried out; its weights are read from a folder and never downloaded.

    The trial also loads the networks: the library keeps them for the process, by file and device.

    Args:
        weights: folder that holds them.
        device: cpu or cuda.

    Raises:
        BadSettings: the library or its weights are missing or broken.
    """
    try:
        library = import_module("omnicloudmask")
        index = import_module("omnicloudmask.download_models").model_index_path
    except (ImportError, RuntimeError) as error:  # RuntimeError: torch and torchvision of different builds
        cure = "install clearleaf[cloudmask], with torch and torchvision from the same index"
        raise BadSettings(
            f"CLEARLEAF_CLOUD_MASK is omnicloudmask, which cannot be imported ({error}): {cure}"
        ) from error
    with index.open() as file:
        files = [row["file_name"] for row in csv.DictReader(file) if math.isclose(float(row["version"]), MODEL_VERSION)]
    missing = [name for name in files if not (weights / name).is_file()]
    if missing or not files:
        raise BadSettings(f"CLEARLEAF_CLOUD_MASK_DIR: {weights} lacks {' and '.join(missing)}: put the files there")

    def mask(bands: FloatArray) -> BoolArray:
        classes = library.predict_from_array(
            np.nan_to_num(bands, nan=0.0),  # its own value for no data; one NaN would make the whole of it clear
            patch_size=min(bands.shape[1:]),
            patch_overlap=MARGIN_PX // 2,
            inference_device=device,
            destination_model_dir=weights,
            model_download_source=NEVER,
            model_version=MODEL_VERSION,
        )
        return np.asarray(classes[0] > 0)  # 1 thick cloud, 2 thin cloud, 3 shadow

    try:
        mask(np.random.default_rng(0).random((3, MARGIN_PX, MARGIN_PX), np.float32))
    except Exception as error:  # whatever torch and the library say of a broken file
        raise BadSettings(
            f"CLEARLEAF_CLOUD_MASK_DIR: the weights in {weights} cannot be used: {error}: fetch them again"
        ) from error
    return mask
