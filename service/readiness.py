"""Whether orders can be taken: anybody may ask, as often as he likes, and the job book is asked now and then."""

from __future__ import annotations

import math
from time import monotonic

from anyio import Lock
from fastapi.concurrency import run_in_threadpool

from jobs.errors import Unavailable
from jobs.store import JobStore

HOLDS_S = 1.0
"""An answer is given again for so long, a bad one too; probes come every few seconds."""


class Readiness:
    """Asks the job book for all who want to know; the others wait for that answer, and take no thread meanwhile.

    Args:
        book: the job book.
    """

    def __init__(self, book: JobStore) -> None:
        self._book = book
        self._asking = Lock()
        self._asked = -math.inf
        self._ready = False
        self._away: Unavailable | None = None

    async def ready(self) -> bool:
        """Return whether the job book has the newest schema.

        Raises:
            Unavailable: it cannot be reached.
        """
        async with self._asking:
            if monotonic() - self._asked >= HOLDS_S:
                await self._ask()
            if self._away is not None:
                raise Unavailable(str(self._away), self._away.retry_after)
            return self._ready

    async def _ask(self) -> None:
        try:
            self._ready, self._away = await run_in_threadpool(self._book.at_head), None
        except Unavailable as error:
            self._away = error
        self._asked = monotonic()
