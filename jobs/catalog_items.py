"""What a catalogue answers with: items, and what it calls items and are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pystac.errors import STACError, STACTypeError

from jobs.errors import InvalidJob, unusable_catalog

MOST_ITEMS = 20_000
"""Ten years of one place in both sensors are some 4,000; more means a server that ignores what it is asked."""
MOST_NAMED = 8
ODD = (STACError, STACTypeError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What a document of another kind than expected gives rise to."""

Fetched = Callable[[int], None]
"""Called with the number of items that an answer has brought, each time there is one; may raise to stop."""


@dataclass(frozen=True)
class BrokenItem:
    """What a catalogue calls an item, and is none.

    Attributes:
        id: as the document says it, or where the document is.
        reason: why it is none, in words that may be told to customers.
    """

    id: str
    reason: str


def no_collection(name: str, collection: str, there: Sequence[str]) -> InvalidJob:
    """Return the error of a catalogue that does not have a collection.

    Args:
        name: of the catalogue.
        collection: that is asked for.
        there: ids of those that it has, as far as known.
    """
    known = f": it has {', '.join(sorted(there)[:MOST_NAMED])}" if there else ""
    more = f" and {len(there) - MOST_NAMED} more" if len(there) > MOST_NAMED else ""
    cure = "name one of its own in the catalogue's source; a profile with s2 alone does without radar"
    return unusable_catalog(name, f"has no collection {collection!r}{known}{more}; {cure}")
