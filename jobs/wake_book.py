"""Which steps the broker is to be told of, and which it has been told of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, func, not_, or_, select, update

from jobs.database import Database
from jobs.job import ACTIVE, QueuedStep, StepKind
from jobs.progress import WEIGHTS
from jobs.settings import JobsSettings
from jobs.tables import jobs, steps

SURELY_LOST = 20
"""Times `resend_s`. A worker that dies between a message and its claim takes the wake-up along, and the queue of a busy
service may never run dry; a second message does no harm."""


class WakeBook:
    """Verbs on wake-ups, for whoever sends them."""

    def __init__(self, database_url: str, settings: JobsSettings) -> None:
        self.database = Database(database_url)
        self._settings = settings

    def steps_to_wake(self, limit: int, run_dry: Collection[StepKind] = tuple(WEIGHTS)) -> list[QueuedStep]:
        """Return due steps that the broker has not been told of, or whose wake-up is lost, and mark them as sent.

        A wake-up is lost if it was sent a while ago and the broker's queue has run dry since. While messages wait
        there, the workers are busy, and sending again would only make the queue grow; after a long while it is sent
        again all the same, and not counted as lost.

        Args:
            limit: wake-ups in the broker at once; those sent and unheard of count. Tenants take turns, and of each the
                oldest job goes first.
            run_dry: kinds of steps whose queue holds no message.
        """
        with self.database.write() as db:
            now = self.database.now(db)
            stale, ancient = (now - timedelta(seconds=n * self._settings.resend_s) for n in (1, SURELY_LOST))
            waiting = and_(steps.c.state == "queued", steps.c.due <= now, jobs.c.status.in_(ACTIVE))
            lost = or_(and_(steps.c.sent <= stale, steps.c.kind.in_(run_dry)), steps.c.sent <= ancient)
            told = and_(steps.c.sent.is_not(None), not_(lost))
            joined = steps.join(jobs, jobs.c.id == steps.c.job_id)
            in_broker = db.execute(select(func.count()).select_from(joined).where(waiting, told))
            room = limit - in_broker.scalar_one()
            if room <= 0:
                return []
            age = jobs.c.created, steps.c.due  # what is begun is finished before what is new is begun
            turn = func.row_number().over(partition_by=jobs.c.tenant, order_by=(*age, steps.c.id))
            untold = or_(steps.c.sent.is_(None), lost)
            ranked = select(steps.c.id, turn.label("turn"), *age).select_from(joined).where(waiting, untold).subquery()
            first = select(ranked.c.id).order_by(ranked.c.turn, ranked.c.created, ranked.c.due).limit(room)
            # Then by id: joined to the ranking, PostgreSQL compared steps with one another pair by pair.
            ids = list(db.execute(first).scalars())
            # What somebody else is just telling the broker of, or claims, is left to them.
            free = select(steps.c.id, steps.c.kind, steps.c.sent).where(steps.c.id.in_(ids), steps.c.state == "queued")
            found = db.execute(free.where(untold).with_for_update(skip_locked=True)).all()
            rows = sorted(found, key=lambda row: ids.index(row.id))
            db.execute(update(steps).where(steps.c.id.in_([row.id for row in rows])).values(sent=now))
            return [
                QueuedStep(id=UUID(row.id), kind=row.kind, again=row.sent is not None and row.kind in run_dry)
                for row in rows
            ]

    def not_sent(self, unsent: Sequence[QueuedStep]) -> None:
        """Take back that the broker was told of these steps: it was away."""
        with self.database.write() as db:
            mine = steps.c.id.in_([str(step.id) for step in unsent])
            queued = select(steps.c.id).where(mine, steps.c.state == "queued")
            # Whom we would wait for claims the step, or takes it back: it is told of anew either way.
            rows = db.execute(queued.with_for_update(skip_locked=True)).all()
            db.execute(update(steps).where(steps.c.id.in_([row.id for row in rows])).values(sent=None))
