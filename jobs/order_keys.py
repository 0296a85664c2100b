"""Idempotency keys: the same order sent twice, because an answer was lost on the way, makes one job."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, insert, select

from jobs.errors import KeyReused
from jobs.tables import idempotency


@dataclass(frozen=True)
class OrderKey:
    """What a customer calls an order, to be able to send it again.

    Attributes:
        key: up to 255 characters, unique among the customer's orders.
        body_sha256: of the order as it was sent, in hexadecimal digits.
    """

    key: str
    body_sha256: str


def job_of(db: Connection, tenant: str, key: OrderKey) -> UUID | None:
    """Return the job that an order with this key has made already, or None.

    Raises:
        KeyReused: the key belongs to another order.
    """
    mine = (idempotency.c.tenant == tenant, idempotency.c.key == key.key)
    row = db.execute(select(idempotency).where(*mine)).one_or_none()
    if row is None:
        return None
    if row.body_sha256 != key.body_sha256:
        raise KeyReused(
            f"the key {key.key!r} belongs to another order, job {row.job_id}: give every order a key of its own, and "
            "send an order again exactly as it was"
        )
    return UUID(row.job_id)


def remember(db: Connection, tenant: str, key: OrderKey, job_id: UUID, now: datetime) -> None:
    """Keep which job an order with this key made; the database refuses a second one of the same key."""
    values = {"tenant": tenant, "key": key.key, "body_sha256": key.body_sha256, "job_id": str(job_id), "created": now}
    db.execute(insert(idempotency).values(**values))
