"""How often a tenant may ask: counted by each API process for itself, for a count in common would cost a write each."""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from jobs.quotas import OverQuota
from service.access_settings import AccessSettings


class RequestRates:
    """Counts the requests of each tenant over the last 60 seconds."""

    def __init__(self, settings: AccessSettings) -> None:
        self._settings = settings
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, tenant: str) -> None:
        """Count one request.

        Raises:
            OverQuota: it is one too many; says when the next one is welcome.
        """
        most = self._settings.limits_of(tenant).requests_per_minute
        if most is None:
            return
        allowed = RateLimitItemPerMinute(most)
        if not self._limiter.hit(allowed, tenant):
            free_again = self._limiter.get_window_stats(allowed, tenant).reset_time
            wait = max(1, math.ceil(free_again - time.time()))
            raise OverQuota(f"{most} requests a minute are the limit here; ask again in {wait} s", wait)
