"""The scenes of an area and a time range, from a catalogue that is configured by name."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

from pydantic import BaseModel, ConfigDict
from pystac import Collection, Item
from shapely.geometry.base import BaseGeometry

from jobs.catalog_api import TRIES, ApiFeed
from jobs.catalog_http import PATIENCE_S, client_of, fetch
from jobs.catalog_items import BrokenItem, Fetched
from jobs.catalog_static import StaticFeed
from jobs.duplicates import DroppedScene, newest_only, one_day_per_pass, one_radiometry
from jobs.errors import InvalidJob, Problem, Unavailable
from jobs.extent import Extent
from jobs.order_times import TimeRange
from jobs.profiles import CatalogProfile
from jobs.radiometry import GRD_CURE
from jobs.scenes import Scene, SceneAsset, Sensor, UnusableItem, acquired, footprint_of, scene_of
from jobs.sources import ELSEWHERE, Source

__all__ = ["Catalog", "CatalogProfile", "DroppedScene", "Scene", "SceneAsset", "SceneSearch", "open_catalog"]

log = logging.getLogger(__name__)


class Feed(Protocol):
    """The items of one source."""

    def items(self, area: BaseGeometry, days: TimeRange, fetched: Fetched) -> Iterator[Item | BrokenItem]:
        """Yield at least the items that meet an area (EPSG:4326) in a range of days."""

    def samples(self, count: int) -> list[Item]:
        """Return a few items, whichever come first."""

    def collections(self) -> list[Collection]:
        """Return the source's collection; none where the catalogue does not have it."""


class SceneSearch(BaseModel):
    """What a catalogue has for an order, in order of time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenes: tuple[Scene, ...]
    dropped: tuple[DroppedScene, ...]


class Catalog:
    """A configured catalogue, open: one feed for each sensor."""

    def __init__(self, profile: CatalogProfile, patience_s: float = PATIENCE_S) -> None:
        """Open the catalogue.

        Args:
            profile: where it is.
            patience_s: how long a server may take.

        Raises:
            InvalidJob: there is no STAC catalogue at the configured place, or it is closed to us (`AccessDenied`).
            Unavailable: it cannot be reached now.
        """
        self.profile = profile
        with self._named():
            self._feeds = {
                sensor: open_feed(profile.name, source, patience_s) for sensor, source in profile.sources.items()
            }

    def search(
        self, area: BaseGeometry, days: TimeRange, tick: Callable[[int], None] = lambda found: None
    ) -> SceneSearch:
        """Return the scenes that meet an area in a range of days.

        Args:
            area: EPSG:4326.
            days: acquisition days.
            tick: called with the number of items so far, for every page of an API and every item of a static
                catalogue; may raise to stop.

        Raises:
            AccessDenied: part of the catalogue is closed to us.
            InvalidJob: a STAC API does not understand a plain search, or the radar is plain GRD.
            Unavailable: part of the catalogue cannot be read now.
        """
        found: list[Scene] = []
        dropped: list[DroppedScene] = []
        so_far = 0

        def fetched(count: int) -> None:
            nonlocal so_far
            so_far += count
            tick(so_far)

        for sensor, feed in self._feeds.items():
            source = self.profile.sources[sensor]
            with self._named():
                for item in feed.items(area, days, fetched):
                    looked_at = _look_at(item, sensor, source, area, days)
                    if isinstance(looked_at, Scene):
                        found.append(looked_at)
                    elif looked_at is not None:
                        dropped.append(looked_at)
        found, elsewhere = self._in_their_places(found)
        dropped += elsewhere
        _refuse_plain_grd(self.profile.name, found, dropped)
        kept, repeated = newest_only(found)
        kept, mixed = one_radiometry(one_day_per_pass(kept))
        return SceneSearch(scenes=tuple(sorted(kept, key=_time_order)), dropped=tuple(dropped + repeated + mixed))

    def extents(self) -> tuple[Extent, ...]:
        """Return what its collections say of themselves, one extent each; the scenes are not looked at.

        Raises:
            AccessDenied: a collection is closed to us.
            Unavailable: a collection cannot be read now.
        """
        found: list[Extent] = []
        for sensor, feed in self._feeds.items():
            with self._named():
                try:
                    found += [Extent.of(collection) for collection in feed.collections()]
                except ValueError as error:
                    name = self.profile.sources[sensor].collection
                    raise Unavailable(f"catalogue {self.profile.name!r}: {name} cannot be read: {error}") from error
        return tuple(found)

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Let customers read of a catalogue that is away which one it is, and no more."""
        try:
            yield
        except Unavailable as error:
            error.told = f"catalogue {self.profile.name!r} cannot be read for now"
            raise

    def _in_their_places(self, scenes: list[Scene]) -> tuple[list[Scene], list[DroppedScene]]:
        """Return the scenes without those that have files elsewhere than where the catalogue keeps them."""
        refused = [(scene, _refusal(scene, self.profile.sources[scene.sensor])) for scene in scenes]
        kept = [scene for scene, why in refused if why is None]
        if len(kept) < len(scenes):
            scene, why = next((scene, why) for scene, why in refused if why is not None)
            cure = "name that place in asset_hosts of the catalogue if it is to be trusted"
            left_out = f"{len(scenes) - len(kept)} scenes are left out"
            log.warning("catalogue %r: %s, such as %s: %s; %s", self.profile.name, left_out, scene.id, why, cure)
        reason = f"an asset of it {ELSEWHERE}"
        return kept, [DroppedScene(id=s.id, reason=reason, day=s.day) for s, why in refused if why is not None]


open_catalog = Catalog
"""Opening a catalogue reads its root, and raises as `Catalog` does."""


def open_feed(name: str, source: Source, patience_s: float = PATIENCE_S) -> Feed:
    """Return the items of a source; where it is not said, the place is asked whether it can be searched.

    Raises:
        InvalidJob: there is no STAC catalogue at the configured place, or it is closed to us (`AccessDenied`).
        Unavailable: it cannot be reached now.
    """
    if source.kind == "api" or (source.kind == "auto" and _can_be_searched(source, patience_s)):
        return ApiFeed(name, source, patience_s, TRIES if patience_s >= PATIENCE_S else 1)  # the hurried ask once
    return StaticFeed(name, source, patience_s)


def _can_be_searched(source: Source, patience_s: float) -> bool:
    if not source.is_remote or source.href.endswith(".json"):
        return False
    with client_of(source, patience_s) as client:
        try:
            landing = json.loads(fetch(client, "GET", source.href))
            return any(link.get("rel") == "search" for link in landing.get("links", []))
        except (FileNotFoundError, json.JSONDecodeError, ValueError, AttributeError, TypeError):
            return False  # a folder behind HTTP, with a catalog.json in it


def _look_at(
    item: Item | BrokenItem, sensor: Sensor, source: Source, area: BaseGeometry, days: TimeRange
) -> Scene | DroppedScene | None:
    """Return the scene of an item, why it is none, or None where it lies elsewhere: some servers answer everything."""
    if isinstance(item, BrokenItem):
        return DroppedScene(id=item.id, reason=item.reason)
    day = None
    try:
        day = acquired(item).date()
        if not days.start <= day <= days.end:
            return None
        if not footprint_of(item).intersects(area):
            return None
        return scene_of(item, sensor, source)
    except UnusableItem as error:
        return DroppedScene(id=item.id, reason=str(error), day=day)


def _refuse_plain_grd(name: str, found: list[Scene], dropped: list[DroppedScene]) -> None:
    """Refuse a catalogue all of whose radar is of no use: a job without radar would look like one that had it.

    Raises:
        InvalidJob: it is plain GRD.
    """
    plain = [scene for scene in dropped if scene.reason == GRD_CURE]
    if plain and not any(scene.sensor == "s1" for scene in found):
        raise InvalidJob(Problem("/catalog", f"catalog {name!r} cannot be used: its radar {GRD_CURE}"))


def _refusal(scene: Scene, source: Source) -> str | None:
    """Return which file of a scene lies where its catalogue keeps none, and where; None where all are in place."""
    found = ((name, source.refusal(asset.href)) for name, asset in scene.assets.items())
    return next((f"its asset {name} lies {why}" for name, why in found if why is not None), None)


def _time_order(scene: Scene) -> tuple[datetime, str]:
    return scene.datetime, scene.id
