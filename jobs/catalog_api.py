"""A STAC API: asked for collection, place and days only, and not trusted to have understood any of them."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urljoin

from pystac import Collection, Item, Link
from pystac_client import Client
from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO
from shapely.geometry.base import BaseGeometry

from jobs.catalog_http import PATIENCE_S, check_place, client_of, fetch, shown
from jobs.catalog_items import MOST_ITEMS, ODD, BrokenItem, Fetched, no_collection
from jobs.errors import ClearleafError, InvalidJob, Unavailable, unusable_catalog
from jobs.order_times import TimeRange
from jobs.redaction import without_keys
from jobs.sources import Source, is_url

PAGE = 100
MOST_EMPTY = 50
"""Pages in a row; they may be followed by others."""
TRIES = 3
PAUSE_S = 0.5
log = logging.getLogger(__name__)
LONGEST_PAUSE_S = 5.0
"""A server that asks for more is left alone meanwhile: the step waits, and the worker does something else."""


class PatientStacIO(StacApiIO):
    """Asks a STAC API over connections that are kept; short troubles are waited out, longer ones are weather."""

    def __init__(self, source: Source, patience_s: float = PATIENCE_S, tries: int = TRIES) -> None:
        super().__init__(max_retries=None)
        self._source, self._tries = source, tries
        self._client = client_of(source, patience_s)

    def request(
        self,
        href: str,
        method: str | None = None,
        headers: dict[str, str] | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> str:
        """Return the text of an answer.

        Raises:
            FileNotFoundError: there is nothing there.
            AccessDenied: we may not read it, or it lies elsewhere than the API.
            Unavailable: it cannot be had now.
            ValueError: the server does not understand the question.
        """
        href = urljoin(self._source.href, href)
        check_place(self._source, href)
        verb = (method or "GET").upper()
        what: dict[str, Any] = {"headers": headers}
        if parameters:
            what["json" if verb == "POST" else "params"] = parameters
        return _patiently(lambda: str(fetch(self._client, verb, href, **what), "utf-8", "replace"), self._tries)

    def get_pages(
        self, url: str, method: str | None = None, parameters: dict[str, Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield the pages of an answer, empty ones too: some servers filter after a page is cut, and go on behind it.

        They end where there is no link to a next one, or where that has been followed before.
        """
        page = self.read_json(url, method=method, parameters=parameters)
        followed: set[str] = set()
        while True:
            yield page
            link = next((link for link in page.get("links", []) if link.get("rel") == "next"), None)
            key = json.dumps(link, sort_keys=True)
            if link is None or key in followed:
                if link is not None:
                    log.warning("%s: its pages go in a circle, after %d of them", shown(url), len(followed) + 1)
                return
            followed.add(key)
            page = self.read_json(Link.from_dict(link), parameters=parameters)


def _patiently(ask: Callable[[], str], tries: int) -> str:
    """Ask again after a short pause, the server's own Retry-After where it is short.

    Raises:
        Unavailable: all tries failed, or the server wants a longer pause.
    """
    for done in range(1, tries + 1):
        try:
            return ask()
        except Unavailable as error:
            pause = PAUSE_S * done if error.retry_after is None else error.retry_after
            if done == tries or pause > LONGEST_PAUSE_S:
                raise
            time.sleep(pause)
    raise AssertionError("no tries")


def _key(item: Item | BrokenItem) -> tuple[str | None, str]:
    """Return what tells an item from others; ids are unique within a collection only."""
    return item.collection_id if isinstance(item, Item) else None, item.id


class ApiFeed:
    """The items of one source in a STAC API."""

    def __init__(self, name: str, source: Source, patience_s: float = PATIENCE_S, tries: int = TRIES) -> None:
        """Open the API: its landing page is read.

        Args:
            name: of the catalogue, for people.
            source: where it is.
            patience_s: how long a server may take.
            tries: of each question.

        Raises:
            InvalidJob: there is no STAC API at the configured place, or it is closed to us (`AccessDenied`).
            Unavailable: it cannot be reached now.
        """
        self._name, self._source = name, source
        self._io = PatientStacIO(source, patience_s, tries)
        try:
            self._client = Client.from_file(source.href, stac_io=self._io)
            methods = [link.extra_fields.get("method", "GET") for link in self._client.get_links("search")]
            self._method = "POST" if "POST" in methods else "GET"
            if methods:  # a link to the search says as much as the list of conformance classes, which some forget
                self._client.add_conforms_to("ITEM_SEARCH")
        except ClearleafError:
            raise
        except (APIError, FileNotFoundError, *ODD) as error:
            raise _not_an_api(
                name, f"{shown(source.href)} is no STAC API ({without_keys(str(error))[:200]})"
            ) from error

    def items(self, area: BaseGeometry, days: TimeRange, fetched: Fetched) -> Iterator[Item | BrokenItem]:
        """Yield what the API answers for a place and days; servers that ignore the question answer more.

        Everything is fetched before the first item is yielded: links to further pages may expire.

        Args:
            area: EPSG:4326.
            days: acquisition days.
            fetched: called for every page.

        Raises:
            InvalidJob: the API has no such collection, or does not understand the question.
            Unavailable: it does not answer, or not with items.
        """
        span = f"{days.start}T00:00:00Z/{days.end}T23:59:59Z"
        found = self._search(fetched, bbox=area.bounds, datetime=span, limit=PAGE)
        if not found:
            self._must_exist()
        yield from found

    def samples(self, count: int) -> list[Item]:
        """Return a few items, whichever come first."""
        return [item for item in self._search(limit=count, most_pages=1) if isinstance(item, Item)]

    def collections(self) -> list[Collection]:
        """Return the source's collection, if the API has it."""
        href = f"{self._source.href.rstrip('/')}/collections/{quote(self._source.collection, safe='')}"
        try:
            return [Collection.from_dict(json.loads(self._io.request(href)), href=href)]
        except FileNotFoundError:
            return []
        except ODD as error:
            raise Unavailable(
                f"catalogue {self._name!r}: its answer is no collection: {without_keys(str(error))}"
            ) from error

    def _must_exist(self) -> None:
        """Refuse a collection that the API does not have: a search for it finds nothing, like one in the wrong place.

        Raises:
            InvalidJob: the API names its collections, and this is none of them.
        """
        if self.collections():
            return
        with suppress(FileNotFoundError, *ODD):  # a few APIs can be searched, and have no list of collections
            listed = json.loads(self._io.request(f"{self._source.href.rstrip('/')}/collections"))["collections"]
            names = [str(collection["id"]) for collection in listed]
            if self._source.collection not in names:
                raise no_collection(self._name, self._source.collection, names)

    def _search(
        self,
        fetched: Fetched = lambda count: None,
        most_pages: int = MOST_ITEMS,
        **question: Any,  # noqa: ANN401 - as asked
    ) -> list[Item | BrokenItem]:
        """Return the items of the source's collection.

        Raises:
            InvalidJob: the API does not understand the question, or answers without end.
            Unavailable: it does not answer, or not with items.
        """
        found: dict[tuple[str | None, str], Item | BrokenItem] = {}
        try:
            search = self._client.search(method=self._method, collections=[self._source.collection], **question)
            empty = 0
            for pages, page in enumerate(self._io.get_pages(search.url, search.method, search.get_parameters()), 1):
                new = {_key(item): item for item in map(self._item, page["features"])}
                fetched(len(new))
                empty = 0 if new else empty + 1
                if (new and new.keys() <= found.keys()) or empty > MOST_EMPTY:
                    what = "go in a circle" if new else f"are empty, {empty} in a row"
                    log.warning("catalogue %r: its pages %s, after %d items", self._name, what, len(found))
                    break
                found |= new
                if len(found) > MOST_ITEMS:
                    raise _not_an_api(self._name, f"it answers with more than {MOST_ITEMS} items")
                if pages == most_pages:
                    break
        except ClearleafError:
            raise
        except json.JSONDecodeError as error:
            raise Unavailable(f"catalogue {self._name!r} answers with what is no JSON") from error
        except (FileNotFoundError, ValueError) as error:
            raise _not_an_api(self._name, f"it does not answer a plain search ({without_keys(str(error))})") from error
        except (APIError, *ODD) as error:
            raise Unavailable(
                f"catalogue {self._name!r}: its answer is no list of items: {without_keys(repr(error))}"
            ) from error
        return [item for item in found.values() if isinstance(item, BrokenItem) or self._is_mine(item)]

    def _is_mine(self, item: Item) -> bool:
        return item.collection_id in (self._source.collection, None)

    def _item(self, document: Any) -> Item | BrokenItem:  # noqa: ANN401 - whatever the API answers
        try:
            item = Item.from_dict(document)
        except ODD as error:
            name = document.get("id") if isinstance(document, dict) else None
            return BrokenItem(str(name or "without id"), f"is no STAC item: {type(error).__name__}")
        if not is_url(item.get_self_href() or ""):
            place = f"collections/{quote(self._source.collection, safe='')}/items/{quote(item.id, safe='')}"
            item.set_self_href(f"{self._source.href.rstrip('/')}/{place}")
        return item


def _not_an_api(name: str, why: str) -> InvalidJob:
    cure = "give the URL of a STAC API with item search, or the path or URL of a static catalog.json"
    return unusable_catalog(name, f"cannot be used: {why}; {cure}")
