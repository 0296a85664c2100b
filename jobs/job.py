"""A customer's order and its state, as the job book keeps them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from jobs.aoi import Limits
from jobs.request import JobRequest, Parcel, TimeRange

__all__ = [
    "Accepted",
    "ClaimedStep",
    "Created",
    "Dismissed",
    "Failed",
    "Job",
    "JobRequest",
    "JobState",
    "Limits",
    "Parcel",
    "QueuedStep",
    "Running",
    "StepKind",
    "Successful",
    "TimeRange",
]

StepKind = Literal["plan", "prepare", "tile", "finish"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Created(_Frozen):
    """Made, not started."""

    status: Literal["created"] = "created"


class Accepted(_Frozen):
    """In the book; no step has been claimed yet."""

    status: Literal["accepted"] = "accepted"


class Running(_Frozen):
    """A step has been claimed."""

    status: Literal["running"] = "running"


class Successful(_Frozen):
    """Published; the manifest names every result."""

    status: Literal["successful"] = "successful"
    manifest_href: str


class Failed(_Frozen):
    """Ended without result, for a reason that a customer can read."""

    status: Literal["failed"] = "failed"
    reason: str


class Dismissed(_Frozen):
    """Given up by the customer."""

    status: Literal["dismissed"] = "dismissed"


JobState = Annotated[Created | Accepted | Running | Successful | Failed | Dismissed, Field(discriminator="status")]


class Job(_Frozen):
    """One order with its state.

    Attributes:
        stage: kind of the step that is under way, None before the first and after the last.
        progress: 0..100, counted from the steps.
        message: what is being done.
        attempt: 1 + how often the job was retried.
    """

    id: UUID
    tenant: str
    request: JobRequest
    state: JobState
    created: datetime
    started: datetime | None = None
    finished: datetime | None = None
    updated: datetime
    stage: StepKind | None = None
    progress: int = 0
    message: str = ""
    attempt: int = 1


class ClaimedStep(_Frozen):
    """A step that its owner may work on; owner and attempt fence every commit."""

    id: UUID
    job_id: UUID
    kind: StepKind
    tile_id: str | None = None
    owner: str
    attempt: int


class QueuedStep(_Frozen):
    """A step for which a wake-up should be sent."""

    id: UUID
    kind: StepKind
