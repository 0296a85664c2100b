"""The inputs of an echo on their way in: each checked against the schema that describes it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from jobs.aoi import shown
from jobs.errors import Problem
from service.echo.description import IMAGE_TYPES, MOST_GEOMETRIES, SCHEMAS
from service.errors import HttpProblem
from service.execution import is_qualified

_GEOJSON, _JSON, _TEXT = "application/geo+json", "application/json", "text/plain; charset=utf-8"
_CHECKS = {name: Draft202012Validator(schema) for name, schema in SCHEMAS.items() if name != "image"}


@dataclass(frozen=True)
class Value:
    """One value of an input.

    Attributes:
        json: as it came.
        media_type: of the value by itself.
        content: the bytes of an image; None of all others.
    """

    json: Any
    media_type: str
    content: bytes | None = None


def read_values(execute: dict[str, Any]) -> dict[str, list[Value]]:
    """Return the values of an execute request by input; of one that may come several times, in their order.

    Raises:
        HttpProblem: 400 with one problem for each wrong input.
    """
    inputs = execute.get("inputs")
    if not isinstance(inputs, dict):
        raise _refusal([Problem("/inputs", "inputs must be an object of names and values")])
    found: dict[str, list[Value]] = {}
    problems: list[Problem] = []
    for name, given in inputs.items():
        try:
            found[name] = list(_values_of(name, given))
        except ValueError as error:
            problems.append(Problem(f"/inputs/{name}", f"{name}: {error}"))
    if problems:
        raise _refusal(problems)
    return found


def _refusal(problems: list[Problem]) -> HttpProblem:
    detail = "; ".join(problem.detail for problem in problems)
    return HttpProblem(HTTPStatus.BAD_REQUEST, detail, members=problems)


def _values_of(name: str, given: Any) -> Iterator[Value]:  # noqa: ANN401 - any JSON value
    if name not in SCHEMAS:
        raise ValueError(f"there is no such input; known are {', '.join(SCHEMAS)}")
    if name != "geometry" or not isinstance(given, list):
        yield _value_of(name, given)
        return
    if not 1 <= len(given) <= MOST_GEOMETRIES:
        raise ValueError(f"{len(given)} were given; there may be 1 to {MOST_GEOMETRIES}")
    for one in given:
        yield _value_of(name, one)


def _value_of(name: str, given: Any) -> Value:  # noqa: ANN401
    """Return a value that came bare or qualified; an object that looks qualified but holds no valid value is bare."""
    if isinstance(given, dict) and "href" in given:
        raise ValueError("comes by reference; this service opens no URLs: send the value itself")
    if name == "image":
        return _image(given)
    media_type = {"text": _TEXT, "geometry": _GEOJSON}.get(name, _JSON)
    check = _CHECKS[name]
    if is_qualified(given) and check.is_valid(given["value"]):
        return Value(given["value"], media_type)
    wrong = best_match(check.iter_errors(given))
    if wrong is not None:
        raise ValueError(f"{shown(given)} does not fit its schema: {wrong.message[:200]}")
    return Value(given, media_type)


def _image(given: Any) -> Value:  # noqa: ANN401
    text = given["value"] if is_qualified(given) else given
    if not isinstance(text, str):
        raise ValueError(f"{shown(given)} is neither base64 nor an object of value and mediaType")
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"is not base64: {error}") from None
    found = next((kind for kind, begin in IMAGE_TYPES.items() if content.startswith(begin)), None)
    said = _said_type(given)
    if found is None or (said is not None and said.partition(";")[0] != found.partition(";")[0]):
        raise ValueError(f"is no image of {said or ' or '.join(IMAGE_TYPES)}")
    return Value(text, found, content)


def _said_type(given: Any) -> str | None:  # noqa: ANN401
    """Return the media type that comes with a value, as 1.0 or as its draft wrote it."""
    if not isinstance(given, dict):
        return None
    form = given.get("format")
    said = given.get("mediaType", form.get("mediaType") if isinstance(form, dict) else None)
    return said if isinstance(said, str) else None
