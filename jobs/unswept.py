"""Which ended jobs may still have left scratch objects in storage: how far each is swept stands in the job book.

A worker may be writing when its job ends, and for as long as a step may take: it hears of the end at a heartbeat, but
perhaps the job book is away from it, or it is killed before it has removed what it wrote. No step can be claimed any
more, so that all is quiet after the longest step, and what lies there then is removed by a second, last sweep.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from jobs.job import Job
from jobs.job_rows import to_job
from jobs.tables import BRIEF, jobs

ENDED = ("successful", "dismissed")
"""States of jobs that are swept behind; a failed one may be retried from what it left."""
NEVER = 0
ONCE = 1
"""Mark of a job that was swept while somebody may still have been writing."""
FOR_GOOD = 2
"""Mark of a job of which nothing but its results is in storage any more, whoever was still writing when it ended."""


@dataclass(frozen=True)
class Unswept:
    """An ended job to be swept behind.

    Attributes:
        job: as it was found.
        last: no attempt can write any more.
    """

    job: Job
    last: bool


def find(db: Connection, quiet: datetime, limit: int) -> Sequence[Unswept]:
    """Return ended jobs to be swept behind, in any order.

    One that cannot be swept ends a round; in a fixed order the same others would wait behind it forever. Those whose
    time for the last sweep has come do not keep those that have just ended waiting: of both kinds there are as many as
    the limit.

    Args:
        db: of the transaction.
        quiet: no attempt writes any more of a job that ended before.
        limit: so many of each kind.
    """
    ended = select(*BRIEF).where(jobs.c.status.in_(ENDED)).order_by(func.random()).limit(limit)
    again = (jobs.c.swept == ONCE, jobs.c.finished < quiet)
    rows = [*db.execute(ended.where(jobs.c.swept == NEVER)), *db.execute(ended.where(*again))]
    return [Unswept(to_job(db, row), last=row.finished < quiet) for row in rows]


def mark(db: Connection, found: Unswept) -> None:
    """Remember that what a job left is gone, for good where the sweep was the last one.

    A job that has changed since it was found keeps its mark: its results may have been deleted meanwhile.
    """
    job, swept = found.job, FOR_GOOD if found.last else ONCE
    as_found = (jobs.c.id == str(job.id), jobs.c.status == job.state.status, jobs.c.updated == job.updated)
    db.execute(update(jobs).where(*as_found, jobs.c.swept < swept).values(swept=swept))
