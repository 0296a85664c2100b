"""Catalogues over HTTP: a status becomes what it means for a job, and a server's Retry-After is kept."""

from __future__ import annotations

import logging
import re
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import httpx
from prometheus_client import Counter
from pystac.stac_io import DefaultStacIO

from jobs.errors import AccessDenied, Problem, Unavailable
from jobs.sources import Source, is_url, may_hear_password

logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log every URL with its password and signature

PATIENCE_S = 20.0
"""For a connection, and for each piece of an answer."""
WHOLE_ANSWER = 6.0
"""Times the patience: an answer that drips, a byte now and then, would never end by itself."""
MOST_REDIRECTS = 10
MOST_BYTES = 64 * 2**20
"""Of an answer, unpacked: a page of a hundred items has some five million."""
LONGEST_WAIT_S = 86_400.0
"""A server that asks for more patience than a day has made a mistake."""
ERRORS = Counter("clearleaf_stac_errors", "Questions that a catalogue did not answer as it should.", ["kind"])
"""Tries that were followed by a better one count, too."""
for _kind in ("unavailable", "denied", "odd"):
    ERRORS.labels(_kind)
_ABSENT = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_DENIED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED)
_PASSING = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS)


class HttpStacIO(DefaultStacIO):
    """Reads STAC documents by URL, over connections that are kept; paths are read as pystac reads them."""

    def __init__(self, source: Source, patience_s: float = PATIENCE_S) -> None:
        super().__init__()
        self._source = source
        self._client = client_of(source, patience_s)

    def read_text_from_href(self, href: str) -> str:
        """Return the text of a document.

        Raises:
            FileNotFoundError: there is none.
            AccessDenied: we may not read it, or it lies where this catalogue has no business.
            Unavailable: it cannot be had now.
            ValueError: the server does not understand the question.
        """
        check_place(self._source, href)
        if not is_url(href):
            return super().read_text_from_href(href)
        return str(fetch(self._client, "GET", href), "utf-8", "replace")


def client_of(source: Source, patience_s: float) -> httpx.Client:
    """Return a client for a source's documents; a redirect elsewhere is refused like a link.

    The source's password goes to its own host alone (`may_hear_password`), and also where a link there does not repeat
    it.
    """
    userinfo = httpx.URL(source.href).userinfo if source.is_remote else b""

    def check(request: httpx.Request) -> None:
        check_place(source, str(request.url))
        if userinfo and may_hear_password(str(request.url), source.href):
            request.headers["Authorization"] = f"Basic {b64encode(unquote_to_bytes(userinfo)).decode()}"

    return httpx.Client(timeout=patience_s, follow_redirects=True, event_hooks={"request": [check]})


def check_place(source: Source, href: str) -> None:
    """Refuse a document that lies elsewhere than its catalogue.

    Raises:
        AccessDenied: it does.
    """
    why = source.refusal(href)
    if why is not None:
        cure = "add that place to asset_hosts of the catalogue if it is to be trusted"
        raise _denied(f"the catalogue points to a document {why}: {cure}")


def fetch(
    client: httpx.Client,
    method: str,
    href: str,
    most_bytes: int = MOST_BYTES,
    **what: Any,  # noqa: ANN401 - httpx's own
) -> bytes:
    """Return what a server answers to one question, read in pieces: neither memory nor time is the server's to fill.

    Args:
        client: asks; its patience also bounds the whole answer (`WHOLE_ANSWER`).
        method: of HTTP.
        href: what is asked for.
        most_bytes: of the answer.
        what: headers, parameters or body.

    Raises:
        FileNotFoundError: there is nothing there.
        AccessDenied: we may not read it.
        Unavailable: it cannot be had now, or not in time.
        ValueError: the server does not understand the question, or answers with too much.
    """
    try:
        return _fetched(client, method, href, most_bytes, what)
    except Unavailable:
        ERRORS.labels("unavailable").inc()
        raise
    except AccessDenied:
        ERRORS.labels("denied").inc()
        raise
    except ValueError:
        ERRORS.labels("odd").inc()
        raise


def _fetched(client: httpx.Client, method: str, href: str, most_bytes: int, what: dict[str, Any]) -> bytes:
    longest_s = WHOLE_ANSWER * (client.timeout.read or PATIENCE_S)
    until = time.monotonic() + longest_s
    content = bytearray()
    try:
        with _answer(client, client.build_request(method, href, **what)) as answer:
            if not answer.is_success:
                raise meaning(answer, href)
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > most_bytes:
                    raise ValueError(f"{shown(href)} answers with more than {most_bytes} bytes")
                if time.monotonic() > until:
                    raise Unavailable(f"{shown(href)} takes more than {longest_s:g} s to answer")
    except httpx.HTTPError as error:
        said = str(error) or type(error).__name__
        raise Unavailable(f"{shown(href)} cannot be reached: {said}") from error
    except httpx.InvalidURL as error:
        raise ValueError(f"{shown(href)} is no URL") from error
    return bytes(content)


@contextmanager
def _answer(client: httpx.Client, request: httpx.Request) -> Iterator[httpx.Response]:
    """Give the answer to a request, unread; of redirects, which a client would read whole, only the heads are read."""
    for _ in range(MOST_REDIRECTS):
        with closing(client.send(request, stream=True, follow_redirects=False)) as answer:
            if answer.next_request is None or not client.follow_redirects:
                yield answer
                return
            request = answer.next_request
    raise httpx.TooManyRedirects(f"more than {MOST_REDIRECTS} redirects", request=request)


def meaning(answer: httpx.Response, href: str) -> Exception:
    """Return what a status means: not there, not for us, not now, or not understood."""
    place, status = shown(href), f"{answer.status_code} {answer.reason_phrase}".strip()
    if answer.status_code in _ABSENT:
        return FileNotFoundError(f"there is no {place} ({status})")
    if answer.status_code in _DENIED:
        return _denied(f"catalog {place} does not let us read ({status}): give a user and password that may, or a URL")
    if answer.is_server_error or answer.status_code in _PASSING:
        return Unavailable(f"{place} answers {status}", retry_after(answer.headers.get("retry-after", "")))
    return ValueError(f"{place} answers {status}")


def _denied(why: str) -> AccessDenied:
    cure = "choose another one, or ask whoever runs the service to have it opened"
    return AccessDenied(Problem("/catalog", f"the catalogue does not let the service read: {cure}", inside=why))


def shown(href: str) -> str:
    """Return a path or URL as it may be told: without password and without the signature in its query."""
    parts = urlsplit(href)
    if not parts.netloc:
        return href
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def retry_after(header: str) -> float | None:
    """Return for how many seconds a server asks us to wait; None where it does not say, or not so that it counts.

    Args:
        header: value of Retry-After, seconds or an HTTP date (RFC 9110, section 10.2.3).
    """
    text = header.strip()
    if re.fullmatch(r"[0-9]{1,18}", text):
        return min(float(text), LONGEST_WAIT_S)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_WAIT_S)
