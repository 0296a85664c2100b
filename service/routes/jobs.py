"""The short door: order, ask, list, read the log, dismiss."""

from __future__ import annotations

import hashlib
import time
from contextlib import nullcontext
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel

from jobs.errors import Problem
from jobs.job import Accepted, Job, Running
from jobs.keys import job_prefix
from jobs.store import JobFilter, JobPage
from service.body import json_object
from service.dependencies import GivenJob, GivenParts, GivenTenant, Parts, Turn
from service.errors import HttpProblem
from service.etags import has_already
from service.intake import accepted_order
from service.job_filters import asked_jobs
from service.job_order import whole_order
from service.openapi import problems
from service.ordering import GivenKey, take, takes_orders
from service.statusinfo import JobList, StatusInfo, link, rfc3339, status_info

router = APIRouter(tags=["jobs"])

LONGEST_PAGE = 1000
LONGEST_WAIT_S = 60


class LogEntry(BaseModel):
    """One line of a job's log."""

    time: str
    level: str
    message: str


class JobLog(BaseModel):
    """What a job went through, oldest entry first."""

    entries: list[LogEntry]


@router.post("/jobs", summary="Order a job", **takes_orders())
def order(
    payload: Annotated[dict[str, Any], Depends(json_object, scope="function")],
    key: GivenKey,
    tenant: GivenTenant,
    parts: GivenParts,
) -> JSONResponse:
    """Take an order for cloud-free LAI over an area and a time range."""
    return take(accepted_order(payload, parts.settings, parts.extents), key, tenant, parts)


@router.get("/jobs", summary="List the jobs", response_model=JobList, responses=problems(400, 503))
def job_list(
    request: Request,
    parts: GivenParts,
    tenant: GivenTenant,
    wanted: Annotated[JobFilter, Depends(asked_jobs)],
    limit: Annotated[int, Query(ge=1, description=f"Jobs on one page; {LONGEST_PAGE} at most are given")] = 100,
    after: Annotated[str | None, Query(description="Where the page begins; comes with the `next` link")] = None,
) -> JSONResponse:
    """List jobs, newest first; a `next` link leads on for as long as there are more, and keeps the filters."""
    limit = min(limit, LONGEST_PAGE)
    page = _page(parts, tenant, wanted, limit, after)
    own = [(name, value) for name, value in request.query_params.multi_items() if name not in ("limit", "after")]
    url = f"{parts.settings.public_url}/jobs?{urlencode([*own, ('limit', limit)])}"
    links = [link(url if after is None else f"{url}&{urlencode({'after': after})}", "self", "This page")]
    if page.next is not None:
        links.append(link(f"{url}&{urlencode({'after': page.next})}", "next", "The next page"))
    return JSONResponse({"jobs": [status_info(job, parts) for job in page.jobs], "links": links})


@router.get(
    "/jobs/{job_id}",
    summary="Ask for a job",
    response_model=StatusInfo,
    responses={304: {"description": "The job still stands as If-None-Match has it"}, **problems(400, 404, 503)},
)
async def job_status(
    request: Request,
    job: GivenJob,
    parts: GivenParts,
    wait: Annotated[
        float,
        Query(
            ge=0, le=LONGEST_WAIT_S, description="Seconds to wait for the job's end; with If-None-Match for any news"
        ),
    ] = 0,
) -> Response:
    """Say how a job stands; `Retry-After` says when it is worth asking again."""
    known = request.headers.get("if-none-match", "")
    patience_ends = time.monotonic() + wait
    response = await run_in_threadpool(_status_response, job, parts)
    with parts.waiting.place(job.tenant) if wait and _still(response, known) else nullcontext():
        while _still(response, known) and time.monotonic() < patience_ends and not await request.is_disconnected():
            if await parts.waiting.updated(job.id) == job.updated:
                continue
            job = await run_in_threadpool(parts.jobs.get, job.id, job.tenant)
            response = await run_in_threadpool(_status_response, job, parts)
    if has_already(response.headers["ETag"], known):
        kept = {name: response.headers[name] for name in ("ETag", "Vary", "Retry-After") if name in response.headers}
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=kept)
    return response


@router.get(
    "/jobs/{job_id}/order",
    summary="What was ordered",
    response_model=None,
    responses={
        200: {
            "description": "An order as `POST /jobs` takes it",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/order"}}},
        },
        **problems(404, 503),
    },
)
def job_order(job: GivenJob, parts: GivenParts, turn: Turn) -> JSONResponse:
    """Give the order as it can be placed again: what is not its default, and the catalogue that was taken."""
    return JSONResponse(whole_order(parts.jobs.request_of(job.id)))


@router.get("/jobs/{job_id}/log", summary="A job's log", response_model=JobLog, responses=problems(404, 503))
def job_log(job: GivenJob, parts: GivenParts) -> JSONResponse:
    """Tell what a job went through, oldest entry first."""
    entries = parts.jobs.entries(job.id)
    return JSONResponse(
        {"entries": [{"time": rfc3339(e.time), "level": e.level, "message": e.message} for e in entries]}
    )


@router.post(
    "/jobs/{job_id}/retry",
    summary="Try a failed job again",
    response_model=StatusInfo,
    responses=problems(404, 409, 503),
)
def retry(job: GivenJob, parts: GivenParts) -> JSONResponse:
    """Open a failed job once more; what was finished is kept, and only what is missing is done."""
    again = parts.jobs.retry(job.id, job.tenant, parts.settings.quota_of(job.tenant))
    parts.waker.ring()
    return JSONResponse(status_info(again, parts))


@router.delete("/jobs/{job_id}", summary="Dismiss a job", response_model=StatusInfo, responses=problems(404, 503))
def dismiss(job: GivenJob, parts: GivenParts) -> JSONResponse:
    """Stop a job that waits or runs, or remove the results of one that has ended; said twice, it holds once."""
    dismissed = parts.jobs.dismiss(job.id, job.tenant)
    parts.storage.delete_prefix(f"{job_prefix(job.id)}results/")
    return JSONResponse(status_info(dismissed, parts))


def _status_response(job: Job, parts: Parts) -> JSONResponse:
    info = status_info(job, parts)
    if isinstance(job.state, Accepted):
        info["jobsBefore"] = parts.jobs.waiting_before(job)
    response = JSONResponse(info, headers={"Cache-Control": "no-cache", "Vary": "Accept"})
    response.headers["ETag"] = f'"{hashlib.sha256(bytes(response.body)).hexdigest()[:32]}"'
    if isinstance(job.state, Accepted | Running):
        response.headers["Retry-After"] = str(parts.settings.poll_s)
    return response


def _still(response: JSONResponse, known: str) -> bool:
    """Return whether a waiting client would learn nothing: no news of what it knows, or no end yet."""
    return has_already(response.headers["ETag"], known) if known else "Retry-After" in response.headers


def _page(parts: Parts, tenant: str, wanted: JobFilter, limit: int, after: str | None) -> JobPage:
    try:
        return parts.jobs.list(tenant, wanted, limit=limit, after=after)
    except ValueError as error:
        if after is None:
            raise
        detail = "this is no place in the list; take the `next` link of a page as it is"
        raise HttpProblem(HTTPStatus.BAD_REQUEST, f"after: {detail}", members=(Problem("/after", detail),)) from error
