"""The door of OGC API – Processes 1.0: what is offered, and orders in the standard's own form."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from jobs.errors import InvalidJob
from service.body import json_object
from service.dependencies import GivenParts, GivenTenant, Parts
from service.echo.answers import echo
from service.echo.description import ECHO_ID, echo_description, echo_summary
from service.errors import NO_SUCH_PROCESS, HttpProblem
from service.execution import order_of, under_inputs
from service.intake import accepted_order
from service.openapi import problems
from service.ordering import GivenKey, take, takes_orders
from service.processes import ProcessDescription, ProcessList, description, summary
from service.statusinfo import PROCESS_ID, link

router = APIRouter(tags=["processes"])

_OGC = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/"
CONFORMS_TO = [_OGC + name for name in ("core", "ogc-process-description", "json", "oas30", "job-list", "dismiss")]


class Conformance(BaseModel):
    """Which requirements classes of which standards hold."""

    conformsTo: list[str]


@router.get("/conformance", summary="Which standards hold", response_model=Conformance)
def conformance() -> JSONResponse:
    """Name the conformance classes that this service keeps."""
    return JSONResponse({"conformsTo": CONFORMS_TO})


@router.get("/processes", summary="What is offered", response_model=ProcessList, responses=problems(400))
def process_list(
    parts: GivenParts, limit: Annotated[int, Query(ge=1, description="Processes on one page")] = 100
) -> JSONResponse:
    """List the processes: there is one, and an echo where the settings offer it."""
    settings = parts.settings
    offered = [summary(settings), *([echo_summary(settings)] if settings.echo_process else [])]
    links = [link(f"{settings.public_url}/processes", "self", "This page")]
    return JSONResponse({"processes": offered[:limit], "links": links})


def known_process(process_id: Annotated[str, Path(description="Id of the process")], parts: GivenParts) -> str:
    """Return the id in the path.

    Raises:
        HttpProblem: 404, there is no such process.
    """
    known = _known_ids(parts)
    if process_id not in known:
        detail = f"there is no process {process_id[:80]!r}; there is {' and '.join(map(repr, known))}"
        raise HttpProblem(HTTPStatus.NOT_FOUND, detail, kind=NO_SUCH_PROCESS)
    return process_id


def _known_ids(parts: Parts) -> list[str]:
    return [PROCESS_ID, *([ECHO_ID] if parts.settings.echo_process else [])]


KnownProcess = Annotated[str, Depends(known_process)]


@router.get(
    "/processes/{process_id}",
    summary="What goes in and what comes out",
    response_model=ProcessDescription,
    responses=problems(404),
)
def process(process_id: KnownProcess, parts: GivenParts) -> JSONResponse:
    """Describe every input and output of a process by JSON Schema."""
    describe = echo_description if process_id == ECHO_ID else description
    return JSONResponse(describe(parts.settings))


_AT_ONCE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The outputs, of a process that answers at once", "content": {"*/*": {"schema": {}}}},
    204: {"description": "Of such a process, where no output has a value"},
}
_EXECUTION = takes_orders(404)
_EXECUTION["responses"] |= _AT_ONCE


@router.post("/processes/{process_id}/execution", summary="Order a job, in the standard's form", **_EXECUTION)
def execute(
    process_id: KnownProcess,
    payload: Annotated[dict[str, Any], Depends(json_object, scope="function")],
    key: GivenKey,
    tenant: GivenTenant,
    parts: GivenParts,
) -> Response:
    """Take an order as `POST /jobs` does, its members under `inputs`; it is carried out asynchronously in any case."""
    if process_id == ECHO_ID:
        return echo(payload)
    order = order_of(payload)
    try:
        request = accepted_order(order, parts.settings, parts.extents)
    except InvalidJob as error:
        raise under_inputs(error) from None
    answer = take(request, key, tenant, parts)
    answer.headers["Preference-Applied"] = "respond-async"
    return answer
