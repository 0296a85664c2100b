"""What both doors for orders do alike: take an order into the book, and answer with the new job."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Header
from fastapi.responses import JSONResponse

from jobs.job import JobRequest
from jobs.store import OrderKey
from service.body import read_body
from service.dependencies import TENANT, Parts
from service.openapi import problems
from service.statusinfo import StatusInfo, status_info


def takes_orders(*further: int) -> dict[str, Any]:
    """Return how a route that takes orders is described; it may refuse with further statuses."""
    location = {"Location": {"description": "URL of the new job", "schema": {"type": "string"}}}
    return {
        "status_code": HTTPStatus.CREATED,
        "response_model": StatusInfo,
        "responses": {201: {"headers": location}, **problems(400, 413, 415, 422, 503, *further)},
    }


def order_key(
    body: Annotated[bytes, Depends(read_body)],
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=255,
            description="Name of this order, chosen by you: sent again with it, the same order makes no second job",
        ),
    ] = None,
) -> OrderKey | None:
    """Return what the customer calls the order; None where it has no name."""
    return None if key is None else OrderKey(key, hashlib.sha256(body).hexdigest())


GivenKey = Annotated[OrderKey | None, Depends(order_key)]


def take(request: JobRequest, key: OrderKey | None, parts: Parts) -> JSONResponse:
    """Enter a valid order; the job is in the book before this is answered: an accepted order is never lost."""
    job = parts.jobs.create(request, tenant=TENANT, key=key)
    parts.waker.ring()
    info = status_info(job, parts.settings.public_url)
    return JSONResponse(info, HTTPStatus.CREATED, {"Location": f"{parts.settings.public_url}/jobs/{job.id}"})
