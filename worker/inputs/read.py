"""Scenes into stacks: many at once, each tried again before it is skipped and named."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from odc.geo.geobox import GeoBox
from rasterio.errors import RasterioError
from shapely import box

from jobs.scenes import S1_ASSETS, S2_ASSETS, Scene
from models.series import FloatArray
from worker.inputs.band import gdal, read_band
from worker.inputs.preprocess import to_backscatter, to_reflectance
from worker.rasters import S1Stack, S2Stack, SkippedScene

Tick = Callable[[int, int], None]
"""Called with scenes done and scenes in all; may raise to stop."""
RETRY_PAUSE_S = 0.5
KINDS = {
    "neither geotiff": "could not be read: a file is neither GeoTIFF nor JPEG 2000",
    "no such file": "could not be read: a file is missing",
    "does not exist": "could not be read: a file is missing",
    "timed out": "could not be read: the archive did not answer in time",
    "timeout": "could not be read: the archive did not answer in time",
    "could not resolve host": "could not be read: the archive cannot be reached",
    "not recognized as": "could not be read: a file is damaged",
    "tiff": "could not be read: a file is damaged",
    "read failed": "could not be read: a file is damaged",
}
"""What words in an error mean, the more telling ones first."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RawScene:
    """A scene on the grid: (bands, H, W) float32 in physical units, NaN = no data."""

    scene: Scene
    bands: FloatArray


@dataclass(frozen=True)
class SceneReader:
    """Reads planned scenes onto a grid.

    Attributes:
        threads: scenes read at once; reading waits for disk or network, so more than there are cores.
        tries: per scene, before it is skipped.
    """

    threads: int = 4
    tries: int = 3

    def read_s1(self, scenes: Sequence[Scene], geobox: GeoBox, tick: Tick = lambda done, of: None) -> S1Stack:
        """Return the radar scenes that touch a grid; slices of one pass become one date."""
        raw, skipped = self._read(scenes, geobox, tick)
        return S1Stack(geobox, to_backscatter(raw, _shape(geobox)), skipped)

    def read_s2(self, scenes: Sequence[Scene], geobox: GeoBox, tick: Tick = lambda done, of: None) -> S2Stack:
        """Return the optical scenes that touch a grid."""
        raw, skipped = self._read(scenes, geobox, tick)
        return S2Stack(geobox, to_reflectance(raw, _shape(geobox)), skipped)

    def _read(
        self, scenes: Sequence[Scene], geobox: GeoBox, tick: Tick
    ) -> tuple[list[RawScene], tuple[SkippedScene, ...]]:
        extent = geobox.geographic_extent.boundingbox
        area = box(extent.left, extent.bottom, extent.right, extent.top)
        wanted = [scene for scene in scenes if scene.touches(area)]
        found: list[RawScene] = []
        skipped: list[SkippedScene] = []
        with ThreadPoolExecutor(self.threads) as pool:
            try:
                for done, outcome in enumerate(pool.map(lambda scene: self._read_scene(scene, geobox), wanted), 1):
                    (found if isinstance(outcome, RawScene) else skipped).append(outcome)  # type: ignore[arg-type]
                    tick(done, len(wanted))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return found, tuple(skipped)

    def _read_scene(self, scene: Scene, geobox: GeoBox) -> RawScene | SkippedScene:
        names = S2_ASSETS if scene.sensor == "s2" else S1_ASSETS
        reason = ""
        for attempt in range(self.tries):
            if attempt:
                time.sleep(RETRY_PAUSE_S * attempt)
            try:
                with gdal():
                    return RawScene(scene, np.stack([_physical(scene, name, geobox) for name in names]))
            except (RasterioError, OSError, ValueError) as error:
                reason = _kind_of(error)
                log.warning("scene %s, try %d: %s", scene.id, attempt + 1, _without_keys(error))
        return SkippedScene(scene.id, reason)


def _physical(scene: Scene, name: str, geobox: GeoBox) -> FloatArray:
    asset = scene.assets[name]
    values = read_band(asset.href, geobox, asset.nodata, nearest=name == "SCL")
    return np.asarray(values * np.float32(asset.scale) + np.float32(asset.offset), np.float32)


def _shape(geobox: GeoBox) -> tuple[int, int]:
    return geobox.shape[0], geobox.shape[1]


def _kind_of(error: BaseException) -> str:
    """Return why a scene could not be read, in our own words: GDAL's hold paths and signed URLs of this server."""
    said = str(error)
    answer = re.search(r"(?:response code|HTTP status|HTTP error)\D{0,3}(\d{3})", said, re.IGNORECASE)
    if answer:
        return f"could not be read: the archive answered {answer[1]}"
    return next((reason for words, reason in KINDS.items() if words in said.lower()), "could not be read")


def _without_keys(error: BaseException) -> str:
    """Return the first line of an error for our own log, URLs without what may open them."""
    return re.sub(r"\?\S+", "?...", (str(error) or type(error).__name__).splitlines()[0][:300])
