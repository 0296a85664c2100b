"""The bell after an order: tells the broker that steps wait, without making any customer wait for the broker."""

from __future__ import annotations

import logging
import threading

from jobs.queue import JobQueue
from jobs.store import JobStore
from jobs.waking import wake_due

log = logging.getLogger(__name__)


class Waker:
    """Sends wake-ups for queued steps from one thread of its own.

    However often the bell rings while the broker is slow, one round follows: a burst of orders cannot pile up threads.
    What is missed here is sent by the reconciler, for the job book is the truth and a message only a wake-up.
    """

    def __init__(self, jobs: JobStore, queue: JobQueue, window: int) -> None:
        self._jobs = jobs
        self._queue = queue
        self._window = window
        self._rung = threading.Event()
        self._closed = threading.Event()
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None

    def ring(self) -> None:
        """Ask for a round of wake-ups; returns at once."""
        with self._start:
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._serve, name="clearleaf-waker", daemon=True)
                self._thread.start()
        self._rung.set()

    def close(self, timeout_s: float = 5.0) -> None:
        """Stop after the round that is under way."""
        self._closed.set()
        self._rung.set()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _serve(self) -> None:
        while True:
            self._rung.wait()
            self._rung.clear()
            if self._closed.is_set():
                return
            self._wake_all()

    def _wake_all(self) -> None:
        try:
            wake_due(self._jobs, self._queue, self._window)
        except Exception:  # the orders are safe in the book; this thread must outlive a database that is away
            log.warning("no wake-up could be sent; the reconciler will", exc_info=True)
