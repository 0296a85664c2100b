"""The series of a job's parcels, in the form that a client can read."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from jobs.series_files import SERIES_FILES
from service.dependencies import GivenJob, GivenParts
from service.errors import HttpProblem
from service.files import answer, content_of, file_answers
from service.openapi import problems
from service.results import published_manifest

router = APIRouter(tags=["results"])

FORMS = [file.media_type for file in SERIES_FILES.values()]


@router.head("/jobs/{job_id}/series", include_in_schema=False)
@router.get(
    "/jobs/{job_id}/series",
    summary="The series of the parcels",
    response_class=Response,
    responses={**file_answers(*FORMS), **problems(400, 404, 409, 410, 416, 422, 503)},
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
    if not job.order.parcels:
        detail = f"job {job.id} was ordered without parcels; order again with `parcels`"
        raise HttpProblem(HTTPStatus.NOT_FOUND, detail)
    file = SERIES_FILES[form]
    content = content_of(posixpath.join(posixpath.dirname(manifest), file.name), parts, parts.settings.signed_url_s)
    return answer(replace(content, media_type=file.media_type), request)
