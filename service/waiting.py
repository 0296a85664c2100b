"""Waiting for a job: however many requests do, the job book is asked once per half second."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from datetime import datetime
from uuid import UUID

from fastapi.concurrency import run_in_threadpool

from jobs.store import JobStore
from service.access_settings import AccessSettings
from service.in_flight import InFlight

LOOK_EVERY_S = 0.5
AGAIN_S = 5
"""A place is free when a wait ends, after a minute at most."""


class Waiting:
    """Looks into the book for all requests of this process that wait."""

    def __init__(self, jobs: JobStore, settings: AccessSettings) -> None:
        self._jobs = jobs
        self._settings = settings
        self._places = InFlight("waits (`?wait=`)", "ask without `wait`", AGAIN_S)
        self._asked: set[UUID] = set()
        self._look: asyncio.Task[dict[UUID, datetime]] | None = None

    def place(self, tenant: str) -> AbstractContextManager[None]:
        """Count a request that waits until the block ends.

        Raises:
            OverQuota: too many of the tenant's do.
        """
        return self._places.one(tenant, self._settings.limits_of(tenant).waits)

    async def updated(self, job_id: UUID) -> datetime | None:
        """Return when a job last changed, as the next look will find; None where there is none."""
        self._asked.add(job_id)
        if self._look is None or self._look.done():
            self._look = asyncio.create_task(self._next_look())
        found = await asyncio.shield(self._look)  # the others wait on where one goes away
        return found.get(job_id)

    async def _next_look(self) -> dict[UUID, datetime]:
        await asyncio.sleep(LOOK_EVERY_S)
        asked, self._asked, self._look = self._asked, set(), None  # who asks from now on is for the look after this
        return await run_in_threadpool(self._jobs.updated, asked)
