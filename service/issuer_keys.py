"""The public keys of an OIDC issuer, fetched from the configured address and kept for a while."""

from __future__ import annotations

import logging
import time
from threading import Event, Lock, Thread

import httpx
import jwt

from jobs.errors import Unavailable
from service.issuer_fetch import LONGEST_S, Keys, fetched

log = logging.getLogger(__name__)

FRESH_S = 600.0
"""For how long keys are used before they are fetched again; one that the issuer took back opens nothing after that."""
STALE_S = 24 * 3600.0
"""For how long known keys go on while the issuer does not answer."""
PAUSE_S = 10.0
"""Between two fetches at least: tokens of made-up keys must not make us ask without end."""
KNOWN_WAIT_S = 1.0
"""For how long one caller, whose key is known but no longer fresh, waits for news of it; no other such caller does."""


class IssuerKeys:
    """Keys by their id; may be shared by threads."""

    def __init__(self, url: str, algorithms: tuple[str, ...]) -> None:
        self._url = url
        self._algorithms = algorithms
        self._keys: Keys = {}
        self._fetched: float | None = None
        self._tried: float | None = None
        self._failed = False
        self._fetch: Event | None = None
        self._lock = Lock()

    def find(self, key_id: str | None, algorithm: str) -> jwt.PyJWK:
        """Return the key that a token names; a known one is not kept waiting by an issuer that hangs.

        Raises:
            jwt.PyJWTError: the issuer has no such key for that algorithm.
            Unavailable: no keys are known, or the issuer does not give them.
        """
        named = (key_id, algorithm)
        known = named in self._keys and self._age(self._fetched) <= STALE_S
        if not known or self._age(self._fetched) > FRESH_S:
            fetch, mine = self._refreshing()
            if fetch is not None and (mine or self._age(self._fetched) > STALE_S):
                fetch.wait(KNOWN_WAIT_S if known else LONGEST_S)
        if self._age(self._fetched) > STALE_S:
            raise _away()
        key = self._keys.get(named)
        if key is None:
            if self._failed or self._fetch is not None:  # it may be new: refusing it for good would be wrong
                raise _away()
            raise jwt.InvalidKeyError("the issuer has no such key")
        return key

    def _refreshing(self) -> tuple[Event | None, bool]:
        """Return the end of the fetch that goes on, if any does, and whether this caller began it."""
        with self._lock:
            if self._fetch is not None or self._age(self._tried) < PAUSE_S:
                return self._fetch, False
            self._tried, self._fetch = time.monotonic(), Event()
            Thread(target=self._refresh, args=(self._fetch,), name="issuer-keys", daemon=True).start()
            return self._fetch, True

    def _refresh(self, done: Event) -> None:
        """Fetch the keys; what is known is kept where that fails."""
        try:
            self._keys = fetched(self._url, self._algorithms)
            self._fetched, self._failed = time.monotonic(), False
        except (httpx.HTTPError, OSError, ValueError, RecursionError, jwt.PyJWTError) as error:
            log.warning("the keys of the OIDC issuer cannot be had: %s", str(error) or type(error).__name__)
            self._failed = True
        finally:
            self._tried, self._fetch = time.monotonic(), None
            done.set()

    @staticmethod
    def _age(moment: float | None) -> float:
        return float("inf") if moment is None else time.monotonic() - moment


def _away() -> Unavailable:
    return Unavailable("the keys of the OIDC issuer cannot be had", retry_after=PAUSE_S)
