"""The steps of jobs: claimed, kept alive, ended, given back; a message said twice does no harm."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row, and_, func, insert, not_, or_, select, update

from jobs import items
from jobs.database import Database
from jobs.errors import JobConflict, JobDismissed, StepLost
from jobs.job import ClaimedStep, QueuedStep, StepKind
from jobs.published import Published
from jobs.settings import JobsSettings
from jobs.tables import jobs, log, steps

ACTIVE = ("accepted", "running")
WEIGHTS: dict[StepKind, float] = {"plan": 5, "prepare": 40, "tile": 45, "finish": 10}
"""Share of each kind of step in a job's progress; all tiles share theirs."""


@dataclass(frozen=True)
class StepOutputs:
    """What the finished steps of a job left in storage: keys."""

    plan_href: str | None
    state_href: str | None
    piece_hrefs: dict[str, str]


class StepBook:
    """Verbs on steps, for workers and the reconciler.

    Who locks rows of both tables takes the job's first: the other way round, a heartbeat and the commit of the same
    step would wait for one another.
    """

    def __init__(self, database_url: str, settings: JobsSettings) -> None:
        self.database = Database(database_url)
        self._settings = settings

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
            job = db.execute(select(jobs).where(jobs.c.id == step.job_id)).one()
            if job.status == "accepted":
                started = job.started or now
                db.execute(update(jobs).where(jobs.c.id == job.id).values(status="running", started=started))
            name = f"tile {step.tile_id}" if step.tile_id else step.kind
            self._refresh(db, step.job_id, now, message=f"beginning {name}")
            self._say(db, step.job_id, "info", f"{name}: attempt {step.attempt}", now)
            return ClaimedStep(
                id=step_id,
                job_id=UUID(step.job_id),
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
            self._lock_job(db, step)
            kept = db.execute(update(steps).where(self._is_mine(step), self._job_runs(step)).values(values))
            if kept.rowcount == 0:
                raise self._why_not(db, step)
            self._refresh(db, str(step.job_id), now)

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
                    .values(stage=None, message="published")
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
            row = self._mine(db, step)
            if row is not None:
                self._fail_step(db, row, reason, now)
            return row is not None

    def release(self, step: ClaimedStep, reason: str) -> bool:
        """Give the step back for another attempt at once; its job fails when the attempts are used up.

        Returns as `fail`.
        """
        with self.database.write() as db:
            now = self.database.now(db)
            row = self._mine(db, step)
            if row is not None:
                self._requeue(db, row, now, f"{step.kind} failed: {reason}")
            return row is not None

    def postpone(self, step: ClaimedStep, delay_s: float, reason: str) -> bool:
        """Give the step back until the weather is better; its job fails when it has waited often enough.

        Returns as `fail`.
        """
        with self.database.write() as db:
            now = self.database.now(db)
            row = self._mine(db, step)
            if row is None:
                return False
            if row.postponed >= self._settings.max_postpones:
                self._fail_step(db, row, f"{reason} (waited {row.postponed} times)", now)
                return True
            due = now + timedelta(seconds=delay_s)
            values = {"postponed": row.postponed + 1, "excused": row.excused + 1, "due": due}
            db.execute(update(steps).where(steps.c.id == row.id).values(**_QUEUED, **values))
            self._refresh(db, row.job_id, now, message=f"waiting: {reason}")
            self._say(db, row.job_id, "warning", f"{step.kind}: {reason}; again in {delay_s:.0f} s", now)
            return True

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

    def steps_to_wake(self, limit: int, run_dry: Collection[StepKind] = tuple(WEIGHTS)) -> list[QueuedStep]:
        """Return due steps that the broker has not been told of, or whose wake-up is lost, and mark them as sent.

        A wake-up is lost if it was sent a while ago and the broker's queue has run dry since. While messages wait
        there, the workers are busy, and sending again would only make the queue grow.

        Args:
            limit: wake-ups in the broker at once; those sent and unheard of count. Tenants take turns.
            run_dry: kinds of steps whose queue holds no message.
        """
        with self.database.write() as db:
            now = self.database.now(db)
            stale = now - timedelta(seconds=self._settings.resend_s)
            waiting = and_(steps.c.state == "queued", steps.c.due <= now, jobs.c.status.in_(ACTIVE))
            lost = and_(steps.c.sent <= stale, steps.c.kind.in_(run_dry))
            told = and_(steps.c.sent.is_not(None), not_(lost))
            joined = steps.join(jobs, jobs.c.id == steps.c.job_id)
            in_broker = db.execute(select(func.count()).select_from(joined).where(waiting, told))
            room = limit - in_broker.scalar_one()
            if room <= 0:
                return []
            turn = func.row_number().over(partition_by=jobs.c.tenant, order_by=(steps.c.due, steps.c.id))
            wanted = (
                select(steps.c.id, turn.label("turn"), steps.c.due)
                .select_from(joined)
                .where(waiting, or_(steps.c.sent.is_(None), lost))
                .subquery()
            )
            first = (
                select(steps.c.id, steps.c.kind)
                .join(wanted, wanted.c.id == steps.c.id)
                .where(steps.c.state == "queued", or_(steps.c.sent.is_(None), lost))
                .order_by(wanted.c.turn, wanted.c.due)
                .limit(room)
            )
            # What somebody else is just telling the broker of, or claims, is left to them.
            rows = db.execute(first.with_for_update(of=steps, skip_locked=True)).all()
            db.execute(update(steps).where(steps.c.id.in_([row.id for row in rows])).values(sent=now))
            return [QueuedStep(id=UUID(row.id), kind=row.kind) for row in rows]

    def not_sent(self, unsent: Sequence[QueuedStep]) -> None:
        """Take back that the broker was told of these steps: it was away."""
        with self.database.write() as db:
            mine = steps.c.id.in_([str(step.id) for step in unsent])
            queued = select(steps.c.id).where(mine, steps.c.state == "queued")
            # Whom we would wait for claims the step, or takes it back: it is told of anew either way.
            rows = db.execute(queued.with_for_update(skip_locked=True)).all()
            db.execute(update(steps).where(steps.c.id.in_([row.id for row in rows])).values(sent=None))

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
        self._lock_job(db, step)
        ended = db.execute(
            update(steps)
            .where(self._is_mine(step), self._job_runs(step))
            .values(state="done", href=href, lease=None, fraction=1.0)
        )
        if ended.rowcount == 0:
            row = self._step(db, step.id)
            said_before = row.state == "done" and row.owner == step.owner and row.attempt == step.attempt
            if said_before and row.href == href:
                return None
            raise self._why_not(db, step)
        self._refresh(db, str(step.job_id), now)
        return now

    def _add(self, db: Connection, job_id: UUID, kind: StepKind, tile_ids: Sequence[str], now: datetime) -> None:
        rows = [
            {"id": str(uuid4()), "job_id": str(job_id), "kind": kind, "tile_id": tile_id, "state": "queued"}
            | {"attempt": 0, "excused": 0, "postponed": 0, "due": now, "fraction": 0.0, "message": "", "created": now}
            for tile_id in tile_ids
        ]
        db.execute(insert(steps), rows)
        db.execute(update(jobs).where(jobs.c.id == str(job_id)).values(stage=kind, updated=now))

    def _requeue(self, db: Connection, row: Row[Any], now: datetime, reason: str) -> None:
        """Queue a step again, or fail its job where its attempts are used up."""
        if row.attempt - row.excused >= self._settings.max_attempts:
            self._fail_step(db, row, f"{reason} ({self._settings.max_attempts} attempts)", now)
            return
        db.execute(update(steps).where(steps.c.id == row.id).values(**_QUEUED, due=now))
        self._refresh(db, row.job_id, now)
        self._say(db, row.job_id, "warning", f"{reason}; trying again", now)

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

    def _refresh(self, db: Connection, job_id: str, now: datetime, message: str | None = None) -> None:
        """Count the job's progress from its steps; it never goes back."""
        rows = db.execute(select(steps).where(steps.c.job_id == job_id)).all()
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

    def _say(self, db: Connection, job_id: str, level: str, message: str, now: datetime) -> None:
        db.execute(insert(log).values(job_id=job_id, time=now, level=level, message=message))

    def _step(self, db: Connection, step_id: UUID) -> Row[Any]:
        return db.execute(select(steps).where(steps.c.id == str(step_id))).one()

    def _mine(self, db: Connection, step: ClaimedStep) -> Row[Any] | None:
        """Return the step if it is its owner's and its job runs; neither changes until we have committed."""
        self._lock_job(db, step)
        mine = select(steps).where(self._is_mine(step), self._job_runs(step))
        return db.execute(mine.with_for_update()).one_or_none()

    def _lock_job(self, db: Connection, step: ClaimedStep) -> None:
        db.execute(select(jobs.c.id).where(jobs.c.id == str(step.job_id)).with_for_update())

    def _is_mine(self, step: ClaimedStep) -> Any:  # noqa: ANN401 - an SQL expression
        """The fence: id, owner and attempt."""
        return and_(
            steps.c.id == str(step.id),
            steps.c.owner == step.owner,
            steps.c.attempt == step.attempt,
            steps.c.state == "running",
        )

    def _job_runs(self, step: ClaimedStep) -> Any:  # noqa: ANN401 - an SQL expression
        return steps.c.job_id.in_(select(jobs.c.id).where(jobs.c.id == str(step.job_id), jobs.c.status == "running"))

    def _why_not(self, db: Connection, step: ClaimedStep) -> JobConflict:
        status = db.execute(select(jobs.c.status).where(jobs.c.id == str(step.job_id))).scalar_one()
        if status == "dismissed":
            return JobDismissed(f"job {step.job_id} was dismissed")
        if status != "running":
            return JobConflict(f"job {step.job_id} is {status}")
        return StepLost(f"{step.kind} of job {step.job_id} is not attempt {step.attempt} of {step.owner} any more")


_QUEUED: dict[str, Any] = {
    "state": "queued",
    "owner": None,
    "lease": None,
    "sent": None,
    "fraction": 0.0,
    "message": "",
}
