"""The job book: what customers ordered and how far it is. It is the truth; messages are only wake-ups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from jobs import items, order_keys
from jobs.errors import JobConflict, JobNotFound
from jobs.job import ClaimedStep, Job, JobRequest, JobState
from jobs.job_list import JobFilter, JobPage, cursor, page_query
from jobs.order_keys import OrderKey
from jobs.steps import ACTIVE, StepBook, StepOutputs
from jobs.tables import jobs, log, steps

__all__ = ["JobFilter", "JobPage", "JobStore", "LogEntry", "OrderKey", "StepOutputs"]

_STATE: TypeAdapter[JobState] = TypeAdapter(JobState)


@dataclass(frozen=True)
class LogEntry:
    """One line of a job's log."""

    time: datetime
    level: str
    message: str


class JobStore(StepBook):
    """The job book in a database; all verbs of steps, and those of customers."""

    def migrate(self) -> None:
        """Bring the schema to the newest version."""
        self.database.migrate()

    def at_head(self) -> bool:
        """Return whether the schema is the newest version."""
        return self.database.at_head()

    def create(
        self, request: JobRequest, *, job_id: UUID | None = None, tenant: str = "local", key: OrderKey | None = None
    ) -> Job:
        """Enter an order and its first step, in one transaction.

        Args:
            request: the order.
            job_id: of the new job; drawn where left out.
            tenant: whose it is.
            key: with it, the same order sent again returns the job that it made the first time.

        Raises:
            KeyReused: the key belongs to another order.
        """
        try:
            return self._create(request, job_id or uuid4(), tenant, key)
        except IntegrityError:
            if key is None:
                raise
            return self._create(request, job_id or uuid4(), tenant, key)  # its twin was committed meanwhile

    def _create(self, request: JobRequest, job_id: UUID, tenant: str, key: OrderKey | None) -> Job:
        with self.database.write() as db:
            known = order_keys.job_of(db, tenant, key) if key is not None else None
            if known is not None:
                return _job(self._row(db, known, tenant))
            now = self.database.now(db)
            before = self._waiting(db)
            db.execute(
                insert(jobs).values(
                    id=str(job_id),
                    tenant=tenant,
                    request=request.model_dump(mode="json"),
                    status="accepted",
                    created=now,
                    updated=now,
                    progress=0,
                    message="waiting for a worker",
                    attempt=1,
                    swept=0,
                    version=1,
                )
            )
            if key is not None:
                order_keys.remember(db, tenant, key, job_id, now)
            self._add(db, job_id, "plan", [""], now)
            self._say(db, str(job_id), "info", f"accepted, {before} before it" if before else "accepted", now)
            return _job(self._row(db, job_id, tenant))

    def waiting_before(self, job: Job) -> int:
        """Return how many jobs, of all customers, were ordered before this one and still wait for a worker."""
        with self.database.read() as db:
            return self._waiting(db, jobs.c.created < job.created)

    @staticmethod
    def _waiting(db: Connection, *conditions: ColumnElement[bool]) -> int:
        waiting = select(func.count()).select_from(jobs).where(jobs.c.status == "accepted", *conditions)
        return int(db.execute(waiting).scalar_one())

    def get(self, job_id: UUID, tenant: str = "local") -> Job:
        """Return a job.

        Raises:
            JobNotFound: there is none, or it is another tenant's.
        """
        with self.database.read() as db:
            return _job(self._row(db, job_id, tenant))

    def job_of(self, step: ClaimedStep) -> Job:
        """Return the job of a claimed step, whoever's it is."""
        with self.database.read() as db:
            return _job(db.execute(select(jobs).where(jobs.c.id == str(step.job_id))).one())

    def list(self, tenant: str, wanted: JobFilter, *, limit: int, after: str | None = None) -> JobPage:
        """Return a page of jobs, newest first.

        Args:
            tenant: whose.
            wanted: which of them.
            limit: jobs on the page.
            after: cursor from the page before.

        Raises:
            ValueError: the cursor is none of ours.
        """
        with self.database.read() as db:
            query = page_query(tenant, wanted, after, self.database, self.database.now(db))
            rows = db.execute(query.limit(limit + 1)).all()
        more = len(rows) > limit
        return JobPage([_job(row) for row in rows[:limit]], cursor(rows[limit - 1]) if more else None)

    def dismiss(self, job_id: UUID, tenant: str = "local") -> Job:
        """Give a job up; its workers stop at their next heartbeat. Said twice, it holds once.

        Raises:
            JobNotFound: there is none, or it is another tenant's.
        """
        with self.database.write() as db:
            row = self._row(db, job_id, tenant, lock=True)
            if row.status != "dismissed":
                self._dismiss(db, row, "dismissed")
            return _job(self._row(db, job_id, tenant))

    def expire(self, days: float, limit: int = 100) -> int:
        """Dismiss jobs that ended more than so many days ago; returns how many those were."""
        with self.database.write() as db:
            long_ago = self.database.now(db) - timedelta(days=days)
            ended = (jobs.c.status.in_(("successful", "failed")), jobs.c.finished < long_ago)
            rows = db.execute(select(jobs).where(*ended).limit(limit).with_for_update(skip_locked=True)).all()
            for row in rows:
                self._dismiss(db, row, f"its results were kept for {days:g} days")
            return len(rows)

    def _dismiss(self, db: Connection, row: Row[Any], message: str) -> None:
        now = self.database.now(db)
        values = {"status": "dismissed", "finished": now, "updated": now, "stage": None, "swept": 0}
        db.execute(update(jobs).where(jobs.c.id == row.id).values(**values, message=message))
        items.forget(db, UUID(row.id))
        self._say(db, row.id, "info", message, now)

    def retry(self, job_id: UUID, tenant: str = "local") -> Job:
        """Open a failed job again; only the steps that are missing run.

        Raises:
            JobNotFound: there is none, or it is another tenant's.
            JobConflict: it has not failed.
        """
        with self.database.write() as db:
            row = self._row(db, job_id, tenant, lock=True)
            if row.status != "failed":
                raise JobConflict(f"job {job_id} is {row.status}: only a failed job can be retried")
            now = self.database.now(db)
            mine = steps.c.job_id == str(job_id)
            reopened = {"state": "queued", "owner": None, "lease": None, "sent": None, "due": now, "postponed": 0}
            db.execute(update(steps).where(mine, steps.c.state != "done").values(**reopened, excused=steps.c.attempt))
            values = {
                "status": "accepted",
                "reason": None,
                "finished": None,
                "attempt": row.attempt + 1,
                "updated": now,
            }
            db.execute(update(jobs).where(jobs.c.id == str(job_id)).values(**values, message="waiting for a worker"))
            self._say(db, str(job_id), "info", f"retried, attempt {row.attempt + 1}", now)
            return _job(self._row(db, job_id, tenant))

    def log(self, job_id: UUID, level: str, message: str) -> None:
        """Add a line to a job's log."""
        with self.database.write() as db:
            self._say(db, str(job_id), level, message, self.database.now(db))

    def entries(self, job_id: UUID) -> Sequence[LogEntry]:
        """Return a job's log, oldest first."""
        with self.database.read() as db:
            rows = db.execute(select(log).where(log.c.job_id == str(job_id)).order_by(log.c.id)).all()
        return [LogEntry(row.time, row.level, row.message) for row in rows]

    def to_sweep(self, limit: int = 100) -> Sequence[Job]:
        """Return ended jobs whose scratch objects are still in storage."""
        with self.database.read() as db:
            ended = jobs.c.status.not_in((*ACTIVE, "created", "failed"))  # a failed job may be retried from its scratch
            rows = db.execute(select(jobs).where(ended, jobs.c.swept == 0).limit(limit)).all()
        return [_job(row) for row in rows]

    def mark_swept(self, job_id: UUID) -> None:
        """Remember that a job's scratch objects are gone."""
        with self.database.write() as db:
            db.execute(update(jobs).where(jobs.c.id == str(job_id)).values(swept=1))

    def _row(self, db: Connection, job_id: UUID, tenant: str, *, lock: bool = False) -> Row[Any]:
        query = select(jobs).where(jobs.c.id == str(job_id), jobs.c.tenant == tenant)
        row = db.execute(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            raise JobNotFound(f"there is no job {job_id}")
        return row


def _job(row: Row[Any]) -> Job:
    details = {"failed": {"reason": row.reason}, "successful": {"manifest_href": row.manifest_href}}
    return Job(
        id=UUID(row.id),
        tenant=row.tenant,
        request=JobRequest.model_validate(row.request),
        state=_STATE.validate_python({"status": row.status} | details.get(row.status, {})),
        created=row.created,
        started=row.started,
        finished=row.finished,
        updated=row.updated,
        stage=row.stage,
        progress=row.progress,
        message=row.message,
        attempt=row.attempt,
    )
