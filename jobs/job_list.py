"""The list of a customer's jobs: which of them are wanted, newest first, a page at a time."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, literal, select, tuple_

from jobs.database import Database
from jobs.job import Job
from jobs.tables import BRIEF, UtcTime, jobs


@dataclass(frozen=True)
class JobFilter:
    """Which jobs are wanted; what is None is not asked about.

    Attributes:
        statuses: states of which a job has one.
        created_from, created_to: bounds on when it was ordered, inclusive.
        min_seconds, max_seconds: bounds on how long it has been worked on, inclusive: until its end, or until now.
            A job that nobody has begun has no duration.
    """

    statuses: tuple[str, ...] | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    min_seconds: float | None = None
    max_seconds: float | None = None


@dataclass(frozen=True)
class JobPage:
    """Some jobs, newest first, and the cursor of the next page; None on the last one."""

    jobs: list[Job]
    next: str | None


def page_query(tenant: str, wanted: JobFilter, after: str | None, database: Database, now: datetime) -> Select[Any]:
    """Return the query of a page, newest first; drafts are nobody's business yet.

    Args:
        tenant: whose.
        wanted: which of them.
        after: cursor from the page before.
        database: in whose tongue.
        now: until when running jobs have been worked on.

    Raises:
        ValueError: the cursor is none of ours.
    """
    query = select(*BRIEF).where(jobs.c.tenant == tenant, jobs.c.status != "created")
    if wanted.statuses is not None:
        query = query.where(jobs.c.status.in_(wanted.statuses))
    duration = database.seconds(jobs.c.started, func.coalesce(jobs.c.finished, literal(now, UtcTime())))
    bounds = (
        (jobs.c.created, wanted.created_from, wanted.created_to),
        (duration, wanted.min_seconds, wanted.max_seconds),
    )
    for value, low, high in bounds:
        if low is not None:
            query = query.where(value >= low)
        if high is not None:
            query = query.where(value <= high)
    if after is not None:
        query = query.where(tuple_(jobs.c.created, jobs.c.id) < tuple_(*_position(after)))
    return query.order_by(jobs.c.created.desc(), jobs.c.id.desc())


def cursor(row: Row[Any]) -> str:
    """Return the cursor of the page that begins after a job."""
    return base64.urlsafe_b64encode(f"{row.created.isoformat()}~{row.id}".encode()).decode().rstrip("=")


def _position(text: str) -> tuple[datetime, str]:
    try:
        moment, job_id = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split("~")
        return datetime.fromisoformat(moment).astimezone(UTC), str(UUID(job_id))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no cursor of this service") from error
