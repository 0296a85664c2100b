"""Published collections and items in the job book: they come with their job's success and go when it is dismissed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import shapely
from sqlalchemy import Connection, delete, insert, select

from jobs.published import Published
from jobs.tables import collections, footprints, items, jobs


def enter(db: Connection, job_id: UUID, published: Published, now: datetime) -> None:
    """Enter what a job has published; its items share few outlines, usually one."""
    tenant = db.execute(select(jobs.c.tenant).where(jobs.c.id == str(job_id))).scalar_one()
    whose = {"job_id": str(job_id), "tenant": tenant}
    collection = published.collection
    db.execute(insert(collections).values(**whose, entered=now, key=collection.key, document=collection.packed))
    ids: dict[bytes, int] = {}
    for item in published.items:
        if item.footprint not in ids:
            ids[item.footprint] = _footprint(db, whose, item.footprint)
    rows = [
        whose
        | {"item_id": item.id, "footprint_id": ids[item.footprint], "datetime": item.moment}
        | {"properties": item.properties, "key": item.document.key, "document": item.document.packed}
        for item in published.items
    ]
    if rows:
        db.execute(insert(items), rows)


def forget(db: Connection, job_id: UUID) -> None:
    """Remove what a job has published, if it has."""
    for table in (items, footprints, collections):
        db.execute(delete(table).where(table.c.job_id == str(job_id)))


def _footprint(db: Connection, whose: dict[str, str], wkb: bytes) -> int:
    west, south, east, north = shapely.from_wkb(wkb).bounds
    bounds = {"west": west, "south": south, "east": east, "north": north}
    entered = db.execute(insert(footprints).values(**whose, **bounds, wkb=wkb).returning(footprints.c.id))
    return int(entered.scalar_one())
