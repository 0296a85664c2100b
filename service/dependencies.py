"""What the routes are given: the parts that the app was composed of, and the job that a path names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Request
from prometheus_client import CollectorRegistry

from jobs.errors import JobNotFound
from jobs.job import Job
from jobs.signing import Signer
from jobs.storage import Storage
from jobs.store import JobStore
from service.caller import Caller
from service.crowded import Crowded
from service.extents import Extents
from service.rasters import Rasters
from service.readiness import Readiness
from service.scene_counts import SceneCounts
from service.settings import ApiSettings
from service.waiting import Waiting
from service.waker import Waker


@dataclass(frozen=True)
class Parts:
    """Everything that a route may need, made by whoever starts the service."""

    jobs: JobStore
    waker: Waker
    storage: Storage
    signer: Signer
    settings: ApiSettings
    extents: Extents
    rasters: Rasters
    registry: CollectorRegistry
    scene_counts: SceneCounts
    waiting: Waiting
    crowded: Crowded
    readiness: Readiness


def parts_of(request: Request) -> Parts:
    """Return the parts of the app that serves this request."""
    parts = request.app.state.parts
    assert isinstance(parts, Parts)
    return parts


GivenParts = Annotated[Parts, Depends(parts_of)]


def caller_of(request: Request) -> Caller:
    """Return who asks; the doorkeeper has noted it."""
    caller = request.state.caller
    assert isinstance(caller, Caller)
    return caller


GivenCaller = Annotated[Caller, Depends(caller_of)]


def tenant_of(caller: GivenCaller) -> str:
    """Return whose jobs the caller may see."""
    return caller.tenant


GivenTenant = Annotated[str, Depends(tenant_of)]


def job_id_of(job_id: Annotated[str, Path(description="Id of the job", json_schema_extra={"format": "uuid"})]) -> UUID:
    """Return the id in the path; what cannot be an id names no job."""
    try:
        return UUID(job_id)
    except ValueError:
        raise JobNotFound(f"there is no job {job_id!r}") from None


GivenJobId = Annotated[UUID, Depends(job_id_of)]


def find_job(job_id: GivenJobId, tenant: GivenTenant, parts: GivenParts) -> Job:
    """Return the caller's job that the path names; a draft that was never started is nobody's business yet."""
    job = parts.jobs.get(job_id, tenant)
    if job.state.status == "created":
        raise JobNotFound(f"there is no job {job_id}")
    return job


GivenJob = Annotated[Job, Depends(find_job)]


async def take_turn(tenant: GivenTenant, parts: GivenParts) -> AsyncIterator[None]:
    """Wait until few others have a long answer made: here, not in the threads that every short answer needs."""
    async with parts.crowded.long_answers.of(tenant):
        yield


Turn = Annotated[None, Depends(take_turn, scope="function")]
"""Given back before the answer is sent: who reads megabytes slowly would keep others waiting."""
