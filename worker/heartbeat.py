"""A worker's sign of life while it works on a step, and the way in which *stop* reaches it."""

from __future__ import annotations

import logging
import threading
from types import TracebackType
from typing import Self

from jobs.errors import JobConflict, Unavailable
from jobs.job import ClaimedStep
from jobs.store import JobStore
from worker import draining

log = logging.getLogger(__name__)


class Heartbeat:
    """Extends a step's lease from a thread of its own; the work asks it, through `progress`, whether to go on.

    Args:
        store: the job book.
        step: as claimed.
        every_s: pause between beats.
    """

    def __init__(self, store: JobStore, step: ClaimedStep, every_s: float) -> None:
        self._store, self._step, self._every_s = store, step, every_s
        self._fraction, self._message = 0.0, ""
        self._stop = threading.Event()
        self._lost: JobConflict | None = None
        self._thread = threading.Thread(target=self._beat, name="clearleaf-heartbeat", daemon=True)

    def __enter__(self) -> Self:
        """Begin to beat."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop to beat."""
        self._stop.set()
        self._thread.join(timeout=5)

    def progress(self, share: float, message: str) -> None:
        """Note how far the work is; told to the job book at the next beat.

        Raises:
            JobDismissed: the customer gave the job up.
            JobConflict: somebody else has the step by now.
            ToldToEnd: the worker ends.
        """
        self._fraction, self._message = share, message
        if self._lost is not None:
            raise self._lost
        draining.go_on()

    def _beat(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                self._store.heartbeat(self._step, fraction=self._fraction, message=self._message)
            except JobConflict as error:
                self._lost = error
                return
            except Unavailable as error:  # the lease goes on for a while; the book may be back by the next beat
                log.warning("no heartbeat: %s", error)
