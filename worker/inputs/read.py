"""Scenes into stacks: many at once, each tried again before it is skipped and named."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

import numpy as np
from odc.geo.geobox import GeoBox
from shapely import box

from jobs.errors import Unavailable
from jobs.profiles import CatalogProfile
from jobs.scenes import S1_ASSETS, S2_ASSETS, Scene, SceneAsset
from models.series import FloatArray
from worker.inputs.access import Access
from worker.inputs.band import UNREADABLE, forget, gdal, read_band
from worker.inputs.clouds import Clouds, anything_clear, united
from worker.inputs.counts import count_scenes
from worker.inputs.preprocess import to_backscatter, to_reflectance
from worker.inputs.weather import NOT_READ, Fault, Hosts, UnreadScene, fault_of, first_line, wait_if_many_are_lost
from worker.rasters import S1Stack, S2Stack, SkippedScene

Tick = Callable[[int, int], None]
"""Called with scenes done and scenes in all; may raise to stop."""
T = TypeVar("T")
RETRY_PAUSE_S = 0.5
LEAST_DB, MOST_POWER = -100.0, 30.0
"""Lower values are a missing-data number that nobody declared; 15 dB is brighter than towns."""
LONGEST_PAUSE_S = 5.0
"""Of one file, between two tries: where an archive asks for more, the whole step waits, or does without the file."""
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
            f"CLEARLEAF_CLOUD_MASK and CLEARLEAF_CLOUD_MASK_DIR, or start a worker that has one",
            told=f"the step waits for a worker that has the cloud mask {name}, with which the job was planned",
        )

    def for_catalog(self, planned: CatalogProfile) -> SceneReader:
        """Return a reader with the keys and passwords of a planned catalogue alone. Raises as `Access.for_catalog`."""
        return replace(self, access=self.access.for_catalog(planned))

    def read_s1(self, scenes: Sequence[Scene], geobox: GeoBox, tick: Tick = lambda done, of: None) -> S1Stack:
        """Return the radar scenes that touch a grid; slices of one pass become one date. Raises as `read_s2`."""
        wanted, skipped = _touching(scenes, geobox), list[SkippedScene]()
        series = to_backscatter(self._read(wanted, geobox, skipped, tick), _shape(geobox))
        return S1Stack(geobox, series, _told(skipped))

    def read_s2(self, scenes: Sequence[Scene], geobox: GeoBox, tick: Tick = lambda done, of: None) -> S2Stack:
        """Return the optical scenes that touch a grid.

        Raises:
            AccessDenied: none of them may be read.
            Unavailable: the weather takes too many of them.
        """
        wanted, skipped = _touching(scenes, geobox), list[SkippedScene]()
        series = to_reflectance(self._read(wanted, geobox, skipped, tick), len(wanted), _shape(geobox))
        return S2Stack(geobox, series, _told(skipped))

    def _read(
        self, wanted: Sequence[Scene], geobox: GeoBox, skipped: list[SkippedScene], tick: Tick
    ) -> Iterator[RawScene]:
        """Yield scenes in their order, and keep none of them; adds those that cannot be read to a list."""
        found = 0
        with ThreadPoolExecutor(self.threads) as pool:
            hosts = Hosts()
            try:
                outcomes = pool.map(lambda scene: self._read_scene(scene, geobox, hosts), wanted)
                for done, outcome in enumerate(outcomes, 1):
                    if isinstance(outcome, RawScene):
                        found += 1
                        yield outcome
                    else:
                        skipped.append(outcome)
                    del outcome  # or it would live on while the next one is waited for
                    tick(done, len(wanted))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        count_scenes(found, skipped)
        if wanted:
            wait_if_many_are_lost(wanted[0].sensor, len(wanted), skipped)

    def _read_scene(self, scene: Scene, geobox: GeoBox, hosts: Hosts) -> RawScene | SkippedScene:
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
                values = self._read_asset(scene, hosts, name, geobox)
                if isinstance(values, SkippedScene):
                    return values
                bands.append(values)
            if scene.sensor == "s2" and self.clouds is not None and anything_clear(bands[-1]):
                cloudy = self.clouds.on(geobox, partial(self._read_asset, scene, hosts))
                if isinstance(cloudy, SkippedScene):
                    return cloudy
                bands[-1] = united(bands[-1], cloudy)
        raw = RawScene(scene, np.stack(bands))
        wrong = not_linear_power(raw.bands) if scene.sensor == "s1" else None
        return raw if wrong is None else SkippedScene(scene.id, wrong)

    def _read_asset(self, scene: Scene, hosts: Hosts, name: str, geobox: GeoBox) -> FloatArray | SkippedScene:
        asset = scene.assets[name]
        return self.attempt(
            scene,
            asset.href,
            lambda place: _physical(read_band(place, geobox, asset.nodata, nearest=name == "SCL"), asset),
            hosts,
        )

    def attempt(self, scene: Scene, href: str, read: Callable[[str], T], hosts: Hosts) -> T | UnreadScene:
        """Return what a function makes of an opened file; tried again, and once more with a new signature.

        Args:
            scene: that the file belongs to.
            href: of the file, as planned.
            read: called with the path or URL that can be opened now.
            hosts: of this step; one in trouble is not asked.

        Raises:
            ClearleafError: no scene can be opened now, or none of this archive by us.
        """
        fault, left, may_renew = hosts.given_up(href), self.tries, True
        while left and hosts.given_up(href) is None:
            place = self.access.opened(scene, href)
            found = self._once(scene, place, read, fault)
            if not isinstance(found, Fault):
                hosts.well(href)
                return found
            fault = found
            if may_renew and fault.is_refusal and self.access.renewed(scene, href, place):
                may_renew = False  # a signature may expire early; what is refused with a new one stays refused
                continue
            left -= 1
            if fault.is_silence:
                hosts.troubled(href, fault)
            wait = max(RETRY_PAUSE_S * (self.tries - left), fault.retry_after or 0.0)
            if fault.is_final or wait > LONGEST_PAUSE_S:
                break
            if left:
                time.sleep(wait)
        fault = fault or hosts.given_up(href) or Fault(NOT_READ)
        if not fault.is_silence:
            hosts.troubled(href, fault)
        return UnreadScene.of(scene.id, fault)

    def _once(self, scene: Scene, place: str, read: Callable[[str], T], before: Fault | None) -> T | Fault:
        """Return what a function makes of an opened file, or why nothing.

        An archive that says itself that it is in trouble is asked for one byte, and for more when it is well again.

        Args:
            scene: that the file belongs to.
            place: path or URL that can be opened now.
            read: called with it.
            before: what was wrong at the last try.
        """
        if before is not None and before.asked:
            still = self.access.trouble(scene, place)
            if still is not None:
                return still
        try:
            return read(place)
        except UNREADABLE as error:
            log.warning("scene %s: %s", scene.id, first_line(error))
            fault = fault_of(error)
        forget(place)
        if fault.is_silence or fault.is_final or fault.is_refusal:
            return fault
        return self.access.trouble(scene, place) or fault


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


def _touching(scenes: Sequence[Scene], geobox: GeoBox) -> list[Scene]:
    extent = geobox.geographic_extent.boundingbox
    area = box(extent.left, extent.bottom, extent.right, extent.top)
    return [scene for scene in scenes if scene.touches(area)]


def _told(skipped: Sequence[SkippedScene]) -> tuple[SkippedScene, ...]:
    return tuple(SkippedScene(scene.id, scene.reason) for scene in skipped)


def _shape(geobox: GeoBox) -> tuple[int, int]:
    return geobox.shape[0], geobox.shape[1]
