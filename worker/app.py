"""The Celery application of the worker: `celery -A worker.app worker -Q cpu,gpu -c 1`."""

from __future__ import annotations

import logging
import os
import signal
import sys
import tempfile
from typing import Any, NoReturn

from celery import signals

from jobs.errors import StorageRefused
from jobs.queue import TASK_OF, JobQueue, make_celery
from jobs.storage import open_checked_storage
from jobs.store import JobStore
from worker.runtime import build_parts
from worker.settings import BadSettings, WorkerSettings, load_settings
from worker.tasks import BODIES, Worker, run_step

EXIT_USAGE = 2
_LONGEST_START_S = 120.0
"""Celery kills a pool process that is not up by then; the first touch of a GPU takes a while."""


def _end(why: str) -> NoReturn:
    print(f"error: {why}", file=sys.stderr, flush=True)  # the logging of Celery may not be set up yet
    sys.exit(EXIT_USAGE)


def _settings() -> WorkerSettings:
    """Return the settings; without them there is no worker, and a traceback would show their values."""
    try:
        return load_settings(WorkerSettings)
    except BadSettings as error:
        _end(str(error))


settings = _settings()
app = make_celery(settings)
app.conf.worker_proc_alive_timeout = _LONGEST_START_S
_process: list[Worker] = []
"""The worker of this process, made after the fork: CUDA and database connections do not survive one."""
_main: list[int] = []
"""Id of the process that keeps the pool."""


def _log(**_: Any) -> None:  # noqa: ANN401 - Celery's signal
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")


def _check(**_: Any) -> None:  # noqa: ANN401 - Celery's signal
    """End this worker before it takes messages, where it could not work on any.

    Celery logs what a receiver raises and goes on, but for SystemExit; every message would be taken and dropped.
    """
    _main[:] = [os.getpid()]
    try:
        settings.scratch_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.scratch_dir):
            pass
    except OSError as error:
        _end(f"the scratch folder {settings.scratch_dir} cannot be written ({error}): set CLEARLEAF_SCRATCH_DIR")
    try:
        open_checked_storage(settings)
    except StorageRefused as error:
        _end(str(error))


def _build(**_: Any) -> None:  # noqa: ANN401 - Celery's signal
    """Make the worker of this process; where that fails the whole worker ends, for the next process would fail too."""
    try:
        made = Worker(JobStore(settings.database, settings), JobQueue(app), build_parts(settings), settings)
    except Exception:
        logging.getLogger(__name__).critical("this worker cannot work and ends", exc_info=True)
        if _main and _main[0] != os.getpid():
            os.kill(_main[0], signal.SIGKILL)  # a gentle end would wait for us, and look like success
        os._exit(1)
    _process[:] = [made]


def _register(kind: str, name: str) -> None:
    def task(step_id: str, version: int) -> None:
        run_step(_process[0], step_id, version, BODIES[kind])

    app.task(task, name=name)


signals.setup_logging.connect(_log)
signals.worker_init.connect(_check)
signals.worker_process_init.connect(_build)
for _kind, _name in TASK_OF.items():
    _register(_kind, _name)
