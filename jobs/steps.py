"""The steps of jobs: claimed, kept alive, ended, given back; a message said twice does no harm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, func, insert, select, update

from jobs import items
from jobs.fence import held_step, is_held, lock_job, why_not_held
from jobs.job import ACTIVE, ClaimedStep, StepKind
from jobs.progress import refresh_progress
from jobs.published import Published
from jobs.tables import BRIEF, jobs, log, steps
from jobs.wake_book import WakeBook

FIRST_PAUSE_S, LONGEST_DOUBLING = 30.0, 4
"""Pauses after a failed attempt, doubled so often at most. The worker that fails is the idle one: without a pause it
would take the step again, and use up the attempts of every job within seconds."""


@dataclass(frozen=True)
class StepOutputs:
    """What the finished steps of a job left in storage: keys."""

    plan_href: str | None
    state_href: str | None
    piece_hrefs: dict[str, str]


class StepBook(WakeBook):
    """Verbs on steps, for workers and the reconciler, beside those on wake-ups.

    Who locks rows of both tables takes the job's first: the other way round, a heartbeat and the commit of the same
    step would wait for one another.
    """

    def claim(self, step_id: UUID, owner: str) -> ClaimedStep | None:
        """Return the step if it is now the owner's, or None where there is nothing to do: drop the message."""
        with self.database.write() as db:
            now = self.database.now(db)
            its_job = select(steps.c.job_id).where(steps.c.id == str(step_id)).scalar_subquery()
            db.execute(select(jobs.c.id).where(jobs.c.id == its_job).with_for_update())
            active = select(jobs.c.id).where(jobs.c.status.in_(ACTIVE))
            claimed = db.execute(
                update(steps)
                .where(
                    steps.c.id == str(step_id),
                    steps.c.state == "queued",
                    steps.c.due <= now,
                    steps.c.job_id.in_(active),
                )
                .values(
                    state="running",
                    owner=owner,
                    attempt=steps.c.attempt + 1,
                    lease=now + timedelta(seconds=self._settings.lease_s),
                    fraction=0.0,
                    message="",
                )
            )
            if claimed.rowcount == 0:
                return None
            step = self._step(db, step_id)
            job = db.execute(select(*BRIEF).where(jobs.c.id == step.job_id)).one()
            if job.status == "accepted":
                started = job.started or now
                db.execute(update(jobs).where(jobs.c.id == job.id).values(status="running", started=started))
            name = f"tile {step.tile_id}" if step.tile_id else step.kind
            refresh_progress(db, step.job_id, now, message=f"beginning {name}")
            self._say(db, step.job_id, "info", f"{name}: attempt {step.attempt}", now)
            return ClaimedStep(
                id=step_id,
                job_id=UUID(step.job_id),
                tenant=job.tenant,
                traceparent=job.traceparent,
                kind=step.kind,
                tile_id=step.tile_id or None,
                owner=owner,
                attempt=step.attempt,
            )

    def heartbeat(self, step: ClaimedStep, *, fraction: float | None = None, message: str | None = None) -> None:
        """Keep the step for another lease.

        Args:
            step: as claimed.
            fraction: share done, 0..1.
            message: what is being done.

        Raises:
            JobDismissed: the customer gave the job up.
            StepLost: the lease ran out and the step was taken back.
        """
        with self.database.write() as db:
            now = self.database.now(db)
            values: dict[str, Any] = {"lease": now + timedelta(seconds=self._settings.lease_s)}
            values |= {} if fraction is None else {"fraction": fraction}
            values |= {} if message is None else {"message": message}
            lock_job(db, step)
            kept = db.execute(update(steps).where(is_held(step)).values(values))
            if kept.rowcount == 0:
                raise why_not_held(db, step)
            refresh_progress(db, str(step.job_id), now)

    def end_plan(self, step: ClaimedStep, plan_href: str, tile_ids: Sequence[str]) -> None:
        """End the plan; *prepare* follows. Raises as `succeed`."""
        with self.database.write() as db:
            if now := self._end(db, step, plan_href):
                db.execute(update(jobs).where(jobs.c.id == str(step.job_id)).values(tile_ids=list(tile_ids)))
                self._add(db, step.job_id, "prepare", [""], now)

    def end_prepare(self, step: ClaimedStep, state_href: str) -> None:
        """End the preparation; the tiles follow. Raises as `succeed`."""
        with self.database.write() as db:
            if now := self._end(db, step, state_href):
                tile_ids = db.execute(select(jobs.c.tile_ids).where(jobs.c.id == str(step.job_id))).scalar_one()
                self._add(db, step.job_id, "tile", tile_ids, now)

    def end_tile(self, step: ClaimedStep, piece_href: str) -> None:
        """End a tile; *finish* follows the last one, in the same transaction. Raises as `succeed`."""
        with self.database.write() as db:
            if now := self._end(db, step, piece_href):
                open_tiles = select(func.count()).where(
                    steps.c.job_id == str(step.job_id), steps.c.kind == "tile", steps.c.state != "done"
                )
                if db.execute(open_tiles).scalar_one() == 0:
                    self._add(db, step.job_id, "finish", [""], now)

    def succeed(self, step: ClaimedStep, manifest_href: str, published: Published) -> None:
        """Close a running job: the manifest makes its results visible. Said twice, it holds once.

        Args:
            step: as claimed.
            manifest_href: key of the manifest.
            published: collection and items, which can be found from now on.

        Raises:
            JobDismissed: the customer gave the job up.
            JobConflict: another owner or attempt has the step, or the job has ended.
        """
        with self.database.write() as db:
            if now := self._end(db, step, manifest_href):
                db.execute(
                    update(jobs)
                    .where(jobs.c.id == str(step.job_id))
                    .values(status="successful", manifest_href=manifest_href, finished=now, updated=now, progress=100)
                    .values(stage=None, message="published", **_simulated(published))
                )
                items.enter(db, step.job_id, published, now)
                self._say(db, str(step.job_id), "info", "published", now)

    def fail(self, step: ClaimedStep, reason: str) -> bool:
        """End the step and its job for good; returns False where the step is not ours any more, or its job has ended.

        A step that is not ours may have been given to somebody else, or have ended by a commit of ours that was heard
        although no answer came back.
        """
        with self.database.write() as db:
            now = self.database.now(db)
            row = held_step(db, step)
            if row is not None:
                self._fail_step(db, row, reason, now)
            return row is not None

    def release(self, step: ClaimedStep, reason: str) -> bool:
        """Give the step back for another attempt after a pause; its job fails when the attempts are used up.

        Returns as `fail`.
        """
        with self.database.write() as db:
            now = self.database.now(db)
            row = held_step(db, step)
            if row is not None:
                pause_s = FIRST_PAUSE_S * 2 ** min(row.attempt - row.excused - 1, LONGEST_DOUBLING)
                self._requeue(db, row, now, f"{step.kind} failed: {reason}", pause_s)
            return row is not None

    def postpone(self, step: ClaimedStep, delay_s: float, reason: str, *, counts: bool = True) -> bool:
        """Give the step back until the weather is better; its job fails when it has waited often enough.

        Returns as `fail`.

        Args:
            step: as claimed.
            delay_s: until it is due again.
            reason: for the customer.
            counts: towards how often it may wait; false: somebody will mend it, or another worker goes on.
        """
        with self.database.write() as db:
            now = self.database.now(db)
            row = held_step(db, step)
            if row is None:
                return False
            if counts and row.postponed >= self._settings.max_postpones:
                self._fail_step(db, row, f"{reason} (waited {row.postponed} times)", now)
                return True
            due = now + timedelta(seconds=delay_s)
            values = {"postponed": row.postponed + counts, "excused": row.excused + 1, "due": due}
            db.execute(update(steps).where(steps.c.id == row.id).values(**_QUEUED, **values))
            refresh_progress(db, row.job_id, now, message=f"waiting: {reason}")
            self._say(db, row.job_id, "warning", f"{step.kind}: {reason}; again in {delay_s:.0f} s", now)
            return True

    def clock(self) -> datetime:
        """Return the job book's time, which leases go by."""
        with self.database.read() as db:
            return self.database.now(db)

    def take_back_expired(self) -> int:
        """Queue again what silent workers hold; returns how many steps that were."""
        with self.database.write() as db:
            now = self.database.now(db)
            silent = (steps.c.state == "running", steps.c.lease < now, jobs.c.status == "running")
            found = select(steps).join(jobs, jobs.c.id == steps.c.job_id).where(*silent)
            rows = db.execute(found.with_for_update(skip_locked=True)).all()  # of both tables
            for row in rows:
                self._requeue(db, row, now, f"{row.kind}: the worker fell silent")
            return len(rows)

    def outputs(self, job_id: UUID) -> StepOutputs:
        """Return what the finished steps of a job left behind."""
        with self.database.read() as db:
            done = select(steps).where(steps.c.job_id == str(job_id), steps.c.state == "done")
            rows = db.execute(done).all()
        hrefs = {row.kind: row.href for row in rows}
        pieces = {row.tile_id: row.href for row in rows if row.kind == "tile"}
        return StepOutputs(hrefs.get("plan"), hrefs.get("prepare"), pieces)

    def _end(self, db: Connection, step: ClaimedStep, href: str) -> datetime | None:
        """Mark the step as done and return the time; None where it was said before."""
        now = self.database.now(db)
        # The job's row is locked first: of two tiles that end together, the second sees the first one done.
        lock_job(db, step)
        ended = db.execute(update(steps).where(is_held(step)).values(state="done", href=href, lease=None, fraction=1.0))
        if ended.rowcount == 0:
            said = (steps.c.state == "done", steps.c.owner == step.owner, steps.c.attempt == step.attempt)
            before = select(steps.c.id).where(steps.c.id == str(step.id), *said, steps.c.href == href)
            if db.execute(before).one_or_none() is not None:
                return None
            raise why_not_held(db, step)
        refresh_progress(db, str(step.job_id), now)
        return now

    def _add(self, db: Connection, job_id: UUID, kind: StepKind, tile_ids: Sequence[str], now: datetime) -> None:
        rows = [
            {"id": str(uuid4()), "job_id": str(job_id), "kind": kind, "tile_id": tile_id, "state": "queued"}
            | {"attempt": 0, "excused": 0, "postponed": 0, "due": now, "fraction": 0.0, "message": "", "created": now}
            for tile_id in tile_ids
        ]
        db.execute(insert(steps), rows)
        db.execute(update(jobs).where(jobs.c.id == str(job_id)).values(stage=kind, updated=now))

    def _requeue(self, db: Connection, row: Row[Any], now: datetime, reason: str, pause_s: float = 0) -> None:
        """Queue a step again, due after a pause, or fail its job where its attempts are used up."""
        if row.attempt - row.excused >= self._settings.max_attempts:
            self._fail_step(db, row, f"{reason} ({self._settings.max_attempts} attempts)", now)
            return
        due = now + timedelta(seconds=pause_s)
        db.execute(update(steps).where(steps.c.id == row.id).values(**_QUEUED, due=due))
        refresh_progress(db, row.job_id, now)
        again = f"trying again in {pause_s:.0f} s" if pause_s else "trying again"
        self._say(db, row.job_id, "warning", f"{reason}; {again}", now)

    def _fail_step(self, db: Connection, row: Row[Any], reason: str, now: datetime) -> None:
        db.execute(update(steps).where(steps.c.id == row.id).values(state="failed", lease=None))
        self._fail_job(db, row.job_id, reason, now)

    def _fail_job(self, db: Connection, job_id: str, reason: str, now: datetime) -> None:
        failed = db.execute(
            update(jobs)
            .where(jobs.c.id == job_id, jobs.c.status.in_(ACTIVE))
            .values(status="failed", reason=reason, finished=now, updated=now, stage=None, message=reason)
        )
        if failed.rowcount:
            self._say(db, job_id, "error", reason, now)

    def _say(self, db: Connection, job_id: str, level: str, message: str, now: datetime) -> None:
        db.execute(insert(log).values(job_id=job_id, time=now, level=level, message=message))

    def _step(self, db: Connection, step_id: UUID) -> Row[Any]:
        return db.execute(select(steps).where(steps.c.id == str(step_id))).one()


def _simulated(published: Published) -> dict[str, bool]:
    """Return what a collection says of its scenes, which goes before what was known of the catalogue."""
    said = published.collection.load().get("clearleaf:simulated")
    return {} if said is None else {"simulated": bool(said)}


_QUEUED: dict[str, Any] = {
    "state": "queued",
    "owner": None,
    "lease": None,
    "sent": None,
    "fraction": 0.0,
    "message": "",
}
