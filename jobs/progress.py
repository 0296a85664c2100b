"""How far a job is: counted from its steps."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from jobs.job import StepKind
from jobs.tables import jobs, steps

WEIGHTS: dict[StepKind, float] = {"plan": 5, "prepare": 40, "tile": 45, "finish": 10}
"""Share of each kind of step in a job's progress; all tiles share theirs."""


def refresh_progress(db: Connection, job_id: str, now: datetime, message: str | None = None) -> None:
    """Count the job's progress from its steps; it never goes back."""
    counted = select(steps.c.kind, steps.c.state, steps.c.fraction, steps.c.message)
    rows = db.execute(counted.where(steps.c.job_id == job_id)).all()
    tiles = db.execute(select(jobs.c.tile_ids).where(jobs.c.id == job_id)).scalar_one() or [None]
    done = sum(row.fraction * WEIGHTS[row.kind] / (len(tiles) if row.kind == "tile" else 1) for row in rows)
    running = [row for row in rows if row.state == "running"]
    values: dict[str, Any] = {"updated": now}
    if running:
        values["stage"] = running[-1].kind
    told = message or next((row.message for row in running if row.message), None)
    if told is not None:
        values["message"] = told
    job = db.execute(select(jobs.c.progress).where(jobs.c.id == job_id)).scalar_one()
    values["progress"] = max(job, min(99, int(done)))
    db.execute(update(jobs).where(jobs.c.id == job_id).values(values))
