"""One stored file as an HTTP answer: whole or in part, as it is or with its hrefs signed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.utils import format_datetime
from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from jobs.media_types import media_type
from jobs.objects import Stat
from service.dependencies import Parts
from service.errors import HttpProblem
from service.etags import has_already
from service.freshness import OF_ONE_CALLER
from service.ranges import requested_range
from service.signing import signed_href
from service.stac_links import may_be_stac, with_signed_hrefs


@dataclass(frozen=True)
class Content:
    """What there is to send.

    Attributes:
        size: bytes.
        etag: of these bytes, quoted.
        media_type: of these bytes.
        modified: when, as HTTP writes it.
        read: gives the bytes from start to stop (exclusive) in pieces.
        elsewhere: gives the URL under which the storage itself gives the file; None where only we do.
    """

    size: int
    etag: str
    media_type: str
    modified: str
    read: Callable[[int, int], Iterator[bytes]]
    elsewhere: Callable[[], str | None] = lambda: None


def file_answers(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route that gives files of these types by `answer`."""
    content = {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in media_types}
    return {
        200: {"description": "The file", "content": content},
        206: {"description": "The range asked for", "content": content},
        304: {"description": "The file is still what If-None-Match names"},
        307: {"description": "Where the storage itself gives the file, for a while; never to HEAD"},
    }


def content_of(key: str, parts: Parts, expires_in: int) -> Content:
    """Return what a stored file gives; a STAC document's hrefs are signed for as long as its own URL holds.

    Were they signed for longer, one link could be traded for fresh ones for ever.

    Raises:
        HttpProblem: 404 if the file is no more.
    """
    stat = parts.storage.head(key)
    if stat is None:
        raise _no_more()
    if may_be_stac(key, stat.size):
        sign = partial(signed_href, signer=parts.signer, public_url=parts.settings.public_url, expires_in=expires_in)
        served = with_signed_hrefs(_document(key, parts), key, results_root(key), sign)
        if served is not None:
            return _of_bytes(*served, stat)
    return Content(
        stat.size,
        quoted(stat.etag),
        media_type(key),
        _http_date(stat),
        partial(parts.storage.read, key),
        partial(parts.storage.presigned, key, expires_in),
    )


def answer(content: Content, request: Request) -> Response:
    """Return the file, a part of it (206), its headers alone (HEAD), nothing new (304), or where it is (307).

    HEAD is never sent elsewhere: GDAL would use the URL that it led to for GET as well, for which it is not signed.

    Raises:
        HttpProblem: 404 if the file is no more, 416 if it does not reach as far as the range.
    """
    headers = {
        "ETag": content.etag,
        "Last-Modified": content.modified,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private",
        **OF_ONE_CALLER,
    }
    if has_already(content.etag, request.headers.get("if-none-match", "")):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    headers["Content-Length"] = str(content.size)
    if request.method == "HEAD":
        return Response(headers=headers, media_type=content.media_type)
    url = content.elsewhere()
    if url is not None:
        return RedirectResponse(url, HTTPStatus.TEMPORARY_REDIRECT, {"Cache-Control": "no-store"})
    wanted = requested_range(_range_header(request, content), content.size)
    if wanted is None:
        return StreamingResponse(_body(content, 0, content.size), headers=headers, media_type=content.media_type)
    headers |= {"Content-Length": str(wanted.length), "Content-Range": wanted.content_range}
    body = _body(content, wanted.start, wanted.stop)
    return StreamingResponse(body, HTTPStatus.PARTIAL_CONTENT, headers, media_type=content.media_type)


def _body(content: Content, start: int, stop: int) -> Iterator[bytes]:
    try:
        return content.read(start, stop)
    except FileNotFoundError:
        raise _no_more() from None


def _document(key: str, parts: Parts) -> bytes:
    try:
        return parts.storage.get_bytes(key)
    except FileNotFoundError:
        raise _no_more() from None


def _no_more() -> HttpProblem:
    return HttpProblem(HTTPStatus.NOT_FOUND, "this file is no more: the job's results were removed")


def results_root(key: str) -> str:
    """Return the prefix of the results that a file belongs to: jobs/ID/results/ATTEMPT/."""
    return "/".join(key.split("/")[:4]) + "/"


def quoted(etag: str) -> str:
    """Return an entity tag in the quotes that HTTP wants."""
    return etag if etag.startswith('"') else f'"{etag}"'


def _range_header(request: Request, content: Content) -> str | None:
    """Return the Range header, unless it was meant for another state of the file (If-Range)."""
    condition = request.headers.get("if-range")
    if condition is not None and condition not in (content.etag, content.modified):
        return None
    return request.headers.get("range")


def _of_bytes(body: bytes, media_type: str, stat: Stat) -> Content:
    etag = quoted(hashlib.sha256(body).hexdigest()[:32])
    return Content(len(body), etag, media_type, _http_date(stat), lambda start, stop: iter([body[start:stop]]))


def _http_date(stat: Stat) -> str:
    return format_datetime(stat.modified, usegmt=True)
