"""The body of an order on its way in: measured while it is read, then parsed more strictly than `json` does."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from http import HTTPStatus
from itertools import chain
from typing import Annotated, Any, NoReturn

from anyio import current_time, move_on_after
from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from service.dependencies import GivenParts, GivenTenant, Parts
from service.errors import HttpProblem

JSON_TYPES = ("application/json", "application/geo+json")


LARGE_BYTES = 2**18
"""Larger bodies wait for one another: parsed, they are thirty times as large in memory."""
READ_S = 120.0
"""For how long a caller may send a body."""
SHORT_BYTES = 2**20
"""Largest question: one polygon is the most that it holds."""
_SPARE = 10_000
"""Arrays and objects of a body beside those of its polygons."""
_OF_PARCEL = 10
"""Arrays and objects of a parcel beside its vertices: feature, properties, geometry, rings."""
_PER_CONTAINER = 4
"""Commas for each array or object, on the whole: positions have two or three numbers, parcels some properties."""


async def read_body(request: Request, tenant: GivenTenant, parts: GivenParts) -> AsyncIterator[bytes]:
    """Yield the whole body of a JSON request; a large one has its tenant's others wait until it is answered.

    Raises:
        HttpProblem: 415 if it is not announced as JSON; 413 if it is announced or found to be over the cap; 408 if it
            does not come to an end.
    """
    async with AsyncExitStack() as held:
        turn = parts.crowded.large_bodies.of(tenant)
        yield await _whole(request, parts.settings.max_body_bytes, held, turn)


async def read_short_body(request: Request, tenant: GivenTenant, parts: GivenParts) -> AsyncIterator[bytes]:
    """Yield the body of a question as `read_body` does that of an order."""
    async with AsyncExitStack() as held:
        turn = parts.crowded.large_bodies.of(tenant)
        yield await _whole(request, min(SHORT_BYTES, parts.settings.max_body_bytes), held, turn)


async def _whole(request: Request, cap: int, held: AsyncExitStack, turn: AbstractAsyncContextManager[None]) -> bytes:
    _check_media_type(request.headers.get("content-type", ""))
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > cap:
        raise _too_large(cap)
    pieces, size, is_large = [], 0, False
    with move_on_after(READ_S) as patience:
        async for piece in request.stream():
            size += len(piece)
            if size > cap:
                raise _too_large(cap)
            if size > LARGE_BYTES and not is_large:
                is_large, patience.deadline = True, math.inf
                await held.enter_async_context(turn)
                patience.deadline = current_time() + READ_S
            pieces.append(piece)
    if patience.cancelled_caught:
        raise _too_slow()
    return b"".join(pieces)


async def turn_of_order(
    body: Annotated[bytes, Depends(read_body, scope="function")], tenant: GivenTenant, parts: GivenParts
) -> AsyncIterator[None]:
    """Wait as `take_turn` does, once the body is read: to come before the payload among a route's parameters."""
    async with parts.crowded.long_answers.of(tenant):
        yield


async def turn_of_question(
    body: Annotated[bytes, Depends(read_short_body, scope="function")], tenant: GivenTenant, parts: GivenParts
) -> AsyncIterator[None]:
    """Wait as `turn_of_order` does, for the body of a question."""
    async with parts.crowded.long_answers.of(tenant):
        yield


async def json_object(
    body: Annotated[bytes, Depends(read_body, scope="function")], tenant: GivenTenant, parts: GivenParts
) -> AsyncIterator[dict[str, Any]]:
    """Yield the JSON object of an order.

    Raises:
        HttpProblem: 400 if the body is no strict JSON object in UTF-8: NaN, a member given twice, text that cannot be
            stored, or nested too deeply; 413 if it has more parts than the largest order.
    """
    limits = parts.settings.limits
    most = limits.max_order_vertices + _OF_PARCEL * limits.max_parcels + _SPARE
    async with _parsed(body, tenant, parts, most) as payload:
        yield payload


async def short_object(
    body: Annotated[bytes, Depends(read_short_body, scope="function")], tenant: GivenTenant, parts: GivenParts
) -> AsyncIterator[dict[str, Any]]:
    """Yield the JSON object of a question, which has one polygon at most; raises as `json_object`."""
    async with _parsed(body, tenant, parts, parts.settings.limits.max_vertices + _SPARE) as payload:
        yield payload


@asynccontextmanager
async def _parsed(body: bytes, tenant: str, parts: Parts, most: int) -> AsyncIterator[dict[str, Any]]:
    async with parts.crowded.large_payloads.of(tenant) if len(body) > LARGE_BYTES else nullcontext():
        yield await run_in_threadpool(_object, body, parts, most)  # parsing 16 MiB takes a while


def _object(body: bytes, parts: Parts, most: int) -> dict[str, Any]:
    # Counted before they are made: as objects of Python, 16 MiB of empty arrays are half a gigabyte.
    if body.count(b"[") + body.count(b"{") > most or body.count(b",") > _PER_CONTAINER * most:
        raise HttpProblem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"the body has more than {most} arrays and objects, or {_PER_CONTAINER} times as many commas; ask for "
            "fewer or simpler polygons",
        )
    try:
        return strict_object(body, parts.settings.max_json_depth)
    except ValueError as error:
        raise _bad_json(str(error)) from None


def strict_object(body: bytes, max_depth: int) -> dict[str, Any]:
    """Return a JSON object in UTF-8.

    Raises:
        ValueError: it is none, or none that `json_object` lets in; says why.
    """
    too_deep = ValueError(f"nested more than {max_depth} levels deep")
    try:
        text = body.decode("utf-8-sig")  # `json` would guess at UTF-16, and let half a surrogate pair pass
        payload = json.loads(
            text, parse_constant=_refuse_constant, parse_float=_finite, object_pairs_hook=_unique_members
        )
    except RecursionError:
        raise too_deep from None
    if not isinstance(payload, dict):
        raise ValueError("an object was expected")
    if not depth_within(payload, max_depth):
        raise too_deep
    if "\\u0000" in text or "\\ud" in text.lower():  # escapes are the only way for such text to come in
        _check_texts(payload)
    return payload


def depth_within(payload: object, levels: int) -> bool:
    """Return whether the arrays and objects of a JSON value nest no deeper than so many levels."""
    layer = _containers([payload])
    for _ in range(levels):
        layer = _containers(chain.from_iterable(n.values() if isinstance(n, dict) else n for n in layer))
    return not layer


def _containers(values: Iterable[object]) -> list[Any]:
    return [value for value in values if isinstance(value, (dict, list))]


def _check_media_type(header: str) -> None:
    media_type = header.partition(";")[0].strip().lower()
    if media_type not in JSON_TYPES and not (media_type.startswith("application/") and media_type.endswith("+json")):
        given = f"not {media_type!r}" if media_type else "and none was given"
        raise HttpProblem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"the Content-Type must be application/json, {given}")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        name, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"the member {name!r} is given twice")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):  # 1e999 is good JSON, but no number that can be worked with or written again
        raise ValueError(f"the number {text} is too large")
    return number


def _check_texts(payload: object) -> None:
    """Refuse text that no database or answer could carry."""
    for text in _texts(payload):
        if "\0" in text:
            raise ValueError("text must not hold the character U+0000")
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise ValueError("text must not hold half a surrogate pair")


def _texts(node: object) -> Iterator[str]:
    """Yield every text of a JSON value, the names of members included."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        yield from chain.from_iterable(_texts(part) for pair in node.items() for part in pair)
    elif isinstance(node, list):
        yield from chain.from_iterable(map(_texts, node))


def _bad_json(detail: str) -> HttpProblem:
    return HttpProblem(HTTPStatus.BAD_REQUEST, f"the body is not acceptable JSON: {detail}")


def _too_large(cap: int) -> HttpProblem:
    # The rest of the body is not read: the connection cannot be used again.
    return HttpProblem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"the body is larger than the {cap} bytes allowed; ask for fewer or simpler polygons",
        headers={"Connection": "close"},
    )


def _too_slow() -> HttpProblem:
    return HttpProblem(
        HTTPStatus.REQUEST_TIMEOUT,
        f"the body did not come to an end within {READ_S:.0f} s; ask for fewer or simpler polygons",
        headers={"Connection": "close"},
    )
