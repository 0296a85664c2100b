"""The job book: what customers ordered and how far it is. It is the truth; messages are only wake-ups."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from jobs import forgetting, items, job_rows, order_keys, unswept
from jobs.errors import JobConflict, JobNotFound
from jobs.job import ClaimedStep, Job, JobRequest
from jobs.job_list import JobFilter, JobPage, cursor, page_query
from jobs.order_facts import OrderFacts
from jobs.order_keys import OrderKey
from jobs.quotas import NO_QUOTA, Quota, check_quota, take_turn
from jobs.steps import StepBook, StepOutputs
from jobs.tables import BRIEF, jobs, log, steps
from jobs.unswept import Unswept

__all__ = ["JobFilter", "JobPage", "JobStore", "LogEntry", "OrderKey", "StepOutputs"]


@dataclass(frozen=True)
class LogEntry:
    """One line of a job's log."""

    time: datetime
    level: str
    message: str


class JobStore(StepBook):
    """The job book in a database; all verbs of steps, and those of customers."""

    def migrate(self) -> None:
        """Bring the schema to the newest version; one that a later release has made is left as it is."""
        self.database.migrate()

    def at_head(self) -> bool:
        """Return whether the schema is the newest version, or that of a later release."""
        return self.database.at_head()

    def create(
        self,
        request: JobRequest,
        *,
        job_id: UUID | None = None,
        tenant: str = "local",
        key: OrderKey | None = None,
        quota: Quota = NO_QUOTA,
        traceparent: str | None = None,
        simulated: bool | None = None,
    ) -> Job:
        """Enter an order and its first step, in one transaction.

        Args:
            request: the order.
            job_id: of the new job; drawn where left out.
            tenant: whose it is.
            key: with it, the same order sent again returns the job that it made the first time.
            quota: what the tenant may have and order.
            traceparent: trace that the job belongs to, as W3C Trace Context writes it.
            simulated: the catalogue's scenes were made by a simulator; None where nobody knows.

        Raises:
            KeyReused: the key belongs to another order.
            OverQuota: the tenant has or orders too many.
        """
        new = {
            "id": str(job_id or uuid4()),
            "tenant": tenant,
            "request": request.model_dump(mode="json"),
            "facts": OrderFacts.of(request).model_dump(mode="json"),
            "traceparent": traceparent,
            "simulated": simulated,
        }  # found before anything is locked: the outline of 10,000 parcels takes seconds
        try:
            return self._create(new, key, quota)
        except IntegrityError:
            if key is None:
                raise
            return self._create(new, key, quota)  # its twin was committed meanwhile

    def _create(self, new: dict[str, Any], key: OrderKey | None, quota: Quota) -> Job:
        job_id, tenant = UUID(new["id"]), new["tenant"]
        with self.database.write() as db:
            take_turn(db, tenant, quota)
            known = order_keys.job_of(db, tenant, key) if key is not None else None
            if known is not None:
                return job_rows.to_job(db, job_rows.find(db, known, tenant))
            now = self.database.now(db)
            check_quota(db, tenant, quota, now)
            before = self._waiting(db)
            db.execute(
                insert(jobs).values(
                    **new,
                    status="accepted",
                    created=now,
                    updated=now,
                    progress=0,
                    message="waiting for a worker",
                    attempt=1,
                    swept=unswept.NEVER,
                    version=1,
                )
            )
            if key is not None:
                order_keys.remember(db, tenant, key, job_id, now)
            self._add(db, job_id, "plan", [""], now)
            self._say(db, str(job_id), "info", f"accepted, {before} before it" if before else "accepted", now)
            return job_rows.to_job(db, job_rows.find(db, job_id, tenant))

    def waiting_before(self, job: Job | None = None) -> int:
        """Return how many jobs, of all customers, were ordered before this one and still wait for a worker.

        Args:
            job: which; None: one that would be ordered now.
        """
        with self.database.read() as db:
            return self._waiting(db, *([] if job is None else [jobs.c.created < job.created]))

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
            return job_rows.to_job(db, job_rows.find(db, job_id, tenant))

    def request_of(self, job_id: UUID) -> JobRequest:
        """Return the whole order of a job, whoever's it is: it is long, and few need it.

        Raises:
            JobNotFound: there is none.
        """
        with self.database.read() as db:
            found = db.execute(select(jobs.c.request).where(jobs.c.id == str(job_id))).scalar_one_or_none()
        if found is None:
            raise JobNotFound(f"there is no job {job_id}")
        return JobRequest.model_validate(found)

    def updated(self, job_ids: Collection[UUID]) -> dict[UUID, datetime]:
        """Return when these jobs last changed; what there is not is left out."""
        with self.database.read() as db:
            rows = db.execute(select(jobs.c.id, jobs.c.updated).where(jobs.c.id.in_([str(job) for job in job_ids])))
            return {UUID(row.id): row.updated for row in rows}

    def job_of(self, step: ClaimedStep) -> Job:
        """Return the job of a claimed step, whoever's it is."""
        with self.database.read() as db:
            return job_rows.to_job(db, db.execute(select(*BRIEF).where(jobs.c.id == str(step.job_id))).one())

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
            found = [job_rows.to_job(db, row) for row in rows[:limit]]
        return JobPage(found, cursor(rows[limit - 1]) if more else None)

    def dismiss(self, job_id: UUID, tenant: str = "local") -> Job:
        """Give a job up; its workers stop at their next heartbeat. Said twice, it holds once.

        Raises:
            JobNotFound: there is none, or it is another tenant's.
        """
        with self.database.write() as db:
            row = job_rows.find(db, job_id, tenant, lock=True)
            if row.status != "dismissed":
                self._dismiss(db, row, "dismissed")
            return job_rows.to_job(db, job_rows.find(db, job_id, tenant))

    def expire(self, days: float, limit: int = 100) -> int:
        """Dismiss jobs that ended more than so many days ago; returns how many those were."""
        with self.database.write() as db:
            long_ago = self.database.now(db) - timedelta(days=days)
            ended = (jobs.c.status.in_(("successful", "failed")), jobs.c.finished < long_ago)
            rows = db.execute(select(*BRIEF).where(*ended).limit(limit).with_for_update(skip_locked=True)).all()
            for row in rows:
                self._dismiss(db, row, f"its results were kept for {days:g} days")
            return len(rows)

    def forget(self, days: float, limit: int = 100) -> int:
        """Remove all that is known of jobs that were dismissed, or failed, long ago; returns how many those were.

        A failed job is dismissed first, as if it had been when it failed: what it left to be retried from is swept.
        Each job goes in a transaction of its own, for orders are long, and others write meanwhile.

        Args:
            days: that they are kept.
            limit: so many at once.
        """
        with self.database.write() as db:
            before = self.database.now(db) - timedelta(days=days)
            failed = select(*BRIEF).where(jobs.c.status == "failed", jobs.c.finished < before)
            for row in db.execute(failed.limit(limit).with_for_update(skip_locked=True)).all():
                self._dismiss(db, row, f"it failed more than {days:g} days ago", finished=row.finished)
        with self.database.read() as db:
            over = forgetting.forgettable(db, before, limit)
        forgotten = 0
        for job_id in over:
            with self.database.write() as db:
                forgotten += forgetting.forget(db, job_id, before)
        return forgotten

    def _dismiss(self, db: Connection, row: Row[Any], message: str, finished: datetime | None = None) -> None:
        now = self.database.now(db)
        values = {
            "status": "dismissed",
            "finished": finished or now,
            "updated": now,
            "stage": None,
            "swept": unswept.NEVER,
        }
        db.execute(update(jobs).where(jobs.c.id == row.id).values(**values, message=message))
        items.forget(db, UUID(row.id))
        self._say(db, row.id, "info", message, now)

    def retry(self, job_id: UUID, tenant: str = "local", quota: Quota = NO_QUOTA) -> Job:
        """Open a failed job again; only the steps that are missing run.

        Raises:
            JobNotFound: there is none, or it is another tenant's.
            JobConflict: it has not failed.
            OverQuota: the tenant has too many jobs under way.
        """
        with self.database.write() as db:
            take_turn(db, tenant, quota)
            row = job_rows.find(db, job_id, tenant, lock=True)
            if row.status != "failed":
                raise JobConflict(f"job {job_id} is {row.status}: only a failed job can be retried")
            now = self.database.now(db)
            check_quota(db, tenant, quota, now, new_order=False)
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
            return job_rows.to_job(db, job_rows.find(db, job_id, tenant))

    def log(self, job_id: UUID, level: str, message: str) -> None:
        """Add a line to a job's log."""
        with self.database.write() as db:
            self._say(db, str(job_id), level, message, self.database.now(db))

    def entries(self, job_id: UUID) -> Sequence[LogEntry]:
        """Return a job's log, oldest first."""
        with self.database.read() as db:
            rows = db.execute(select(log).where(log.c.job_id == str(job_id)).order_by(log.c.id)).all()
        return [LogEntry(row.time, row.level, row.message) for row in rows]

    def to_sweep(self, limit: int = 100) -> Sequence[Unswept]:
        """Return ended jobs to be swept behind; see `unswept.find`."""
        with self.database.read() as db:
            quiet = self.database.now(db) - timedelta(seconds=self._settings.visibility_timeout_s)
            return unswept.find(db, quiet, limit)

    def mark_swept(self, found: Unswept) -> None:
        """Remember that what a job left is gone; see `unswept.mark`."""
        with self.database.write() as db:
            unswept.mark(db, found)
