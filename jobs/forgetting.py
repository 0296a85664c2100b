"""Removing from the job book all that is known of a job: its order, steps, log, and the key it was sent with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, delete, select

from jobs import items, unswept
from jobs.tables import idempotency, jobs, log, steps


def forgettable(db: Connection, before: datetime, limit: int) -> Sequence[str]:
    """Return ids of jobs to be forgotten, those first that ended first.

    Args:
        db: of the transaction.
        before: when they were dismissed.
        limit: so many at most.
    """
    return db.execute(select(jobs.c.id).where(_is_over(before)).order_by(jobs.c.finished).limit(limit)).scalars().all()


def forget(db: Connection, job_id: str, before: datetime) -> bool:
    """Remove a job, if it is still to be forgotten and nobody else is at it; returns whether it is gone.

    The job's row goes last, as the others refer to it, but it is locked first, as everywhere.
    """
    mine = select(jobs.c.id).where(jobs.c.id == job_id, _is_over(before))
    if db.execute(mine.with_for_update(skip_locked=True)).one_or_none() is None:
        return False
    items.forget(db, UUID(job_id))
    for table in (idempotency, log, steps):
        db.execute(delete(table).where(table.c.job_id == job_id))
    db.execute(delete(jobs).where(jobs.c.id == job_id))
    return True


def _is_over(before: datetime) -> ColumnElement[bool]:
    """Return what must be true of a job: without its row, nobody would find what is still in storage."""
    return and_(jobs.c.swept == unswept.FOR_GOOD, jobs.c.status == "dismissed", jobs.c.finished < before)
