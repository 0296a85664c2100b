"""The outputs of an echo on their way out: as one document, or raw, alone or as parts of one message."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from fastapi.responses import JSONResponse, Response

from jobs.errors import Problem
from service.echo.description import SCHEMAS
from service.echo.values import Value, read_values
from service.errors import HttpProblem

_CRLF = b"\r\n"


def echo(execute: dict[str, Any]) -> Response:
    """Return what came in, in the form that the request asks for; `raw` where it names none, as the standard says.

    Raises:
        HttpProblem: 400 with one problem for each wrong member.
    """
    form = execute.get("response", "raw")
    if form not in ("raw", "document"):
        raise _refused("response", "is neither raw nor document")
    values = read_values(execute)
    wanted = {name: values[name] for name in _asked_outputs(execute) if name in values}
    if form == "document":
        return JSONResponse({name: _in_document(name, given) for name, given in wanted.items()})
    if not wanted:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    if len(wanted) == 1:
        (given,) = wanted.values()
        media_type, content = _alone(given)
        return Response(content, headers={"Content-Type": media_type})
    return _parts(wanted)


def _asked_outputs(execute: dict[str, Any]) -> list[str]:
    """Return the names of the outputs that are wanted; all where none is named."""
    outputs = execute.get("outputs") or {}
    if not isinstance(outputs, dict):
        raise _refused("outputs", "must be an object of names")
    for name, wish in outputs.items():
        if name not in SCHEMAS:
            raise _refused(f"outputs/{name}", f"there is no such output; known are {', '.join(SCHEMAS)}")
        if isinstance(wish, dict) and wish.get("transmissionMode", "value") != "value":
            raise _refused(f"outputs/{name}/transmissionMode", "outputs are given by value only")
    return list(outputs or SCHEMAS)


def _refused(member: str, detail: str) -> HttpProblem:
    return HttpProblem(HTTPStatus.BAD_REQUEST, f"{member}: {detail}", members=(Problem(f"/{member}", detail),))


def _in_document(name: str, given: list[Value]) -> Any:  # noqa: ANN401 - any JSON value
    """Return an output as a results document holds it: objects and images are qualified, the rest is bare."""
    shown = [_qualified(name, value) for value in given]
    return shown if len(shown) > 1 else shown[0]


def _qualified(name: str, value: Value) -> Any:  # noqa: ANN401
    if value.content is not None:
        return {"value": value.json, "mediaType": value.media_type, "encoding": "base64"}
    if name in ("object", "geometry"):
        return {"value": value.json, "mediaType": value.media_type}
    return value.json


def _alone(given: list[Value]) -> tuple[str, bytes]:
    """Return media type and bytes of an output by itself."""
    (first, *others) = given
    if others:
        return "application/json", json.dumps([value.json for value in given]).encode()
    if first.content is not None:
        return first.media_type, first.content
    return first.media_type, (first.json if first.media_type.startswith("text/") else json.dumps(first.json)).encode()


def _parts(wanted: dict[str, list[Value]]) -> Response:
    """Return several outputs as a message of parts (RFC 2387), each with its output's name as id."""
    boundary = uuid4().hex
    pieces: list[bytes] = []
    for name, given in wanted.items():
        media_type, content = _alone(given)
        head = f"--{boundary}\r\nContent-Type: {media_type}\r\nContent-ID: <{name}>\r\n\r\n"
        pieces += [head.encode(), content, _CRLF]
    first_type, _ = _alone(next(iter(wanted.values())))
    kind = f'multipart/related; boundary="{boundary}"; type="{first_type.partition(";")[0]}"'
    return Response(b"".join([*pieces, f"--{boundary}--".encode(), _CRLF]), headers={"Content-Type": kind})
