"""What a tenant has under way at one moment: counted by each API process for itself, as its rates are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from jobs.quotas import OverQuota


class InFlight:
    """Counts what each tenant has under way; one too many is refused, for waiting would hold a place, too.

    Args:
        what: is counted, in the words of the refusal.
        cure: what to do other than to ask again.
        again_s: when to ask again: nobody knows, and answers take about so long.
    """

    def __init__(self, what: str, cure: str, again_s: int) -> None:
        self._what, self._cure, self._again_s = what, cure, again_s
        self._held: Counter[str] = Counter()

    @contextmanager
    def one(self, tenant: str, most: int | None) -> Iterator[None]:
        """Count one until the block ends; None is no limit.

        Raises:
            OverQuota: it is one too many; says what helps.
        """
        if most is not None and self._held[tenant] >= most:
            raise OverQuota(
                f"{most} {self._what} at the same moment are the limit here, and as many are under way; {self._cure}, "
                f"or ask again in {self._again_s} s",
                self._again_s,
            )
        self._held[tenant] += 1
        try:
            yield
        finally:
            self._held[tenant] -= 1
            if not self._held[tenant]:
                del self._held[tenant]
