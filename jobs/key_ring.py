"""Keys that were found good a moment ago, so that not every request asks the job book."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from threading import Lock

from jobs.api_keys import ApiKey, KeyBook, Scope, bearer_of, opens
from jobs.errors import Unavailable

REMEMBERED_S = 5.0
"""For how long a key is believed after the job book was asked; a revoked one is refused after so long at the latest."""
WITHOUT_BOOK_S = 3600.0
"""For how much longer a key of the metrics alone is believed while the job book is away: just that must be seen."""
_REMEMBERED_KEYS = 1024


class KeyRing:
    """Checks keys by the job book, and remembers good ones for some seconds; may be shared by threads."""

    def __init__(self, book: KeyBook, remembered_s: float = REMEMBERED_S) -> None:
        self._book = book
        self._remembered_s = remembered_s
        self._known: OrderedDict[bytes, tuple[float, ApiKey]] = OrderedDict()
        self._lock = Lock()

    def remembered(self, text: str) -> ApiKey | None:
        """Return a key that was found good a moment ago, without asking the job book."""
        with self._lock:
            until, key = self._known.get(_digest(text), (0.0, None))
        return key if time.monotonic() < until else None

    def check(self, text: str) -> ApiKey | None:
        """Return the key that a text is, if it is good; None for any other text.

        Raises:
            Unavailable: the job book cannot be asked, and the text is no key that opens the metrics and nothing else.
        """
        known = self.remembered(text)
        if known is not None:
            return known
        asked = time.monotonic()
        try:
            key = self._book.check(text)
        except Unavailable:
            key = self._last_known(text)
            if key is None or key.scopes != {Scope.METRICS}:
                raise
            return key
        if key is not None:
            self._remember(text, asked + self._remembered_s, key)
        return key

    def _last_known(self, text: str) -> ApiKey | None:
        with self._lock:
            until, key = self._known.get(_digest(text), (float("-inf"), None))
        return key if time.monotonic() < until + WITHOUT_BOOK_S else None

    def permits(self, authorization: str, scope: Scope) -> bool:
        """Return whether an Authorization header holds a key that opens what needs this scope.

        Raises:
            Unavailable: the job book cannot be asked.
        """
        text = bearer_of(authorization)
        key = None if text is None else self.check(text)
        return key is not None and opens(key.scopes, scope)

    def _remember(self, text: str, until: float, key: ApiKey) -> None:
        with self._lock:
            self._known[_digest(text)] = until, key
            self._known.move_to_end(_digest(text))
            while len(self._known) > _REMEMBERED_KEYS:
                self._known.popitem(last=False)


def _digest(text: str) -> bytes:
    """Return what a key is remembered by: no whole key stays in memory."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()
