"""What one tenant may have at once and order in a minute, checked in the transaction that enters the order."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from jobs.errors import ClearleafError
from jobs.job import ACTIVE
from jobs.tables import jobs

MINUTE = timedelta(minutes=1)
UNTIL_ONE_ENDS_S = 120
"""When to ask again while all of a tenant's jobs are under way: nobody knows, and jobs take minutes."""
_LOCK = 0x636C7175
"""Any number, the same in every process: orders of one tenant are counted one after the other."""


class OverQuota(ClearleafError):
    """A tenant has, or orders, more than it may; later it may go on."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


@dataclass(frozen=True)
class Quota:
    """What a tenant may; None is no limit.

    Attributes:
        active_jobs: jobs that wait or run at the same time.
        orders_per_minute: in any 60 seconds.
    """

    active_jobs: int | None = None
    orders_per_minute: int | None = None


NO_QUOTA = Quota()


def take_turn(db: Connection, tenant: str, quota: Quota) -> None:
    """Wait until no other transaction counts jobs of this tenant; SQLite has one writer at a time anyway.

    Held until the transaction ends. To be asked before anything else is read, the time included.
    """
    if quota != NO_QUOTA and db.dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(tenant.encode()).digest()[:4], "big", signed=True)
        db.execute(select(func.pg_advisory_xact_lock(_LOCK, number)))


def check_quota(db: Connection, tenant: str, quota: Quota, now: datetime, *, new_order: bool = True) -> None:
    """Refuse one more job of a tenant where it would be one too many.

    Args:
        db: of the transaction that has taken its turn and goes on to enter the job.
        tenant: whose.
        quota: of this tenant.
        now: by the database's clock.
        new_order: False where a job is opened again, which is no order.

    Raises:
        OverQuota: with the limit and when to come again.
    """
    if new_order and quota.orders_per_minute is not None:
        _check_orders(db, tenant, quota.orders_per_minute, now)
    if quota.active_jobs is not None:
        _check_active(db, tenant, quota.active_jobs)


def _check_orders(db: Connection, tenant: str, most: int, now: datetime) -> None:
    lately = select(jobs.c.created).where(jobs.c.tenant == tenant, jobs.c.created > now - MINUTE)
    times = db.execute(lately.order_by(jobs.c.created.desc()).limit(most)).scalars().all()
    if len(times) >= most:
        wait = max(1, math.ceil((times[-1] + MINUTE - now).total_seconds()))
        raise OverQuota(f"{most} orders a minute are the limit here; order again in {wait} s", wait)


def _check_active(db: Connection, tenant: str, most: int) -> None:
    active = select(func.count()).select_from(jobs).where(jobs.c.tenant == tenant, jobs.c.status.in_(ACTIVE))
    if db.execute(active).scalar_one() >= most:
        raise OverQuota(
            f"{most} jobs may wait or run at the same time, and as many do; wait for one to end, or dismiss one",
            UNTIL_ONE_ENDS_S,
        )
