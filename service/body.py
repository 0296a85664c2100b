"""The body of an order on its way in: measured while it is read, then parsed more strictly than `json` does."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from itertools import chain
from typing import Annotated, Any, NoReturn

from fastapi import Depends, Request

from service.dependencies import Parts, parts_of
from service.errors import HttpProblem

JSON_TYPES = ("application/json", "application/geo+json")


async def read_body(request: Request, parts: Annotated[Parts, Depends(parts_of)]) -> bytes:
    """Return the whole body of a JSON request.

    Raises:
        HttpProblem: 415 if it is not announced as JSON; 413 if it is announced or found to be over the cap.
    """
    _check_media_type(request.headers.get("content-type", ""))
    cap = parts.settings.max_body_bytes
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > cap:
        raise _too_large(cap)
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > cap:
            raise _too_large(cap)
        pieces.append(piece)
    return b"".join(pieces)


# A plain `def`: parsing 16 MiB takes a while, and only the thread pool may wait that long.
def json_object(
    body: Annotated[bytes, Depends(read_body)], parts: Annotated[Parts, Depends(parts_of)]
) -> dict[str, Any]:
    """Return the request's JSON object.

    Raises:
        HttpProblem: 400 if the body is no strict JSON object in UTF-8: NaN, a member given twice, text that cannot be
            stored, or nested too deeply.
    """
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
