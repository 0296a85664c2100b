"""The small process that holds the job book and the world together: takes back, sends again, sweeps."""

from __future__ import annotations

import logging
from threading import Event

from jobs.errors import ClearleafError
from jobs.job import Job, Successful
from jobs.keys import job_prefix, steps_prefix
from jobs.queue import JobQueue
from jobs.settings import JobsSettings
from jobs.storage import Storage
from jobs.store import JobStore
from jobs.waking import wake_due

log = logging.getLogger(__name__)


def run(store: JobStore, queue: JobQueue, storage: Storage, settings: JobsSettings, stop: Event) -> None:
    """Reconcile every few seconds until told to stop; nothing that goes wrong in one round ends it."""
    while not stop.wait(settings.reconcile_s):
        try:
            reconcile_once(store, queue, storage, settings)
        except ClearleafError as error:
            log.warning("this round was cut short: %s", error)
        except Exception:
            log.exception("this round failed")


def reconcile_once(store: JobStore, queue: JobQueue, storage: Storage, settings: JobsSettings) -> None:
    """Take back expired leases, send what was not heard, end what was kept long enough, and sweep behind ended jobs."""
    taken = store.take_back_expired()
    if taken:
        log.warning("%d steps taken back from silent workers", taken)
    wake_due(store, queue, settings.wake_window)
    if settings.retention_days is not None:
        store.expire(settings.retention_days)
    for job in store.to_sweep():
        sweep(job, storage)
        store.mark_swept(job.id)


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
