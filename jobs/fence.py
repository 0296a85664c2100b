"""The fence around a step: its row is the owner's as long as the attempt is that of the claim, and its job runs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, select

from jobs.errors import JobConflict, JobDismissed, StepLost
from jobs.job import ClaimedStep
from jobs.tables import jobs, steps


def lock_job(db: Connection, step: ClaimedStep) -> None:
    """Let nobody else change the step's job until we have committed."""
    db.execute(select(jobs.c.id).where(jobs.c.id == str(step.job_id)).with_for_update())


def is_held(step: ClaimedStep) -> ColumnElement[bool]:
    """Return what must be true of the step's row: its owner's attempt runs, and so does its job."""
    running = select(jobs.c.id).where(jobs.c.id == str(step.job_id), jobs.c.status == "running")
    return and_(
        steps.c.id == str(step.id),
        steps.c.owner == step.owner,
        steps.c.attempt == step.attempt,
        steps.c.state == "running",
        steps.c.job_id.in_(running),
    )


def held_step(db: Connection, step: ClaimedStep) -> Row[Any] | None:
    """Return the step's row if it is held; neither it nor its job changes until we have committed."""
    lock_job(db, step)
    return db.execute(select(steps).where(is_held(step)).with_for_update()).one_or_none()


def why_not_held(db: Connection, step: ClaimedStep) -> JobConflict:
    """Return why a step is not its owner's any more, as an error to raise."""
    status = db.execute(select(jobs.c.status).where(jobs.c.id == str(step.job_id))).scalar_one_or_none()
    if status in ("dismissed", None):  # None: so long ago that it is forgotten
        return JobDismissed(f"job {step.job_id} was dismissed")
    if status != "running":
        return JobConflict(f"job {step.job_id} is {status}")
    return StepLost(f"{step.kind} of job {step.job_id} is not attempt {step.attempt} of {step.owner} any more")
