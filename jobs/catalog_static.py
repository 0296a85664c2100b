"""A static STAC catalogue, on disk or behind HTTP; its items are walked, as it cannot be asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

from pystac import Catalog as StacCatalog
from pystac import Collection, Item
from pystac.errors import STACError, STACTypeError
from shapely.geometry.base import BaseGeometry

from jobs.catalog_http import PATIENCE_S, HttpStacIO, shown, without_keys
from jobs.errors import ClearleafError, InvalidJob, Problem, Unavailable
from jobs.request import TimeRange
from jobs.sources import Source


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
        href = source.href if source.href.endswith(".json") else source.href.rstrip("/") + "/catalog.json"
        try:
            self._root = StacCatalog.from_file(href, stac_io=HttpStacIO(source, patience_s))
        except FileNotFoundError as error:
            raise _not_a_catalog(name, f"there is no {shown(href)}") from error
        except (STACError, STACTypeError, ValueError, KeyError) as error:
            raise _not_a_catalog(name, f"{shown(href)} is no STAC catalogue ({without_keys(str(error))})") from error
        except OSError as error:
            raise Unavailable(
                f"catalogue {name!r} cannot be reached at {shown(href)}: {without_keys(str(error))}"
            ) from error

    def items(self, area: BaseGeometry, days: TimeRange) -> Iterator[Item]:
        """Yield all items: nobody but us looks at area and days; a catalogue without the collection has none."""
        for collection in self.collections():
            with self._reading():
                yield from collection.get_items(recursive=True)

    def samples(self, count: int) -> list[Item]:
        """Return a few items, whichever come first."""
        found: list[Item] = []
        for collection in self.collections():
            with self._reading():
                found += islice(collection.get_items(recursive=True), count - len(found))
        return found

    def collections(self) -> list[Collection]:
        """Return the source's collection, if the catalogue has it."""
        with self._reading():
            children = list(self._root.get_children())
        return [child for child in children if isinstance(child, Collection) and child.id == self._source.collection]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Say of an error while a part of the catalogue is read what it means for a job."""
        try:
            yield
        except (OSError, STACError, STACTypeError, ValueError, KeyError) as error:
            if isinstance(error.__cause__, ClearleafError):  # pystac wraps what was raised while it followed a link
                raise error.__cause__ from error
            place = f"catalogue {self._name!r}: {self._source.collection}"
            raise Unavailable(f"{place} cannot be read: {without_keys(str(error))}") from error


def _not_a_catalog(name: str, why: str) -> InvalidJob:
    cure = "give the path of a static STAC catalog.json, or the URL of one or of a STAC API"
    return InvalidJob(Problem("/catalog", f"catalog {name!r} cannot be used: {why}; {cure}"))
