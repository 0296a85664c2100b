"""The four Celery tasks; what they share is the guard that claims a step and ends it exactly once."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

from jobs.errors import InvalidJob, JobConflict, Unavailable
from jobs.job import ClaimedStep, Job
from jobs.keys import step_prefix
from jobs.queue import MESSAGE_VERSION, JobQueue
from jobs.store import JobStore
from worker import steps
from worker.heartbeat import Heartbeat
from worker.runtime import Parts, Progress
from worker.settings import WorkerSettings

log = logging.getLogger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 300.0
"""Pauses for the weather double from one to the other; a server's own Retry-After goes first."""


@dataclass(frozen=True)
class Worker:
    """What one worker process is given, once."""

    store: JobStore
    queue: JobQueue
    parts: Parts
    settings: WorkerSettings


Body = Callable[[Worker, ClaimedStep, Job, str, Progress], Callable[[], None]]
"""Does the work of a step under a prefix and returns the commit that makes it count."""


def run_step(worker: Worker, step_id: str, version: int, body: Body) -> None:
    """Carry out a step, if it is there to be had; a message that comes late or twice is dropped.

    Args:
        worker: of this process.
        step_id: from the message.
        version: of the message.
        body: what is to be done.
    """
    if version != MESSAGE_VERSION:
        log.error("dropped a message of version %s: this worker knows %s", version, MESSAGE_VERSION)
        return
    step = worker.store.claim(UUID(step_id), f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}")
    if step is None:
        return
    try:
        with Heartbeat(worker.store, step, worker.settings.heartbeat_s) as heartbeat:
            job = worker.store.job_of(step)
            commit = body(worker, step, job, step_prefix(step), heartbeat.progress)
        commit()
    except Exception as error:
        _give_up(worker, step, error)
    wake(worker)


def wake(worker: Worker) -> None:
    """Tell the broker of steps that are due by now; what it does not hear the reconciler sends again."""
    for step in worker.store.steps_to_wake(worker.settings.wake_window):
        if not worker.queue.wake(step):
            return


def _give_up(worker: Worker, step: ClaimedStep, error: Exception) -> None:
    """Tell the job book why a step has not ended, and remove what this attempt left."""
    name = f"{step.kind} of job {step.job_id}, attempt {step.attempt}"
    worker.parts.storage.delete_prefix(step_prefix(step))
    if isinstance(error, JobConflict):
        log.info("%s stopped: %s", name, error)
    elif isinstance(error, InvalidJob):
        worker.store.fail(step, str(error))
    elif isinstance(error, Unavailable):
        wait = error.retry_after or min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(step.attempt - 1, 10))
        log.warning("%s waits %.0f s: %s", name, wait, error)
        worker.store.postpone(step, wait, str(error))
    else:
        log.error("%s failed", name, exc_info=error)
        worker.store.release(step, f"internal error ({type(error).__name__}), job id {step.job_id}")


def plan(worker: Worker, step: ClaimedStep, job: Job, prefix: str, progress: Progress) -> Callable[[], None]:
    """Fix grid, tiles and scenes."""
    progress(0.0, "searching scenes")
    key, tile_ids = steps.plan_step(job.id, job.request, worker.parts, prefix)
    found = steps.load_plan(key, worker.parts)
    summary = f"{len(found.s1_scenes)} radar and {len(found.s2_scenes)} optical scenes, {len(tile_ids)} tiles"
    worker.store.log(job.id, "info", summary)
    return lambda: worker.store.end_plan(step, key, tile_ids)


def prepare(worker: Worker, step: ClaimedStep, job: Job, prefix: str, progress: Progress) -> Callable[[], None]:
    """Fit the reconstruction to the AOI."""
    found = worker.store.outputs(job.id)
    key = steps.prepare_step(steps.load_plan(str(found.plan_href), worker.parts), worker.parts, prefix, progress)
    return lambda: worker.store.end_prepare(step, key)


def tile(worker: Worker, step: ClaimedStep, job: Job, prefix: str, progress: Progress) -> Callable[[], None]:
    """Reconstruct one tile."""
    found = worker.store.outputs(job.id)
    job_plan = steps.load_plan(str(found.plan_href), worker.parts)
    key = steps.tile_step(job_plan, str(step.tile_id), str(found.state_href), worker.parts, prefix, progress)
    return lambda: worker.store.end_tile(step, key)


def finish(worker: Worker, step: ClaimedStep, job: Job, prefix: str, progress: Progress) -> Callable[[], None]:
    """Publish the results."""
    found = worker.store.outputs(job.id)
    job_plan = steps.load_plan(str(found.plan_href), worker.parts)
    pieces = found.piece_hrefs.values()
    key = steps.finish_step(job_plan, str(found.state_href), pieces, worker.parts, prefix, progress)
    return lambda: worker.store.succeed(step, key)


BODIES: dict[str, Body] = {"plan": plan, "prepare": prepare, "tile": tile, "finish": finish}
