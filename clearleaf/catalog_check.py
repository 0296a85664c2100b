"""Does a catalogue answer, and what is missing before jobs can read from it?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from shapely.geometry import shape

from clearleaf.findings import Finding
from jobs.catalog import Feed, open_feed
from jobs.catalog_http import shown
from jobs.errors import ClearleafError
from jobs.extent import Extent
from jobs.profiles import CatalogProfile
from jobs.scenes import Scene, UnusableItem, scene_of
from worker.inputs.band import UNREADABLE, gdal, open_band
from worker.inputs.offsets import CHECKS, Look, decided, group_of, is_asked, look_at, told
from worker.inputs.read import SceneReader
from worker.inputs.weather import Hosts, fault_of

if TYPE_CHECKING:
    from jobs.scenes import Sensor
    from jobs.sources import Source
    from worker.inputs.access import Access

SAMPLES = 20
"""Some are of another kind: radar over sea ice has other polarisations."""
SENSORS = {"s2": "Sentinel-2", "s1": "Sentinel-1"}


def check_catalog(profile: CatalogProfile, access: Access) -> Iterator[Finding]:
    """Yield what is there and what is missing, sensor by sensor; after what is missing, only what can still be known.

    Args:
        profile: of the catalogue.
        access: opens its files.
    """
    for sensor, source in profile.sources.items():
        yield from _check(profile.name, sensor, source, access)
    if "s1" not in profile.sources:
        yield Finding(False, SENSORS["s1"], "the profile has no source of radar: give s1, or href for both sensors")


def _check(name: str, sensor: Sensor, source: Source, access: Access) -> Iterator[Finding]:
    title = SENSORS[sensor]
    missing = access.missing(source)
    if source.signing != "none":
        yield Finding(missing is None, f"{title}: key", missing or "there, or not needed")
    try:
        feed = open_feed(name, source)
        yield Finding(True, f"{title}: endpoint", shown(source.href))
        collections = feed.collections()
        if not collections:
            yield Finding(False, f"{title}: collection", f"there is no {source.collection}")
            return
        yield Finding(True, f"{title}: collection", f"{source.collection}, {_span(Extent.of(collections[0]))}")
        yield from _check_item(feed, title, sensor, source, access, may_open=missing is None)
    except (ClearleafError, ValueError) as error:
        yield Finding(False, f"{title}: endpoint", str(error))


def _check_item(
    feed: Feed, title: str, sensor: Sensor, source: Source, access: Access, *, may_open: bool
) -> Iterator[Finding]:
    wrong = f"{source.collection} has none"
    scenes: list[Scene] = []
    for item in feed.samples(SAMPLES):
        try:
            scenes.append(scene_of(item, sensor, source))
        except UnusableItem as error:
            wrong = f"none of the first can be used, such as {item.id}: {error}"
    if not scenes:
        yield Finding(False, f"{title}: item", wrong)
        return
    first = scenes[0]
    yield Finding(True, f"{title}: item", f"{first.id}: {_meaning(first)}")
    file = _opened(title, first, source, access, may_open=may_open)
    yield file
    alike = [scene for scene in scenes if group_of(scene) == group_of(first)]
    if file.holds and is_asked(first) and all(_may_be_read(scene, source) for scene in alike):
        yield _offset(f"{title}: offset", alike, access)


def _may_be_read(scene: Scene, source: Source) -> bool:
    return all(source.refusal(asset.href) is None for asset in scene.assets.values())


def _offset(what: str, scenes: list[Scene], access: Access) -> Finding:
    """Return whether the pixels of some scenes go with what their items say, as jobs look at them."""
    reader, hosts = SceneReader(threads=1, tries=1, access=access), Hosts()
    looks: list[Look] = []
    for scene in scenes:
        if len(told(looks)) < CHECKS:  # the first may be cloudy
            looks.append(look_at(scene, reader, shape(scene.footprint), hosts))
    found = decided(scenes[0], looks)
    if found is None:
        enough = len(told(looks))
        return Finding(True, what, f"not contradicted by the {enough} of {len(looks)} scenes that show enough")
    if scenes[0].offset_open:
        return Finding(True, what, f"open: {found.reason}")
    cure = "jobs believe the pixels; say offset_applied in its source if it has lost the 1000 everywhere"
    return Finding(False, what, f"{found.reason}: {cure}")


def _opened(title: str, scene: Scene, source: Source, access: Access, *, may_open: bool) -> Finding:
    name, asset = next(iter(scene.assets.items()))
    what = f"{title}: file"
    why = source.refusal(asset.href)
    if why is not None:
        return Finding(False, what, f"{name} of {scene.id} lies {why}: name that place in asset_hosts")
    if not may_open:
        return Finding(False, what, "not tried: the key is missing")
    try:
        with gdal(**access.environment(scene)), open_band(access.opened(scene, asset.href)) as file:
            return Finding(True, what, f"{name}, {file.width} x {file.height} pixels, {file.crs}")
    except UNREADABLE as error:
        return Finding(False, what, f"{name} of {scene.id} {fault_of(error).reason}")


def _span(extent: Extent) -> str:
    return f"{extent.start or '...'} to {extent.end or 'now'}"


def _meaning(scene: Scene) -> str:
    if scene.sensor == "s1":
        return f"{scene.platform}, {scene.radiometry}, linear power"
    offset = "open, the pixels decide" if scene.offset_open else f"{next(iter(scene.assets.values())).offset:g}"
    return f"{scene.platform}, offset {offset} ({scene.offset_reason})"
