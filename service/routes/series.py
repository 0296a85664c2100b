"""The series of a job's parcels, in the form that a client can read."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from jobs.series_files import SERIES_FILES
from service.dependencies import GivenJob, GivenParts
from service.errors import HttpProblem
from service.files import answer, content_of
from service.openapi import problems
from service.results import published_manifest

router = APIRouter(tags=["results"])

_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The series", "content": {file.media_type: _BINARY for file in SERIES_FILES.values()}},
    206: {"description": "The range asked for"},
    304: {"description": "The series are still what If-None-Match names"},
    307: {"description": "Where the storage itself gives the file; never to HEAD"},
}


@router.head("/jobs/{job_id}/series", include_in_schema=False)
@router.get(
    "/jobs/{job_id}/series",
    summary="The series of the parcels",
    response_class=Response,
    responses={**_ANSWERS, **problems(400, 404, 409, 410, 416, 422, 503)},
)
def series(
    request: Request,
    job: GivenJob,
    parts: GivenParts,
    form: Annotated[
        Literal["json", "csv", "geoparquet"], Query(alias="f", description="GeoJSON, long CSV, or GeoParquet")
    ] = "json",
) -> Response:
    """Give every parcel on every date at once, parcels and dates in the order of the job's order."""
    manifest = published_manifest(job)
    if not job.request.parcels:
        detail = f"job {job.id} was ordered without parcels; order again with `parcels`"
        raise HttpProblem(HTTPStatus.NOT_FOUND, detail)
    file = SERIES_FILES[form]
    content = content_of(posixpath.join(posixpath.dirname(manifest), file.name), parts, parts.settings.signed_url_s)
    return answer(replace(content, media_type=file.media_type), request)
