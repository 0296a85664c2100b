"""How the job book stands, for Prometheus: short questions on what is under way, asked every few seconds."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Row, and_, case, func, or_, select
from sqlalchemy.exc import SQLAlchemyError

from jobs.database import Database
from jobs.errors import Unavailable
from jobs.job import ACTIVE, StepKind
from jobs.queue import QUEUE_OF
from jobs.tables import jobs, steps

log = logging.getLogger(__name__)

FRESH_S = 10.0
"""Any number of scrapes within so many seconds cost one look at what is under way, which is never much."""
ENDED_FRESH_S = 300.0
"""Jobs that have ended are counted less often: there are more of them every day."""
STATUSES = ("created", "accepted", "running", "successful", "failed", "dismissed")
STATES = ("queued", "running")
KINDS: tuple[StepKind, ...] = get_args(StepKind)


@dataclass(frozen=True)
class Standing:
    """What the book says at one moment.

    Attributes:
        now: by the clock of the database.
        active: rows of status, number and time of the oldest, of jobs that have not ended.
        under_way: rows of kind, state and further counts, of steps that have not ended.
    """

    now: datetime
    active: Sequence[Row[Any]]
    under_way: Sequence[Row[Any]]


class BookCollector(Collector):
    """The job book's metrics; threads may share it.

    Args:
        database: of the job book.
        fresh_s: how long an answer is given again.
        ended_fresh_s: the same, of the number of ended jobs.
    """

    def __init__(self, database: Database, fresh_s: float = FRESH_S, ended_fresh_s: float = ENDED_FRESH_S) -> None:
        self._database, self._fresh_s, self._ended_fresh_s = database, fresh_s, ended_fresh_s
        self._lock = threading.Lock()
        self._metrics: list[Metric] = []
        self._ended: dict[str, int] = {}
        self._asked = self._ended_asked = float("-inf")

    def collect(self) -> Iterable[Metric]:
        """Return the metrics; only whether it can be reached where the book cannot be."""
        with self._lock:
            if time.monotonic() - self._asked >= self._fresh_s:
                self._metrics = self._look()
                self._asked = time.monotonic()
            return list(self._metrics)

    def _look(self) -> list[Metric]:
        up = GaugeMetricFamily("clearleaf_job_book_up", "Whether the job book answered when it was asked last.")
        try:
            standing, ended = self._standing(), self._count_ended()
        except (Unavailable, SQLAlchemyError) as error:  # the latter: its schema is not there yet
            log.warning("the job book cannot be asked how it stands: %s", error)
            up.add_metric([], 0)
            return [up]
        up.add_metric([], 1)
        return [up, _jobs(standing, ended), *_ages(standing), *_steps(standing), *_leases(standing)]

    def _standing(self) -> Standing:
        with self._database.read() as db:
            now = self._database.now(db)
            of_jobs = select(jobs.c.status, func.count().label("jobs"), func.min(jobs.c.created).label("oldest"))
            active = db.execute(of_jobs.where(jobs.c.status.in_(ACTIVE)).group_by(jobs.c.status)).all()
            due = and_(steps.c.state == "queued", steps.c.due <= now)
            expired = and_(steps.c.state == "running", steps.c.lease < now)
            own = steps.c.attempt - steps.c.excused
            again = or_(and_(steps.c.state == "queued", own > 0), own > 1)
            of_steps = (
                select(
                    steps.c.kind,
                    steps.c.state,
                    func.count().label("steps"),
                    func.count(case((due, 1))).label("due"),
                    func.min(case((due, steps.c.due))).label("oldest_due"),
                    func.count(case((expired, 1))).label("expired"),
                    func.min(case((expired, steps.c.lease))).label("oldest_expired"),
                    func.count(case((again, 1))).label("retried"),
                )
                .join(jobs, jobs.c.id == steps.c.job_id)
                .where(steps.c.state.in_(STATES), jobs.c.status.in_(ACTIVE))
                .group_by(steps.c.kind, steps.c.state)
            )
            return Standing(now, active, db.execute(of_steps).all())

    def _count_ended(self) -> dict[str, int]:
        if time.monotonic() - self._ended_asked >= self._ended_fresh_s:
            counted = select(jobs.c.status, func.count().label("jobs")).where(jobs.c.status.not_in(ACTIVE))
            with self._database.read() as db:
                rows = db.execute(counted.group_by(jobs.c.status)).all()
            self._ended = {row.status: row.jobs for row in rows}
            self._ended_asked = time.monotonic()
        return self._ended


def _jobs(standing: Standing, ended: dict[str, int]) -> Metric:
    known = {**ended, **{row.status: row.jobs for row in standing.active}}
    found = GaugeMetricFamily("clearleaf_jobs", "Jobs in the book by status.", labels=["status"])
    for status in STATUSES:
        found.add_metric([status], known.get(status, 0))
    return found


def _ages(standing: Standing) -> Iterable[Metric]:
    yield GaugeMetricFamily(
        "clearleaf_job_queued_oldest_age_seconds",
        "Age of the oldest job of which no step has begun.",
        value=_age(standing, (row.oldest for row in standing.active if row.status == "accepted")),
    )
    found = GaugeMetricFamily(
        "clearleaf_step_queued_oldest_age_seconds", "For how long a step has been due that waits.", labels=["queue"]
    )
    for queue in _queues():
        due = (row.oldest_due for row in standing.under_way if QUEUE_OF[row.kind] == queue)
        found.add_metric([queue], _age(standing, due))
    yield found


def _steps(standing: Standing) -> Iterable[Metric]:
    counted = {(row.kind, row.state): row.steps for row in standing.under_way}
    found = GaugeMetricFamily("clearleaf_steps", "Steps that have not ended.", labels=["kind", "state"])
    for kind in KINDS:
        for state in STATES:
            found.add_metric([kind, state], counted.get((kind, state), 0))
    yield found
    work = Counter[str]()
    for row in standing.under_way:
        work[QUEUE_OF[row.kind]] += row.due if row.state == "queued" else row.steps
    load = GaugeMetricFamily(
        "clearleaf_steps_waiting_or_running", "Steps that are due or being worked on.", labels=["queue"]
    )
    for queue in _queues():
        load.add_metric([queue], work[queue])
    yield load
    retried = Counter[str]()
    for row in standing.under_way:
        retried[row.kind] += row.retried
    again = GaugeMetricFamily(
        "clearleaf_steps_retried", "Steps that have not ended and have failed before, not by weather.", labels=["kind"]
    )
    for kind in KINDS:
        again.add_metric([kind], retried[kind])
    yield again


def _leases(standing: Standing) -> Iterable[Metric]:
    yield GaugeMetricFamily(
        "clearleaf_leases_expired",
        "Steps whose worker has fallen silent and that nobody has taken back.",
        value=sum(row.expired for row in standing.under_way),
    )
    yield GaugeMetricFamily(
        "clearleaf_leases_expired_oldest_age_seconds",
        "For how long the oldest of those leases has been over.",
        value=_age(standing, (row.oldest_expired for row in standing.under_way)),
    )


def _queues() -> list[str]:
    return sorted(set(QUEUE_OF.values()))


def _age(standing: Standing, moments: Iterable[datetime | None]) -> float:
    oldest = min((moment for moment in moments if moment is not None), default=standing.now)
    return max(0.0, (standing.now - oldest).total_seconds())
