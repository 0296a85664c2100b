"""Telling the broker of steps that are due: the same round for service, workers and reconciler."""

from __future__ import annotations

import logging
from typing import Protocol

from prometheus_client import Counter

from jobs.errors import Unavailable
from jobs.job import QueuedStep, StepKind
from jobs.wake_book import WakeBook

log = logging.getLogger(__name__)

SENT = Counter("clearleaf_wakeups_sent", "Wake-ups that the broker took.")
RESENT = Counter("clearleaf_wakeups_resent", "Wake-ups among them that were sent before and not heard.")


class Broker(Protocol):
    """What takes wake-ups: `JobQueue`, or a stand-in."""

    def run_dry(self) -> frozenset[StepKind]:
        """Return the kinds of steps whose queue holds no message; raises `Unavailable`."""

    def wake(self, step: QueuedStep) -> bool:
        """Send a wake-up; returns whether it was taken."""


def wake_due(book: WakeBook, broker: Broker, limit: int) -> None:
    """Send wake-ups for the steps that are due, until one is not taken; the rest count as never sent.

    Args:
        book: knows what is due.
        broker: takes the wake-ups; one that is away is tried once.
        limit: wake-ups in the broker at once.
    """
    try:
        run_dry = broker.run_dry()
    except Unavailable as error:
        log.warning("the broker is away, the reconciler will send what is due: %s", error)
        return
    unsent = book.steps_to_wake(limit, run_dry)
    try:
        while unsent and broker.wake(unsent[0]):
            SENT.inc()
            RESENT.inc(unsent.pop(0).again)
    finally:
        if unsent:
            book.not_sent(unsent)
