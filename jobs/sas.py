"""Tokens of the Planetary Computer: asked for just before a file is opened, kept until shortly before they expire."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit

import httpx
from pydantic import SecretStr

from jobs.catalog_http import PATIENCE_S, fetch
from jobs.errors import AccessDenied, Problem, Unavailable

SAS_ENDPOINT = "https://planetarycomputer.microsoft.com/api/sas/v1/token"
BLOBS = ".blob.core.windows.net"
MARGIN_S = 120.0
"""A file that is opened now is still being read a while later."""
PUBLIC_ACCOUNTS = ("ai4edatasetspublicassets",)
KEY_VARIABLE = "PC_SDK_SUBSCRIPTION_KEY"
NEEDS_KEY = ("sentinel1euwestrtc",)
"""Storage accounts whose tokens are for holders of a key only: terrain-corrected Sentinel-1."""


@dataclass(frozen=True)
class _Token:
    query: str
    expires: float

    @property
    def holds(self) -> bool:
        return time.time() < self.expires - MARGIN_S


class SasTokens:
    """Signs URLs of the Planetary Computer's storage, one token per account and container; safe among threads."""

    def __init__(
        self,
        key: SecretStr | None = None,
        endpoint: str = SAS_ENDPOINT,
        blobs: str = BLOBS,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Keep tokens for one process.

        Args:
            key: subscription key of an account; Sentinel-2 is open without one.
            endpoint: that gives tokens.
            blobs: what hosts of the storage end in.
            patience_s: how long the endpoint may take.
        """
        headers = {} if key is None else {"Ocp-Apim-Subscription-Key": key.get_secret_value()}
        self._client = httpx.Client(timeout=patience_s, headers=headers)  # no redirects: they would get the key
        self._endpoint, self._blobs, self._has_key = endpoint.rstrip("/"), blobs, key is not None
        self._tokens: dict[tuple[str, str], _Token] = {}
        self._lock = threading.Lock()

    def signed(self, href: str) -> str:
        """Return a URL that can be opened now; what is not in the storage is returned as it is.

        Raises:
            AccessDenied: the account's files are for holders of a key.
            Unavailable: there is no token now.
        """
        place = self._place(href)
        if place is None:
            return href
        with self._lock:  # many threads want the same token at once: one asks
            token = self._tokens.get(place)
            if token is None or not token.holds:
                token = self._tokens[place] = self._ask(*place)
        return f"{href.partition('?')[0]}?{token.query}"

    def forget(self, href: str, refused: str) -> bool:
        """Drop the token of a URL that was refused, unless it is a newer one; returns whether a new try makes sense.

        Args:
            href: unsigned.
            refused: signed, as it was refused.
        """
        place = self._place(href)
        if place is None:
            return False
        with self._lock:
            token = self._tokens.get(place)
            if token is not None and refused.endswith(token.query):
                del self._tokens[place]
        return True

    def _place(self, href: str) -> tuple[str, str] | None:
        """Return account and container of a URL in the storage; what is asked for by TLS is sent by TLS alone."""
        parts = urlsplit(href)
        if parts.scheme != "https" and parts.scheme != urlsplit(self._endpoint).scheme:
            return None
        host, container = parts.netloc, parts.path.lstrip("/").partition("/")[0]
        if not host.endswith(self._blobs) or not container:
            return None
        account = host.removesuffix(self._blobs)
        return None if account in PUBLIC_ACCOUNTS else (account, container)

    def _ask(self, account: str, container: str) -> _Token:
        place = f"{quote(account, safe='')}/{quote(container, safe='')}"
        try:
            answer = json.loads(fetch(self._client, "GET", f"{self._endpoint}/{place}"))
            expires = datetime.fromisoformat(answer["msft:expiry"]).timestamp()
            return _Token(str(answer["token"]).lstrip("?"), expires)
        except AccessDenied as error:
            raise _denied(f"no token for {place}: {self._cure()}") from error
        except FileNotFoundError as error:
            raise _denied(f"the Planetary Computer has no storage {place}") from error
        except (KeyError, TypeError, ValueError) as error:
            raise Unavailable(f"the token endpoint answers no token for {place}") from error

    def _cure(self) -> str:
        if self._has_key:
            return f"the Planetary Computer refuses the key in {KEY_VARIABLE}: check it"
        return f"these files need an account of the Planetary Computer: put its key into {KEY_VARIABLE}"


def _denied(why: str) -> AccessDenied:
    told = "the archive of the catalogue's scenes does not let the service read: whoever runs it finds why in its log"
    return AccessDenied(Problem("/catalog", told, inside=why))
