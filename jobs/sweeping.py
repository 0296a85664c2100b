"""Removing what ended jobs left in storage besides their results."""

from __future__ import annotations

import logging
from threading import Event

from prometheus_client import Gauge

from jobs.errors import ClearleafError
from jobs.job import Job, Successful
from jobs.keys import job_prefix, steps_prefix
from jobs.storage import Storage
from jobs.store import JobStore

log = logging.getLogger(__name__)

LAST_SUCCESS = Gauge(
    "clearleaf_sweeping_last_success_timestamp_seconds", "When this reconciler last swept behind all that had ended."
)


def run(store: JobStore, storage: Storage, every_s: float, stop: Event) -> None:
    """Sweep every few seconds until told to stop; what goes wrong once is tried again in the next round."""
    while not stop.wait(every_s):
        try:
            sweep_ended(store, storage)
        except ClearleafError as error:
            log.warning("sweeping was cut short: %s", error)
        except Exception:
            log.exception("sweeping failed")
        else:
            LAST_SUCCESS.set_to_current_time()


def sweep_ended(store: JobStore, storage: Storage) -> None:
    """Sweep behind jobs that have ended since the last time, and behind those that have become quiet since."""
    for found in store.to_sweep():
        sweep(found.job, storage)
        store.mark_swept(found)


def sweep(job: Job, storage: Storage) -> None:
    """Remove what an ended job left in storage besides its results."""
    if not isinstance(job.state, Successful):
        storage.delete_prefix(job_prefix(job.id))
        return
    storage.delete_prefix(steps_prefix(job.id))
    winner = job.state.manifest_href.rsplit("/", 1)[0] + "/"
    results = f"{job_prefix(job.id)}results/"
    losers = {"/".join(key.split("/")[:4]) + "/" for key in storage.list(results) if not key.startswith(winner)}
    for prefix in losers:
        storage.delete_prefix(prefix)
