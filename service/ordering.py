"""What both doors for orders do alike: take an order into the book, and answer with the new job."""

from __future__ import annotations

import hashlib
import logging
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Header
from fastapi.responses import JSONResponse

from jobs.job import JobRequest
from jobs.store import OrderKey
from jobs.tracing import traceparent
from service.body import read_body
from service.dependencies import Parts
from service.openapi import problems
from service.statusinfo import StatusInfo, status_info

log = logging.getLogger(__name__)


def takes_orders(*further: int) -> dict[str, Any]:
    """Return how a route that takes orders is described; it may refuse with further statuses."""
    location = {"Location": {"description": "URL of the new job", "schema": {"type": "string"}}}
    return {
        "status_code": HTTPStatus.CREATED,
        "response_model": StatusInfo,
        "responses": {201: {"headers": location}, **problems(400, 408, 413, 415, 422, 503, *further)},
    }


def order_key(
    body: Annotated[bytes, Depends(read_body, scope="function")],
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


def take(request: JobRequest, key: OrderKey | None, tenant: str, parts: Parts) -> JSONResponse:
    """Enter a valid order; the job is in the book before this is answered: an accepted order is never lost."""
    quota = parts.settings.quota_of(tenant)
    simulated = parts.extents.simulated(str(request.catalog))
    job = parts.jobs.create(
        request, tenant=tenant, key=key, quota=quota, traceparent=traceparent(), simulated=simulated
    )
    log.info("an order was taken", extra={"job": job.id, "tenant": job.tenant})
    parts.waker.ring()
    info = status_info(job, parts)
    return JSONResponse(info, HTTPStatus.CREATED, {"Location": f"{parts.settings.public_url}/jobs/{job.id}"})
