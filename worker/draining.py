"""How a worker ends: it finishes the step in hand, or gives it back when the time for that is over.

Celery's main process, told to end, sleeps for the whole time that a step may take, whether there is one or not, and
then kills the process that computes. So the two speak with one another, by memory that they share: one says that it
has a step in hand, the other that it is time to give it back.
"""

from __future__ import annotations

import logging
import mmap
import time

from celery.apps.worker import Worker as CeleryWorker

from jobs.errors import ClearleafError

log = logging.getLogger(__name__)

GIVE_BACK_S = 15.0
"""Half of what `CLEARLEAF_GRACE_S` leaves after the time for the step; the other half is for Celery's own end."""
_SETTLED_S = 1.0
"""A message that has just been handed over is a step in hand within this time."""
_POLL_S = 0.1
_IN_HAND, _GIVE_BACK = 0, 1
_shared = mmap.mmap(-1, 2)  # anonymous: processes that are forked off see the same two bytes


class ToldToEnd(ClearleafError):
    """The worker ends, and its step is for another one."""


def begin() -> None:
    """Say that a step is in hand."""
    _shared[_IN_HAND] = 1


def end() -> None:
    """Say that none is."""
    _shared[_IN_HAND] = 0


def go_on() -> None:
    """Return while a step may go on.

    Raises:
        ToldToEnd: it is to be given back.
    """
    if _shared[_GIVE_BACK]:
        raise ToldToEnd("its worker was told to end")


class DrainingWorker(CeleryWorker):  # type: ignore[misc]  # Celery has no types
    """Celery's main process, which goes as soon as no step is in hand."""

    def wait_for_soft_shutdown(self) -> None:
        """Wait for the step in hand, have it given back when that takes too long, and wait for that."""
        patience_s = self.app.conf.worker_soft_shutdown_timeout
        log.warning("told to end: the step in hand, if there is one, has %.0f s", patience_s)
        if not _settles_within(patience_s):
            _shared[_GIVE_BACK] = 1
            _settles_within(GIVE_BACK_S)


def _settles_within(patience_s: float) -> bool:
    """Wait until no step has been in hand for a moment; returns whether that came in time."""
    now = time.monotonic()
    deadline, busy_at = now + patience_s, now
    while now < deadline:
        if _shared[_IN_HAND]:
            busy_at = now
        elif now - busy_at >= _SETTLED_S:
            return True
        time.sleep(_POLL_S)
        now = time.monotonic()
    return False
