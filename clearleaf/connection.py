"""The way to a service and back: HTTP with its key, its pauses and its errors as our own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx

from clearleaf.addresses import is_loopback
from clearleaf.client_errors import TooMany, Unreachable, error_of
from clearleaf.client_key import ShownKey

PATIENCE_S = 60.0
"""For how long we put up with a service that is away, or that lets us wait, before we give up; a restart takes less."""


class Connection:
    """Requests to one service.

    Attributes:
        http: for what follows the service's links.
    """

    def __init__(
        self, base_url: str, key: str | None, *, timeout_s: float, transport: httpx.BaseTransport | None
    ) -> None:
        self.http = httpx.Client(
            base_url=base_url,
            auth=None if key is None else ShownKey(key, base_url),
            timeout=timeout_s,
            transport=transport,
            follow_redirects=True,
            trust_env=not is_loopback(base_url),  # a proxy of the environment does not reach this machine
        )

    def json(self, method: str, url: str, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - httpx's own options
        """Return the document that answers a request; options and errors as in `send`."""
        document: dict[str, Any] = self.send(method, url, **options).json()
        return document

    def send(self, method: str, url: str, **options: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own options
        """Return the answer to a request, after the pauses that the service asks for.

        Args:
            method: of HTTP.
            url: path below that of the service, or a whole URL.
            options: of `httpx.Client.request`.

        Raises:
            ClientError: the service refused, or could not be asked.
        """
        waited = 0.0
        while True:
            with reachable():
                response = self.http.request(method, url, **options)
            if response.is_success:
                return response
            error = error_of(response)
            pause = error.retry_after_s
            if not isinstance(error, TooMany) or pause is None or waited + pause > PATIENCE_S:
                raise error
            time.sleep(pause)
            waited += pause


@contextmanager
def reachable() -> Iterator[None]:
    """Turn what goes wrong on the way to the service into our own error."""
    try:
        yield
    except httpx.TransportError as error:
        raise Unreachable("Service unreachable", str(error) or type(error).__name__) from error


def path_part(job_id: str) -> str:
    """Return an id as one part of a path, whatever it holds."""
    return quote(job_id, safe="")
