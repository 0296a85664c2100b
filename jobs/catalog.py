"""The scenes of an area and a time range, from a catalogue that is configured by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict
from pystac import Catalog as StacCatalog
from pystac import Collection, Item
from pystac.errors import STACError
from shapely.geometry.base import BaseGeometry

from jobs.catalog_http import PATIENCE_S, HttpStacIO, shown
from jobs.errors import ClearleafError, InvalidJob, Problem, Unavailable
from jobs.extent import Extent
from jobs.request import TimeRange
from jobs.scenes import Scene, SceneAsset, Sensor, UnusableItem, acquired, newest_first, scene_of

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
    """A scene that was found and left out, and why; without a day where its item tells none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    reason: str
    day: date | None = None


class SceneSearch(BaseModel):
    """What a catalogue has for an order, in order of time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenes: tuple[Scene, ...]
    dropped: tuple[DroppedScene, ...]


class Catalog:
    """A static STAC catalogue, on disk or behind HTTP; its items are walked, as it cannot be asked."""

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
        self._collections: tuple[tuple[Sensor, str], ...] = (
            ("s2", profile.s2_collection),
            ("s1", profile.s1_collection),
        )
        href = profile.href if profile.href.endswith(".json") else profile.href.rstrip("/") + "/catalog.json"
        try:
            self._root = StacCatalog.from_file(href, stac_io=HttpStacIO(patience_s))
        except FileNotFoundError as error:
            raise _not_a_catalog(profile, f"there is no {shown(href)}") from error
        except (STACError, ValueError, KeyError) as error:
            raise _not_a_catalog(profile, f"{shown(href)} is no STAC catalogue ({error})") from error
        except OSError as error:
            raise Unavailable(f"catalogue {profile.name!r} cannot be reached at {shown(href)}: {error}") from error

    def search(self, area: BaseGeometry, days: TimeRange, tick: Callable[[], None] = lambda: None) -> SceneSearch:
        """Return the scenes that meet an area in a range of days.

        Args:
            area: EPSG:4326.
            days: acquisition days.
            tick: called for every item that is looked at; may raise to stop.

        Raises:
            AccessDenied: part of the catalogue is closed to us.
            Unavailable: part of the catalogue cannot be read now.
        """
        found: list[Scene] = []
        dropped: list[DroppedScene] = []
        for sensor, collection in self._collections:
            for item in self._items(collection):
                tick()
                day = None
                try:
                    day = acquired(item).date()
                    if not days.start <= day <= days.end:
                        continue
                    scene = scene_of(item, sensor)
                except UnusableItem as error:
                    dropped.append(DroppedScene(id=item.id, reason=str(error), day=day))
                    continue
                if scene.touches(area):
                    found.append(scene)
        kept, repeated = _newest_baseline(found)
        return SceneSearch(scenes=tuple(sorted(kept, key=_time_order)), dropped=tuple(dropped + repeated))

    def extents(self) -> tuple[Extent, ...]:
        """Return what its collections say of themselves, one extent each; the scenes are not looked at.

        Raises:
            AccessDenied: a collection is closed to us.
            Unavailable: a collection cannot be read now.
        """
        found: list[Extent] = []
        for _, name in self._collections:
            collections = self._collection(name)
            with self._reading(name):
                found += [Extent.of(collection) for collection in collections]
        return tuple(found)

    def _items(self, collection_id: str) -> Iterator[Item]:
        """Yield the items of a collection; a catalogue without that collection has none."""
        for collection in self._collection(collection_id):
            with self._reading(collection_id):
                yield from collection.get_items(recursive=True)

    def _collection(self, collection_id: str) -> list[Collection]:
        with self._reading(collection_id):
            children = list(self._root.get_children())
        return [child for child in children if isinstance(child, Collection) and child.id == collection_id]

    @contextmanager
    def _reading(self, collection_id: str) -> Iterator[None]:
        """Say of an error while a part of the catalogue is read what it means for a job."""
        try:
            yield
        except (OSError, STACError, ValueError, KeyError) as error:
            if isinstance(error.__cause__, ClearleafError):  # pystac wraps what was raised while it followed a link
                raise error.__cause__ from error
            raise Unavailable(f"catalogue {self.profile.name!r}: {collection_id} cannot be read: {error}") from error


open_catalog = Catalog
"""Opening a catalogue reads its root, and raises as `Catalog` does."""


def _not_a_catalog(profile: CatalogProfile, why: str) -> InvalidJob:
    detail = f"catalog {profile.name!r} cannot be used: {why}; give the path of a static STAC catalog.json"
    return InvalidJob(Problem("/catalog", detail))


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
            reason = f"same acquisition as {winner.id}, which is kept"
            dropped.append(DroppedScene(id=scene.id, reason=reason, day=scene.day))
        else:
            kept[acquisition] = scene
    return list(kept.values()), dropped
