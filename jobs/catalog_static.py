"""A static STAC catalogue, on disk or behind HTTP; its items are walked, as it cannot be asked."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import PurePosixPath

from pystac import Catalog as StacCatalog
from pystac import Collection, Item
from pystac.errors import STACError, STACTypeError
from shapely.geometry.base import BaseGeometry

from jobs.catalog_http import PATIENCE_S, HttpStacIO, shown
from jobs.catalog_items import MOST_ITEMS, ODD, BrokenItem, Fetched, no_collection
from jobs.errors import AccessDenied, ClearleafError, InvalidJob, Unavailable, unusable_catalog
from jobs.order_times import TimeRange
from jobs.redaction import without_keys
from jobs.sources import ELSEWHERE, Source

MOST_DEPTH = 16
"""Folders below a collection; year, month, day and tile are four."""
MOST_FOLDERS = 1_000
"""Looked into for a collection; those that have items are the most."""
log = logging.getLogger(__name__)


class StaticFeed:
    """The items of one source in a static catalogue."""

    def __init__(self, name: str, source: Source, patience_s: float = PATIENCE_S) -> None:
        """Open the catalogue.

        Args:
            name: of the catalogue, for people.
            source: where it is.
            patience_s: how long a server may take.

        Raises:
            InvalidJob: there is no STAC catalogue at the configured place, or it is closed to us (`AccessDenied`).
            Unavailable: it cannot be reached now.
        """
        self._name, self._source = name, source
        self._io = HttpStacIO(source, patience_s)
        href = source.href if source.href.endswith(".json") else source.href.rstrip("/") + "/catalog.json"
        try:
            self._root = _root(href, self._io)
        except FileNotFoundError as error:
            raise _not_usable(name, f"there is no {shown(href)}") from error
        except (STACError, STACTypeError, ValueError, KeyError) as error:
            raise _not_usable(name, f"{shown(href)} is no STAC catalogue ({without_keys(str(error))})") from error
        except OSError as error:
            raise Unavailable(
                f"catalogue {name!r} cannot be reached at {shown(href)}: {without_keys(str(error))}"
            ) from error

    def items(self, area: BaseGeometry, days: TimeRange, fetched: Fetched) -> Iterator[Item | BrokenItem]:
        """Yield all items: nobody but us looks at area and days.

        Args:
            area: not asked for.
            days: not asked for.
            fetched: called for every item.

        Raises:
            InvalidJob: it has no such collection, or no end.
            Unavailable: part of it cannot be read now, or none of its items.
        """
        collections, others = self._found()
        if not collections:
            raise no_collection(self._name, self._source.collection, others)
        for item in self._all_items():
            fetched(1)
            yield item

    def samples(self, count: int) -> list[Item]:
        """Return a few items, whichever come first."""
        return list(islice((item for item in self._all_items() if isinstance(item, Item)), count))

    def collections(self) -> list[Collection]:
        """Return the source's collection, if the catalogue has it."""
        return self._found()[0]

    def _found(self) -> tuple[list[Collection], list[str]]:
        """Return the source's collection, the root or somewhere below, nearest first; and the ids of the others."""
        level: list[StacCatalog] = [self._root]
        others: list[str] = []
        seen = {str(self._root.get_self_href())}
        for _ in range(MOST_DEPTH):
            collections = [folder for folder in level if isinstance(folder, Collection)]
            mine = [folder for folder in collections if folder.id == self._source.collection]
            if mine or not level:
                return mine, others
            others += [folder.id for folder in collections]
            links = (link for folder in level for link in folder.get_links("child"))
            hrefs = dict.fromkeys(str(link.get_absolute_href()) for link in links)
            below = [href for href in hrefs if href not in seen][: MOST_FOLDERS - len(seen)]
            seen |= set(below)
            level = [self._folder(href) for href in below]
        return [], others

    def _all_items(self) -> Iterator[Item | BrokenItem]:
        """Yield what every link to an item leads to; one broken file is no reason to do without the others."""
        broken: list[BrokenItem] = []
        any_whole = False
        for href in self._item_hrefs():
            item = self._item(href)
            if isinstance(item, BrokenItem):
                broken.append(item)
            any_whole |= isinstance(item, Item)
            yield item
        if broken and not any_whole:
            why = f"none of its {len(broken)} items, {broken[0].id} because it {broken[0].reason}"
            raise Unavailable(f"catalogue {self._name!r}: {self._source.collection} cannot be read: {why}")

    def _item_hrefs(self) -> Iterator[str]:
        """Yield where the items below the collection are, each once, however its folders link to one another."""
        left: list[tuple[StacCatalog, int]] = [(collection, 0) for collection in self.collections()]
        seen = {str(folder.get_self_href()) for folder in (self._root, *(folder for folder, _ in left))}
        while left:
            folder, depth = left.pop()
            for link in folder.get_links():
                href = str(link.get_absolute_href())
                if link.rel not in ("item", "child") or href in seen:
                    continue
                seen.add(href)
                if len(seen) > MOST_ITEMS:
                    raise _not_usable(self._name, f"{self._source.collection} has more than {MOST_ITEMS} items")
                if link.rel == "item":
                    yield href
                elif depth == MOST_DEPTH:
                    raise _not_usable(self._name, f"its folders are more than {MOST_DEPTH} deep")
                else:
                    left.append((self._folder(href), depth + 1))

    def _folder(self, href: str) -> StacCatalog:
        with self._reading():
            folder = self._io.read_stac_object(href)
            if not isinstance(folder, StacCatalog):
                raise STACTypeError(folder.to_dict(), StacCatalog, f"{self._told(href)} is no folder of a catalogue")
            return folder

    def _item(self, href: str) -> Item | BrokenItem:
        """Return an item, or why there is none.

        Raises:
            Unavailable: its server is in trouble, which passes.
        """
        try:
            return Item.from_dict(self._io.read_json(href), href=href, migrate=True, preserve_dict=False)
        except Unavailable:
            raise
        except (AccessDenied, OSError, *ODD) as error:
            log.warning("item %s is left out: %s", shown(href), without_keys(str(error)))
            return BrokenItem(self._told(href), self._why(href, error))

    def _told(self, href: str) -> str:
        """Return where a document is, as customers may know it: from the catalogue's own folder on."""
        folder = shown(str(self._root.get_self_href())).rpartition("/")[0]
        place = shown(href)
        return place.removeprefix(f"{folder}/") if place.startswith(f"{folder}/") else PurePosixPath(place).name

    def _why(self, href: str, error: Exception) -> str:
        """Return what an error means, in words without the places of this server."""
        if isinstance(error, AccessDenied):
            return "may not be read by us" if self._source.refusal(href) is None else ELSEWHERE
        if isinstance(error, FileNotFoundError):
            return "is not there"
        if isinstance(error, OSError):
            return f"cannot be read: {error.strerror or type(error).__name__}"
        if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError):
            return "is no JSON"
        return f"is no STAC item: {type(error).__name__}"

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Say of an error while a part of the catalogue is read what it means for a job."""
        try:
            yield
        except (OSError, *ODD) as error:
            if isinstance(error.__cause__, ClearleafError):  # pystac wraps what was raised while it followed a link
                raise error.__cause__ from error
            place = f"catalogue {self._name!r}: {self._source.collection}"
            raise Unavailable(f"{place} cannot be read: {without_keys(str(error))}") from error


def _root(href: str, io: HttpStacIO) -> StacCatalog:
    """Return the root of a catalogue, which may be a collection."""
    try:
        return StacCatalog.from_file(href, stac_io=io)
    except STACTypeError:
        return Collection.from_file(href, stac_io=io)


def _not_usable(name: str, why: str) -> InvalidJob:
    cure = "give the path of a static STAC catalog.json, or the URL of one or of a STAC API"
    return unusable_catalog(name, f"cannot be used: {why}; {cure}")
