"""What a catalogue answers with: items, and what it calls items and are none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pystac.errors import STACError, STACTypeError

MOST_ITEMS = 20_000
"""Ten years of one place in both sensors are some 4,000; more means a server that ignores what it is asked."""
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
