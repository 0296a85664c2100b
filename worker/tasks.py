"""The four Celery tasks; what they share is the guard that claims a step and ends it exactly once."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from jobs.errors import InvalidJob, JobConflict, StorageRefused, Unavailable
from jobs.job import ClaimedStep, Job
from jobs.keys import step_prefix
from jobs.logs import about
from jobs.published import read_published
from jobs.queue import MESSAGE_VERSION, JobQueue
from jobs.store import JobStore
from jobs.waking import wake_due
from models.progress import Progress
from worker import draining, steps
from worker.heartbeat import Heartbeat
from worker.observed import OUR_OWN, measured, outcome_of, traced
from worker.runtime import Parts
from worker.settings import WorkerSettings
from worker.streak import Streak

log = logging.getLogger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 300.0
"""Pauses for the weather double from one to the other; a server's own Retry-After goes first."""

COMMIT_PAUSES_S = (1.0, 2.0, 4.0, 8.0)
"""A job book that restarts is back by then; the work of a step is too dear to be thrown away for less."""


@dataclass(frozen=True)
class Worker:
    """What one worker process is given, once."""

    store: JobStore
    queue: JobQueue
    parts: Parts
    settings: WorkerSettings
    streak: Streak = field(default_factory=Streak)


Body = Callable[[Worker, ClaimedStep, Job, str, Progress], Callable[[], None]]
"""Does the work of a step under a prefix and returns the commit that makes it count."""


def run_step(worker: Worker, step_id: str, version: int, body: Body) -> None:
    """Carry out a step, if it is there to be had; a message that comes late or twice is dropped.

    Args:
        worker: of this process.
        step_id: from the message.
        version: of the message.
        body: what is to be done.

    Raises:
        SickWorker: this process fails whatever it is given.
    """
    if version != MESSAGE_VERSION:
        log.error("dropped a message of version %s: this worker knows %s", version, MESSAGE_VERSION)
        return
    draining.begin()
    try:
        step = worker.store.claim(UUID(step_id), f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}")
        if step is None:
            return
        with about(job=step.job_id, tenant=step.tenant, step=step.kind, attempt=step.attempt):
            _carry_out(worker, step, body)
        worker.streak.check()
        wake_due(worker.store, worker.queue, worker.settings.wake_window)
    finally:
        draining.end()


def _carry_out(worker: Worker, step: ClaimedStep, body: Body) -> None:
    """Do a claimed step and commit it, or give it back."""
    commit = None
    try:
        with (
            traced(step),
            measured(step, worker.parts.device),
            Heartbeat(worker.store, step, worker.settings.heartbeat_s) as heartbeat,
        ):
            job = worker.store.job_of(step)
            commit = body(worker, step, job, step_prefix(step), heartbeat.progress)
            _until_heard(commit)
        worker.streak.broken(step.kind)
    except Exception as error:
        given_back = _give_up(worker, step, error)
        # What is missing to a step that is no longer ours was removed with its job.
        if given_back and outcome_of(error) == OUR_OWN:
            worker.streak.goes_on(step.kind, step.job_id)
        # A commit of which no answer came back may have made these objects the job's results.
        if given_back or commit is None:
            _remove(worker, step)


def _remove(worker: Worker, step: ClaimedStep) -> None:
    """Remove what an attempt has stored; what a storage that is away keeps is swept once its job is quiet."""
    try:
        worker.parts.storage.delete_prefix(step_prefix(step))
    except Unavailable as error:
        log.warning("objects of %s of job %s stay for now: %s", step.kind, step.job_id, error)


def _until_heard(commit: Callable[[], None]) -> None:
    """Say a commit until the job book answers: said twice, it holds once.

    Raises:
        JobConflict: the step is somebody else's, or its job has ended.
        Unavailable: the book does not answer.
    """
    for pause_s in COMMIT_PAUSES_S:
        try:
            return commit()
        except Unavailable as error:
            log.warning("a commit was not answered, again in %.0f s: %s", pause_s, error)
            time.sleep(pause_s)
    return commit()


def _give_up(worker: Worker, step: ClaimedStep, error: Exception) -> bool:
    """Tell the job book why a step has not ended; returns whether it now knows that this attempt made nothing.

    The book hears what customers may read; where our parts are, and how to mend them, stays in our own log.

    Raises:
        Unavailable: the book cannot be told; the step is taken back when its lease ends.
    """
    name = f"{step.kind} of job {step.job_id}, attempt {step.attempt}"
    if isinstance(error, JobConflict):
        log.info("%s stopped: %s", name, error)
        return True
    if isinstance(error, InvalidJob):
        log.warning("%s is refused: %s", name, error)
        return worker.store.fail(step, error.told)
    if isinstance(error, draining.ToldToEnd):
        log.info("%s is given back: %s", name, error)
        return worker.store.postpone(step, 0, error.told, counts=False)
    if isinstance(error, Unavailable):
        wait = error.retry_after or min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(step.attempt - 1, 10))
        log.warning("%s waits %.0f s: %s", name, wait, error)
        return worker.store.postpone(step, wait, error.told, counts=not isinstance(error, StorageRefused))
    log.error("%s failed", name, exc_info=error)
    return worker.store.release(step, f"internal error ({type(error).__name__}), job id {step.job_id}")


def plan(worker: Worker, step: ClaimedStep, job: Job, prefix: str, progress: Progress) -> Callable[[], None]:
    """Fix grid, tiles and scenes."""
    progress(0.0, "searching scenes")
    key, tile_ids = steps.plan_step(job.id, worker.store.request_of(job.id), worker.parts, prefix, progress)
    found = steps.load_plan(key, worker.parts)
    summary = f"{len(found.s1_scenes)} radar and {len(found.s2_scenes)} optical scenes, {len(tile_ids)} tiles"
    for line in (summary, *found.notes()):
        worker.store.log(job.id, "info", line)
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
    published = read_published(worker.parts.storage, key)
    return lambda: worker.store.succeed(step, key, published)


BODIES: dict[str, Body] = {"plan": plan, "prepare": prepare, "tile": tile, "finish": finish}
