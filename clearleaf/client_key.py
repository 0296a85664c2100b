"""The key that a client shows to its service, and to nobody else."""

from __future__ import annotations

import os
from collections.abc import Generator

import httpx

VARIABLE = "CLEARLEAF_API_KEY"


def key_of(given: str | None) -> str | None:
    """Return the key to show: the one given, else that of the environment, else none."""
    return (os.environ.get(VARIABLE, "") if given is None else given).strip() or None


class ShownKey(httpx.Auth):
    """Sends the key to the origin of the service; links that lead elsewhere, to a bucket for one, never carry it."""

    def __init__(self, key: str, base_url: str) -> None:
        self._header = f"Bearer {key}"
        self._origin = _origin(httpx.URL(base_url))

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header where the request goes to the service."""
        if _origin(request.url) == self._origin:
            request.headers["Authorization"] = self._header
        yield request


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)
