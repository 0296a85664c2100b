"""The scenes of an area and a time range, from a catalogue that is configured by name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pystac import Catalog as StacCatalog
from pystac import Collection, Item
from pystac.errors import STACError
from shapely.geometry.base import BaseGeometry

from jobs.errors import InvalidJob, Problem, Unavailable
from jobs.request import TimeRange
from jobs.scenes import Scene, SceneAsset, UnusableItem, newest_first, scene_of

__all__ = ["Catalog", "CatalogProfile", "DroppedScene", "Scene", "SceneAsset", "SceneSearch", "open_catalog"]


class CatalogProfile(BaseModel):
    """A configured catalogue.

    Attributes:
        name: as asked for in an order.
        href: path or URL of a static STAC catalogue (`catalog.json`).
        title: for people.
        s2_collection: id of the Sentinel-2 Level-2A collection.
        s1_collection: id of the Sentinel-1 backscatter collection.
        simulated: its scenes were made by a simulator.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    href: str
    title: str = ""
    s2_collection: str = "sentinel-2-l2a"
    s1_collection: str = "sentinel-1-rtc"
    simulated: bool = False


class DroppedScene(BaseModel):
    """A scene that was found and left out, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    reason: str


class SceneSearch(BaseModel):
    """What a catalogue has for an order, in order of time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenes: tuple[Scene, ...]
    dropped: tuple[DroppedScene, ...]


class Catalog:
    """A static STAC catalogue, on disk or behind HTTP; its items are walked, as it cannot be asked."""

    def __init__(self, profile: CatalogProfile) -> None:
        """Open the catalogue.

        Raises:
            InvalidJob: there is no STAC catalogue at the configured place.
            Unavailable: it cannot be reached now.
        """
        self.profile = profile
        href = profile.href if profile.href.endswith(".json") else profile.href.rstrip("/") + "/catalog.json"
        try:
            self._root = StacCatalog.from_file(href)
        except FileNotFoundError as error:
            raise _not_a_catalog(profile, f"there is no {href}") from error
        except (STACError, ValueError, KeyError) as error:
            raise _not_a_catalog(profile, f"{href} is no STAC catalogue ({error})") from error
        except OSError as error:
            raise Unavailable(f"catalogue {profile.name!r} cannot be reached at {href}: {error}") from error

    def search(self, area: BaseGeometry, days: TimeRange) -> SceneSearch:
        """Return the scenes that meet an area in a range of days.

        Args:
            area: EPSG:4326.
            days: acquisition days.

        Raises:
            Unavailable: part of the catalogue cannot be read now.
        """
        found: list[Scene] = []
        dropped: list[DroppedScene] = []
        for sensor, collection in (("s2", self.profile.s2_collection), ("s1", self.profile.s1_collection)):
            for item in self._items(collection):
                if not _in_range(item, days):
                    continue
                try:
                    scene = scene_of(item, _sensor(sensor))
                except UnusableItem as error:
                    dropped.append(DroppedScene(id=item.id, reason=str(error)))
                    continue
                if scene.touches(area):
                    found.append(scene)
        kept, repeated = _newest_baseline(found)
        return SceneSearch(scenes=tuple(sorted(kept, key=_time_order)), dropped=tuple(dropped + repeated))

    def _items(self, collection_id: str) -> Iterator[Item]:
        """Yield the items of a collection; a catalogue without that collection has none."""
        try:
            for child in self._root.get_children():
                if isinstance(child, Collection) and child.id == collection_id:
                    yield from child.get_items(recursive=True)
        except (OSError, STACError, ValueError, KeyError) as error:
            raise Unavailable(f"catalogue {self.profile.name!r}: {collection_id} cannot be read: {error}") from error


def open_catalog(profile: CatalogProfile) -> Catalog:
    """Return an open catalogue; raises as `Catalog`."""
    return Catalog(profile)


def _sensor(name: str) -> Literal["s1", "s2"]:
    return "s1" if name == "s1" else "s2"


def _not_a_catalog(profile: CatalogProfile, why: str) -> InvalidJob:
    detail = f"catalog {profile.name!r} cannot be used: {why}; give the path of a static STAC catalog.json"
    return InvalidJob(Problem("/catalog", detail))


def _in_range(item: Item, days: TimeRange) -> bool:
    when = item.datetime or item.common_metadata.start_datetime or datetime.min.replace(tzinfo=UTC)
    return days.start <= when.astimezone(UTC).date() <= days.end


def _time_order(scene: Scene) -> tuple[datetime, str]:
    return scene.datetime, scene.id


def _newest_baseline(scenes: list[Scene]) -> tuple[list[Scene], list[DroppedScene]]:
    """Return one scene per acquisition and tile, the newest processing baseline, and the ones it replaces."""
    kept: dict[tuple[object, ...], Scene] = {}
    dropped: list[DroppedScene] = []
    for scene in sorted(scenes, key=lambda s: (newest_first(s), s.id), reverse=True):
        acquisition = (scene.sensor, scene.platform, scene.datetime, scene.tile, scene.relative_orbit)
        if acquisition in kept:
            winner = kept[acquisition]
            dropped.append(DroppedScene(id=scene.id, reason=f"same acquisition as {winner.id}, which is kept"))
        else:
            kept[acquisition] = scene
    return list(kept.values()), dropped
