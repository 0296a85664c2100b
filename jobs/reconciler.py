"""The small process that holds the job book and the world together: takes back, sends again, sweeps."""

from __future__ import annotations

import logging
from threading import Event, Thread

from prometheus_client import Counter, Gauge

from jobs import sweeping
from jobs.alive import touch
from jobs.errors import ClearleafError
from jobs.queue import JobQueue
from jobs.reach import Reach
from jobs.settings import JobsSettings
from jobs.storage import Storage
from jobs.store import JobStore
from jobs.waking import wake_due

log = logging.getLogger(__name__)

LAST_SUCCESS = Gauge(
    "clearleaf_reconciler_last_success_timestamp_seconds", "When a round of this reconciler last went well."
)
TAKEN_BACK = Counter("clearleaf_steps_taken_back", "Steps that were taken back from silent workers.")


def run(store: JobStore, queue: JobQueue, storage: Storage, settings: JobsSettings, stop: Event) -> None:
    """Reconcile every few seconds until told to stop; nothing that goes wrong in one round ends it.

    Sweeping has a thread of its own: a bucket may be silent for minutes, and silent workers cannot wait for it.
    """
    Thread(
        target=sweeping.run,
        args=(store, storage, settings.reconcile_s, stop),
        name="clearleaf-sweeping",
        daemon=True,  # what is half removed is removed the next time
    ).start()
    reach = Reach(settings)
    sweeping.LAST_SUCCESS.set_to_current_time()  # nothing is behind that was never tried
    touch(settings.alive_file)
    while not stop.wait(settings.reconcile_s):
        try:
            reconcile_once(store, queue, settings, reach)
        except ClearleafError as error:
            log.warning("this round was cut short: %s", error)
        except Exception:
            log.exception("this round failed")
        else:
            LAST_SUCCESS.set_to_current_time()
        touch(settings.alive_file)  # a book that is away is not cured by another start


def reconcile_once(store: JobStore, queue: JobQueue, settings: JobsSettings, reach: Reach) -> None:
    """Take back expired leases, send what was not heard, and end and forget what was kept long enough."""
    taken = store.take_back_expired() if reach.lasts(store.clock()) else 0
    TAKEN_BACK.inc(taken)
    if taken:
        log.warning("%d steps taken back from silent workers", taken)
    wake_due(store, queue, settings.wake_window)
    if settings.retention_days is not None:
        store.expire(settings.retention_days)
    if settings.forget_days is not None:
        store.forget(settings.forget_days)
    reach.lasts(store.clock())  # a long round is no break
