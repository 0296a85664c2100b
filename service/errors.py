"""One table from errors to HTTP: every refusal leaves as a problem document (RFC 9457)."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobs.errors import (
    MOST_PROBLEMS,
    ClearleafError,
    InvalidJob,
    JobConflict,
    JobNotFound,
    KeyReused,
    Problem,
    Unavailable,
)
from jobs.quotas import OverQuota
from service.observed import told

log = logging.getLogger(__name__)

OGC_EXCEPTIONS = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"
NO_SUCH_PROCESS = OGC_EXCEPTIONS + "no-such-process"
NO_SUCH_JOB = OGC_EXCEPTIONS + "no-such-job"
RESULT_NOT_READY = OGC_EXCEPTIONS + "result-not-ready"
PROBLEM_JSON = "application/problem+json"

STATUS_OF: dict[type[ClearleafError], tuple[HTTPStatus, str]] = {
    JobNotFound: (HTTPStatus.NOT_FOUND, NO_SUCH_JOB),
    JobConflict: (HTTPStatus.CONFLICT, "about:blank"),
    InvalidJob: (HTTPStatus.UNPROCESSABLE_ENTITY, "about:blank"),
    OverQuota: (HTTPStatus.TOO_MANY_REQUESTS, "about:blank"),
    KeyReused: (HTTPStatus.UNPROCESSABLE_ENTITY, "about:blank"),
    Unavailable: (HTTPStatus.SERVICE_UNAVAILABLE, "about:blank"),
}
"""Which status and problem type each error of the job book becomes; a subclass counts as its base."""

AWAY_RETRY_S = 5


class Member(BaseModel):
    """One wrong member of a request."""

    pointer: str = Field(description="JSON pointer to the member", examples=["/start"])
    detail: str = Field(description="What is wrong with it, and what would be right")


class ProblemDocument(BaseModel):
    """The body of every answer that is no success (RFC 9457)."""

    model_config = ConfigDict(title="Problem")

    type: str = Field(description="What kind of problem this is; about:blank where the status says it all")
    title: str = Field(description="The kind of problem in words")
    status: int = Field(description="The HTTP status, once more")
    detail: str = Field(description="What happened this time")
    errors: list[Member] = Field(default=[], description="One entry for each wrong member of the request")


class HttpProblem(Exception):
    """A refusal that belongs to HTTP alone: the job book knows nothing of it."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        kind: str = "about:blank",
        headers: Mapping[str, str] | None = None,
        members: Sequence[Problem] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind
        self.headers = dict(headers or {})
        self.members = members


def problem_response(problem: HttpProblem) -> JSONResponse:
    """Return a refusal as it goes over the wire; `errors` is left out where no member is to blame."""
    body: dict[str, Any] = {
        "type": problem.kind,
        "title": problem.status.phrase,
        "status": problem.status.value,
        "detail": problem.detail,
    }
    if problem.members:
        body["errors"] = [
            {"pointer": member.pointer, "detail": member.detail} for member in problem.members[:MOST_PROBLEMS]
        ]
    return JSONResponse(body, problem.status, problem.headers, media_type=PROBLEM_JSON)


def from_clearleaf(error: ClearleafError) -> HttpProblem:
    """Return what an error of the job book means to a caller; one that the table does not name is our own fault."""
    for kind in type(error).__mro__:
        if kind in STATUS_OF:
            status, uri = STATUS_OF[kind]
            break
    else:
        return _our_fault()
    if isinstance(error, Unavailable):
        return away(error.retry_after)
    headers = {"Retry-After": str(math.ceil(error.retry_after))} if isinstance(error, OverQuota) else None
    members = error.problems if isinstance(error, InvalidJob) else ()
    return HttpProblem(status, error.told or status.phrase, kind=uri, headers=headers, members=members)


def from_http(error: HTTPException) -> HttpProblem:
    """Return the router's own refusals (no such path, method not allowed) in our form."""
    status = HTTPStatus(error.status_code)
    return HttpProblem(status, error.detail or status.description or status.phrase, headers=error.headers)


def from_parameters(error: RequestValidationError) -> HttpProblem:
    """Return what is wrong with the parameters of a URL, one member each."""
    members = [Problem("/" + "/".join(str(part) for part in e["loc"][1:]), str(e["msg"])) for e in error.errors()]
    detail = "; ".join(f"{member.pointer[1:]}: {member.detail}" for member in members)
    return HttpProblem(HTTPStatus.BAD_REQUEST, detail, members=members)


def away(retry_after: float | None = None) -> HttpProblem:
    """Return the answer while a part of ours is out of reach; which one, and where it is, stays in our log."""
    return HttpProblem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the service cannot reach its job book or its files at the moment; please try again",
        headers={"Retry-After": str(math.ceil(retry_after or AWAY_RETRY_S))},
    )


def removed() -> HttpProblem:
    """Return the answer where the files of a job went while they were looked at."""
    return HttpProblem(HTTPStatus.GONE, "the job's results have just been removed")


def damaged(file: str) -> HttpProblem:
    """Return the answer where a published file is no longer what was published: asking again would not help."""
    return HttpProblem(
        HTTPStatus.BAD_GATEWAY,
        f"{file} of this job is damaged in the storage and cannot be read; order the job again, or have whoever runs "
        "the service bring the file back from a copy",
    )


def _job(scope: Scope) -> dict[str, object]:
    """Return which job a request is about, for the log; nothing where its path names none."""
    job_id = scope.get("path_params", {}).get("job_id")
    return {} if job_id is None else {"job": job_id}


def _our_fault() -> HttpProblem:
    return HttpProblem(HTTPStatus.INTERNAL_SERVER_ERROR, "something failed on our side; the service's log says what")


def _allowed_methods(request: Request, routers: Sequence[APIRouter]) -> list[str]:
    """Return every method of a path; the framework names those of one route only."""
    routes = [route for router in routers for route in router.routes if isinstance(route, Route)]
    matching = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    methods = {method for route in matching for method in route.methods or ()}
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))


def install(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Make every error of the app leave as a problem document; the routers know which methods a path allows."""

    @app.exception_handler(HttpProblem)
    async def refused(request: Request, error: HttpProblem) -> JSONResponse:
        return problem_response(error)

    @app.exception_handler(ClearleafError)
    async def ours(request: Request, error: ClearleafError) -> JSONResponse:
        problem = from_clearleaf(error)
        if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("%s: %s", told(request.scope), error, exc_info=error, extra=_job(request.scope))
        return problem_response(problem)

    @app.exception_handler(HTTPException)
    async def routing(request: Request, error: HTTPException) -> JSONResponse:
        problem = from_http(error)
        if problem.status is HTTPStatus.METHOD_NOT_ALLOWED:
            problem.headers["Allow"] = ", ".join(_allowed_methods(request, routers))
        return problem_response(problem)

    @app.exception_handler(RequestValidationError)
    async def parameters(request: Request, error: RequestValidationError) -> JSONResponse:
        return problem_response(from_parameters(error))

    @app.exception_handler(PoolTimeout)
    async def crowded(request: Request, error: PoolTimeout) -> JSONResponse:
        log.error("%s: no connection to the job book is free: %s", told(request.scope), error)
        return problem_response(away())

    app.add_middleware(LastResort)


class LastResort:
    """ASGI middleware that answers for what nobody foresaw, inside the others, so that their headers are on it too."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; an error before the first byte of the answer becomes a problem, a later one goes on."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception:
            if started or scope["type"] != "http":
                raise
            log.exception("%s", told(scope), extra=_job(scope))
            await problem_response(_our_fault())(scope, receive, send)
