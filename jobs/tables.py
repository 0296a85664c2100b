"""The tables of the job book."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class UtcTime(TypeDecorator[datetime]):
    """A moment in UTC, also where the database knows no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return what is stored: UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ANN401
        """Return an aware moment."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


metadata = MetaData()

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("request", JSON, nullable=False),
    Column("facts", JSON),  # of the request; NULL where it was entered before there were any
    Column("simulated", Boolean),  # NULL: not known
    Column("status", String(16), nullable=False),
    Column("reason", Text),
    Column("manifest_href", Text),
    Column("created", UtcTime, nullable=False),
    Column("started", UtcTime),
    Column("finished", UtcTime),
    Column("updated", UtcTime, nullable=False),
    Column("stage", String(16)),
    Column("progress", Integer, nullable=False),
    Column("message", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("tile_ids", JSON),
    Column("swept", Integer, nullable=False),  # a mark of `jobs.unswept`
    Column("traceparent", String(64)),
    Column("version", Integer, nullable=False),
    Index("jobs_by_tenant", "tenant", "created"),
    Index("jobs_by_status", "status"),
    Index("jobs_by_sweep", "swept", "status", "finished"),
)

BRIEF = [column for column in jobs.c if column.name != "request"]
"""A job without its whole order, which may be megabytes."""

steps = Table(
    "steps",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("job_id", String(36), ForeignKey("jobs.id"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("tile_id", String(32), nullable=False),  # "" for steps of the whole job: NULLs would not be unique
    Column("state", String(16), nullable=False),  # queued, running, done, failed
    Column("owner", String(128)),
    Column("attempt", Integer, nullable=False),
    Column("excused", Integer, nullable=False),  # attempts that were not the step's own fault
    Column("postponed", Integer, nullable=False),
    Column("lease", UtcTime),
    Column("due", UtcTime, nullable=False),
    Column("sent", UtcTime),
    Column("fraction", Float, nullable=False),
    Column("message", Text, nullable=False),
    Column("href", Text),
    Column("created", UtcTime, nullable=False),
    UniqueConstraint("job_id", "kind", "tile_id", name="one_step_of_a_kind"),
    Index("steps_by_state", "state", "due"),
)

log = Table(
    "log",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job_id", String(36), ForeignKey("jobs.id"), nullable=False, index=True),
    Column("time", UtcTime, nullable=False),
    Column("level", String(16), nullable=False),
    Column("message", Text, nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("tenant", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("body_sha256", String(64), nullable=False),
    Column("job_id", String(36), ForeignKey("jobs.id"), nullable=False, index=True),
    Column("created", UtcTime, nullable=False),
)

collections = Table(
    "collections",
    metadata,
    Column("job_id", String(36), ForeignKey("jobs.id"), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("entered", UtcTime, nullable=False),
    Column("key", Text, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Index("collections_by_tenant", "tenant", "entered"),
)

footprints = Table(
    "footprints",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job_id", String(36), ForeignKey("jobs.id"), nullable=False, index=True),
    Column("tenant", String(64), nullable=False, index=True),
    Column("west", Float, nullable=False),
    Column("south", Float, nullable=False),
    Column("east", Float, nullable=False),
    Column("north", Float, nullable=False),
    Column("wkb", LargeBinary, nullable=False),
)

items = Table(
    "items",
    metadata,
    Column("job_id", String(36), ForeignKey("jobs.id"), primary_key=True),
    Column("item_id", String(255), primary_key=True),
    Column("tenant", String(64), nullable=False),
    Column("footprint_id", Integer, ForeignKey("footprints.id"), nullable=False),
    Column("datetime", UtcTime, nullable=False),
    Column("properties", JSON, nullable=False),
    Column("key", Text, nullable=False),
    Column("document", LargeBinary, nullable=False),  # last: a search reads what stands before it only
    Index("items_by_datetime", "tenant", "datetime"),
    # With the tenant, or SQLite, which keeps no statistics, would rather look at all that a tenant has.
    Index("items_by_job", "job_id", "tenant"),
    Index("items_by_footprint", "footprint_id", "tenant"),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", String(32), primary_key=True),  # the part of a key that may be shown
    Column("tenant", String(64), nullable=False, index=True),
    Column("name", String(64), nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("secret_sha256", String(64), nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("expires", UtcTime),
    Column("revoked", UtcTime),
    Column("used", UtcTime),  # to the hour
)
