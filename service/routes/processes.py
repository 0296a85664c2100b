"""The door of OGC API – Processes 1.0: what is offered, and orders in the standard's own form."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from jobs.errors import InvalidJob
from service.body import json_object
from service.dependencies import GivenParts
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
    """List the processes: there is one."""
    href = f"{parts.settings.public_url}/processes"
    return JSONResponse({"processes": [summary(parts.settings)], "links": [link(href, "self", "This page")]})


def known_process(process_id: Annotated[str, Path(description="Id of the process")]) -> str:
    """Return the id in the path.

    Raises:
        HttpProblem: 404, there is no such process.
    """
    if process_id != PROCESS_ID:
        detail = f"there is no process {process_id[:80]!r}; there is {PROCESS_ID!r}"
        raise HttpProblem(HTTPStatus.NOT_FOUND, detail, kind=NO_SUCH_PROCESS)
    return process_id


KnownProcess = Annotated[str, Depends(known_process)]


@router.get(
    "/processes/{process_id}",
    summary="What goes in and what comes out",
    response_model=ProcessDescription,
    responses=problems(404),
)
def process(process_id: KnownProcess, parts: GivenParts) -> JSONResponse:
    """Describe every input and output of a process by JSON Schema."""
    return JSONResponse(description(parts.settings))


@router.post("/processes/{process_id}/execution", summary="Order a job, in the standard's form", **takes_orders(404))
def execute(
    process_id: KnownProcess,
    payload: Annotated[dict[str, Any], Depends(json_object)],
    key: GivenKey,
    parts: GivenParts,
) -> JSONResponse:
    """Take an order as `POST /jobs` does, its members under `inputs`; it is carried out asynchronously in any case."""
    order = order_of(payload)
    try:
        request = accepted_order(order, parts.settings, parts.extents)
    except InvalidJob as error:
        raise under_inputs(error) from None
    answer = take(request, key, parts)
    answer.headers["Preference-Applied"] = "respond-async"
    return answer
