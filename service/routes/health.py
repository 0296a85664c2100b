"""Two questions of whoever runs the service: does the process live, can it take orders."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter

from service.auth import open_to_all
from service.dependencies import GivenParts
from service.errors import HttpProblem
from service.openapi import problems

router = APIRouter(tags=["operation"])


@router.get("/healthz", summary="Does the process live?")
@open_to_all
async def healthz() -> dict[str, str]:
    """Say that the process answers; nothing else is asked."""
    # On the loop itself: threads that are all taken are no reason to be started again.
    return {"status": "ok"}


@router.get("/readyz", summary="Can orders be taken?", responses=problems(503))
@open_to_all
async def readyz(parts: GivenParts) -> dict[str, str]:
    """Say whether the job book can be reached and has the newest schema.

    The broker is not asked: an order needs only the job book. An answer holds for a second.
    """
    if not await parts.readiness.ready():
        raise HttpProblem(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "the job book's schema is not the newest; run `clearleaf migrate`",
            headers={"Retry-After": "10"},
        )
    return {"status": "ready"}
