"""A customer's order and its state, as the job book keeps them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from jobs.aoi import Limits
from jobs.order_facts import OrderFacts
from jobs.order_geometry import Parcel
from jobs.order_times import TimeRange
from jobs.request import JobRequest

__all__ = [
    "ACTIVE",
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
ACTIVE = ("accepted", "running")
"""States of a job that is under way."""


class Job(_Frozen):
    """One order with its state.

    Attributes:
        order: in short; the whole of it is for `JobStore.request_of`.
        stage: kind of the step that is under way, None before the first and after the last.
        progress: 0..100, counted from the steps.
        message: what is being done.
        attempt: 1 + how often the job was retried.
        simulated: the scenes were made by a simulator, as the published collection says, before that the catalogue;
            None where nobody said.
    """

    id: UUID
    tenant: str
    order: OrderFacts
    state: JobState
    created: datetime
    started: datetime | None = None
    finished: datetime | None = None
    updated: datetime
    stage: StepKind | None = None
    progress: int = 0
    message: str = ""
    attempt: int = 1
    simulated: bool | None = None


class ClaimedStep(_Frozen):
    """A step that its owner may work on; owner and attempt fence every commit.

    Attributes:
        tenant: whose job it is.
        traceparent: trace in which the job was ordered, as W3C Trace Context writes it.
    """

    id: UUID
    job_id: UUID
    tenant: str = "local"
    traceparent: str | None = None
    kind: StepKind
    tile_id: str | None = None
    owner: str
    attempt: int


class QueuedStep(_Frozen):
    """A step for which a wake-up should be sent; *again* where the one before is known to be lost."""

    id: UUID
    kind: StepKind
    again: bool = False
