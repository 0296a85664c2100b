"""Telling the broker of steps that are due: the same round for service, workers and reconciler."""

from __future__ import annotations

import logging
from typing import Protocol

from jobs.errors import Unavailable
from jobs.job import QueuedStep, StepKind
from jobs.steps import StepBook

log = logging.getLogger(__name__)


class Broker(Protocol):
    """What takes wake-ups: `JobQueue`, or a stand-in."""

    def run_dry(self) -> frozenset[StepKind]:
        """Return the kinds of steps whose queue holds no message; raises `Unavailable`."""

    def wake(self, step: QueuedStep) -> bool:
        """Send a wake-up; returns whether it was taken."""


def wake_due(book: StepBook, broker: Broker, limit: int) -> None:
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
            del unsent[0]
    finally:
        if unsent:
            book.not_sent(unsent)
