"""Turns at what few may do at once: whoever waits costs no thread, and tenants come one after the other."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import Event


class Turns:
    """Gives out turns, in the order of asking within a tenant, round robin among tenants.

    Args:
        at_once: turns in all.
        each: of one tenant.
    """

    def __init__(self, at_once: int, each: int) -> None:
        self._free, self._each = at_once, each
        self._taken: Counter[str] = Counter()
        self._waiting: dict[str, deque[Event]] = {}  # tenants in the order of their next turns

    @asynccontextmanager
    async def of(self, tenant: str) -> AsyncIterator[None]:
        """Wait for a turn, and hold it until the block ends."""
        turn = Event()
        self._waiting.setdefault(tenant, deque()).append(turn)
        self._give_out()
        try:
            await turn.wait()
            yield
        finally:
            if turn.is_set():
                self._take_back(tenant)
            else:  # cancelled while it waited
                self._leave(tenant, turn)

    def _give_out(self) -> None:
        while self._free and (tenant := self._next()) is not None:
            queue = self._waiting.pop(tenant)
            queue.popleft().set()
            if queue:
                self._waiting[tenant] = queue  # behind all others
            self._free -= 1
            self._taken[tenant] += 1

    def _next(self) -> str | None:
        return next((tenant for tenant in self._waiting if self._taken[tenant] < self._each), None)

    def _take_back(self, tenant: str) -> None:
        self._free += 1
        self._taken[tenant] -= 1
        if not self._taken[tenant]:
            del self._taken[tenant]
        self._give_out()

    def _leave(self, tenant: str, turn: Event) -> None:
        self._waiting[tenant].remove(turn)
        if not self._waiting[tenant]:
            del self._waiting[tenant]
