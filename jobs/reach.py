"""Since when the job book has been reached without a break: whoever took leases back sooner would blame workers."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from jobs.settings import JobsSettings

log = logging.getLogger(__name__)


class Reach:
    """Remembers when the job book answered, by the book's own clock.

    While it is away no worker can renew its lease, and when it is back, all leases may be over: those that live renew
    them at their next heartbeat, if nobody takes their steps first. A machine that slept looks the same: its clock has
    gone on. What was before the first answer is not known, so that it counts as a break.
    """

    def __init__(self, settings: JobsSettings) -> None:
        self._lease = timedelta(seconds=settings.lease_s)
        # A shorter break costs nobody a lease; a round that is slow, or finds its broker away, is none.
        self._longest_gap = timedelta(seconds=max(settings.lease_s / 2, 3 * settings.reconcile_s))
        self._since: datetime | None = None
        self._last: datetime | None = None

    def lasts(self, now: datetime) -> bool:
        """Note that the book answers at this moment; returns whether it has done so for as long as a lease."""
        if self._since is None or self._last is None:
            self._since = now
        elif not timedelta(0) <= now - self._last <= self._longest_gap:
            log.warning("the job book was not reached for a while: nothing is taken back for %s", self._lease)
            self._since = now
        self._last = now
        return now - self._since >= self._lease
