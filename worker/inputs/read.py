"""Scenes into stacks: many at once, each tried again before it is skipped and named."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

import numpy as np
from odc.geo.geobox import GeoBox
from rasterio.errors import RasterioError
from shapely import box

from jobs.catalog_http import without_keys
from jobs.errors import Unavailable
from jobs.scenes import S1_ASSETS, S2_ASSETS, Scene, SceneAsset
from models.series import FloatArray
from worker.inputs.access import Access
from worker.inputs.band import forget, gdal, read_band
from worker.inputs.clouds import Clouds, anything_clear, united
from worker.inputs.preprocess import to_backscatter, to_reflectance
from worker.rasters import S1Stack, S2Stack, SkippedScene

Tick = Callable[[int, int], None]
"""Called with scenes done and scenes in all; may raise to stop."""
T = TypeVar("T")
RETRY_PAUSE_S = 0.5
LEAST_DB, MOST_POWER = -100.0, 30.0
"""Lower values are a missing-data number that nobody declared; 15 dB is brighter than towns."""
KINDS = {
    "neither geotiff": "could not be read: a file is neither GeoTIFF nor JPEG 2000",
    "no such file": "could not be read: a file is missing",
    "does not exist": "could not be read: a file is missing",
    "timed out": "could not be read: the archive did not answer in time",
    "timeout": "could not be read: the archive did not answer in time",
    "too slow": "could not be read: the archive did not answer in time",
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
        access: opens their files.
        clouds: a second opinion on what the scene classification calls clear; None: there is none.
    """

    threads: int = 4
    tries: int = 3
    access: Access = field(default_factory=Access)
    clouds: Clouds | None = None

    def masked_by(self, name: str | None) -> SceneReader:
        """Return a reader with the cloud mask that a plan names, whatever this worker's own setting is.

        Args:
            name: of the mask; None: the scene classification alone.

        Raises:
            Unavailable: this worker has no such mask; another one may have it.
        """
        own = None if self.clouds is None else self.clouds.name
        if name is None or name == own:
            return self if name == own else replace(self, clouds=None)
        raise Unavailable(
            f"the job was planned with the cloud mask {name}, which this worker does not have: give it one with "
            f"CLEARLEAF_CLOUD_MASK and CLEARLEAF_CLOUD_MASK_DIR, or start a worker that has one"
        )

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
        """Return a scene, or why it could not be read.

        Raises:
            ClearleafError: no scene can be opened now, or none of this archive by us.
        """
        if scene.offset_open:  # the plan step settles or drops such scenes
            return SkippedScene(scene.id, f"its offset is open: {scene.offset_reason}")
        names = S2_ASSETS if scene.sensor == "s2" else S1_ASSETS
        bands: list[FloatArray] = []
        with gdal(**self.access.environment(scene)):
            for name in names:  # what has been read is kept while a later file is tried again
                values = self._read_asset(scene, name, geobox)
                if isinstance(values, SkippedScene):
                    return values
                bands.append(values)
            if scene.sensor == "s2" and self.clouds is not None and anything_clear(bands[-1]):
                cloudy = self.clouds.on(geobox, partial(self._read_asset, scene))
                if isinstance(cloudy, SkippedScene):
                    return cloudy
                bands[-1] = united(bands[-1], cloudy)
        raw = RawScene(scene, np.stack(bands))
        wrong = not_linear_power(raw.bands) if scene.sensor == "s1" else None
        return raw if wrong is None else SkippedScene(scene.id, wrong)

    def _read_asset(self, scene: Scene, name: str, geobox: GeoBox) -> FloatArray | SkippedScene:
        asset = scene.assets[name]
        return self.attempt(
            scene,
            asset.href,
            lambda place: _physical(read_band(place, geobox, asset.nodata, nearest=name == "SCL"), asset),
        )

    def attempt(self, scene: Scene, href: str, read: Callable[[str], T]) -> T | SkippedScene:
        """Return what a function makes of an opened file; tried again, and once more with a new signature.

        Args:
            scene: that the file belongs to.
            href: of the file, as planned.
            read: called with the path or URL that can be opened now.

        Raises:
            ClearleafError: no scene can be opened now, or none of this archive by us.
        """
        reason, left, may_renew = "", self.tries, True
        while left:
            place = self.access.opened(scene, href)
            try:
                return read(place)
            except (RasterioError, OSError, ValueError) as error:
                reason = reason_of(error)
                forget(place)
                log.warning("scene %s, try %d: %s", scene.id, self.tries - left + 1, first_line(error))
                if may_renew and _was_refused(reason) and self.access.renewed(scene, href, place):
                    may_renew = False  # a signature may expire early; what is refused with a new one stays refused
                    continue
                left -= 1
                if left:
                    time.sleep(RETRY_PAUSE_S * (self.tries - left))
        return SkippedScene(scene.id, reason)


def _physical(values: FloatArray, asset: SceneAsset) -> FloatArray:
    return np.asarray(values * np.float32(asset.scale) + np.float32(asset.offset), np.float32)


def not_linear_power(bands: FloatArray) -> str | None:
    """Return why radar values are no linear power; None where they may be.

    Decibels are mostly negative, and digital numbers of GRD are hundreds; land reflects 0.001 to 1.

    Args:
        bands: (2, H, W), NaN = no data.
    """
    values = bands[np.isfinite(bands) & (bands != 0) & (bands > LEAST_DB)]
    if values.size and (values < 0).mean() > 0.5:
        return "its radar values are decibels: linear power is needed"
    if values.size and np.median(values) > MOST_POWER:
        return "its radar values are digital numbers: calibrated linear power is needed"
    return None


def _was_refused(reason: str) -> bool:
    return reason.endswith(("401", "403"))


def _shape(geobox: GeoBox) -> tuple[int, int]:
    return geobox.shape[0], geobox.shape[1]


def reason_of(error: BaseException) -> str:
    """Return why a scene could not be read, in our own words: GDAL's hold paths and signed URLs of this server."""
    said = str(error)
    answer = re.search(r"(?:response code|HTTP status|HTTP error)\D{0,3}(\d{3})", said, re.IGNORECASE)
    if answer:
        return f"could not be read: the archive answered {answer[1]}"
    return next((reason for words, reason in KINDS.items() if words in said.lower()), "could not be read")


def first_line(error: BaseException) -> str:
    """Return the first line of an error for our own log, URLs without what may open them."""
    return without_keys((str(error) or type(error).__name__).splitlines()[0])[:300]
