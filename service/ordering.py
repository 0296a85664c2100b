"""What both doors for orders do alike: take an order into the book, and answer with the new job."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse

from jobs.job import JobRequest
from service.dependencies import TENANT, Parts
from service.openapi import problems
from service.statusinfo import StatusInfo, status_info

CREATED: dict[str, Any] = {
    "status_code": HTTPStatus.CREATED,
    "response_model": StatusInfo,
    "responses": {
        201: {"headers": {"Location": {"description": "URL of the new job", "schema": {"type": "string"}}}},
        **problems(400, 413, 415, 422, 503),
    },
}
"""How a route that takes orders is described."""


def take(request: JobRequest, parts: Parts) -> JSONResponse:
    """Enter a valid order; the job is in the book before this is answered: an accepted order is never lost."""
    job = parts.jobs.create(request, tenant=TENANT)
    parts.waker.ring()
    info = status_info(job, parts.settings.public_url)
    return JSONResponse(info, HTTPStatus.CREATED, {"Location": f"{parts.settings.public_url}/jobs/{job.id}"})
