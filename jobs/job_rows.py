"""Rows of the job book's table of jobs, and the jobs that they describe."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, select

from jobs.errors import JobNotFound
from jobs.job import Job, JobRequest, JobState
from jobs.order_facts import OrderFacts
from jobs.tables import BRIEF, jobs

_STATE: TypeAdapter[JobState] = TypeAdapter(JobState)


def find(db: Connection, job_id: UUID, tenant: str, *, lock: bool = False) -> Row[Any]:
    """Return the row of a tenant's job, all but the long order.

    Args:
        db: of the transaction.
        job_id: whose.
        tenant: whose it must be.
        lock: until the transaction ends, nobody else changes it.

    Raises:
        JobNotFound: there is none, or it is another tenant's.
    """
    query = select(*BRIEF).where(jobs.c.id == str(job_id), jobs.c.tenant == tenant)
    row = db.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise JobNotFound(f"there is no job {job_id}")
    return row


def to_job(db: Connection, row: Row[Any]) -> Job:
    """Return the job that a row describes; only of one from before orders had facts is the order read."""
    facts = OrderFacts.of(_request(db, row.id)) if row.facts is None else OrderFacts.model_validate(row.facts)
    details = {"failed": {"reason": row.reason}, "successful": {"manifest_href": row.manifest_href}}
    return Job(
        id=UUID(row.id),
        tenant=row.tenant,
        order=facts,
        state=_STATE.validate_python({"status": row.status} | details.get(row.status, {})),
        created=row.created,
        started=row.started,
        finished=row.finished,
        updated=row.updated,
        stage=row.stage,
        progress=row.progress,
        message=row.message,
        attempt=row.attempt,
        simulated=row.simulated,
    )


def _request(db: Connection, job_id: str) -> JobRequest:
    return JobRequest.model_validate(db.execute(select(jobs.c.request).where(jobs.c.id == job_id)).scalar_one())
