"""The Celery application of the worker: `celery -A worker.app worker -Q cpu,gpu -c 1`."""

from __future__ import annotations

import atexit
import logging
import os
import signal
import sys
import tempfile
import time
from typing import Any, NoReturn
from wsgiref.simple_server import WSGIServer

from celery import signals

from jobs import logs, tracing
from jobs.alive import touch
from jobs.errors import StorageRefused
from jobs.load_settings import BadSettings, load_settings
from jobs.queue import TASK_OF, JobQueue, make_celery
from jobs.storage import open_checked_storage
from jobs.store import JobStore
from worker import draining, scratch
from worker.alive import give_signs
from worker.exposition import serve_pool
from worker.runtime import build_parts
from worker.settings import WorkerSettings
from worker.streak import SickWorker
from worker.tasks import BODIES, Worker, run_step

EXIT_USAGE = 2
_LONGEST_START_S = 120.0
"""Celery kills a pool process that is not up by then; the first touch of a GPU takes a while."""
_LAST_LOOK_S = 60.0
"""Two scrapes at their usual pace: what a sick worker has counted is seen before it ends. Where nothing else slows
down its next start, this does."""
log = logging.getLogger(__name__)


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
app.Worker = app.subclass_with_self(draining.DrainingWorker, name="Worker")
give_signs(app, settings)
_process: list[Worker] = []
"""The worker of this process, made after the fork: CUDA and database connections do not survive one."""
_main: list[int] = []
"""Id of the process that keeps the pool."""
_metrics: list[WSGIServer] = []
"""What shows the metrics, in that process."""


def _log(**_: Any) -> None:  # noqa: ANN401 - Celery's signal
    logs.set_up(settings.log_format)


def _check(**_: Any) -> None:  # noqa: ANN401 - Celery's signal
    """End this worker before it takes messages, where it could not work on any.

    Celery logs what a receiver raises and goes on, but for SystemExit; every message would be taken and dropped.
    """
    _main[:] = [os.getpid()]
    atexit.register(_leave)  # Celery gives its signal of an end only where it may take its time
    touch(settings.alive_file)
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
    _serve_metrics()


def _serve_metrics() -> None:
    where = f"{settings.metrics_host}:{settings.metrics_port}"
    try:
        server = serve_pool(settings)
    except KeyError:
        _end("metrics need a folder: start this worker by `clearleaf worker`, or unset CLEARLEAF_METRICS_PORT")
    except ValueError as error:
        _end(f"CLEARLEAF_METRICS_HOST: {error}")
    except OSError as error:
        _end(f"metrics cannot be served at {where} ({error.strerror}): set CLEARLEAF_METRICS_HOST and _PORT")
    if server is not None:
        _metrics[:] = [server]


def _build(**_: Any) -> None:  # noqa: ANN401 - Celery's signal
    """Make the worker of this process; where that fails the whole worker ends, for the next process would fail too."""
    draining.end()  # the process before this one may have died with a step in hand
    for server in _metrics:
        server.socket.close()  # a copy: a pool process that outlives the main one must not keep the port
    tracing.set_up("worker")
    try:
        made = Worker(JobStore(settings.database, settings), JobQueue(app), build_parts(settings), settings)
    except Exception:
        log.critical("this worker cannot work and ends", exc_info=True)
        _end_all()
    _process[:] = [made]


def _end_all() -> NoReturn:
    """End the whole worker from the process that computes, so that whoever has started it sees a failure."""
    if _main and _main[0] != os.getpid():
        os.kill(_main[0], signal.SIGKILL)  # a gentle end would wait for us, and look like success
    os._exit(1)


def _say_the_rest(**_: Any) -> None:  # noqa: ANN401 - Celery's signal
    tracing.flush()


def _leave() -> None:
    if _main == [os.getpid()]:  # not in a process that was forked off: others go on
        scratch.remove_own(settings.scratch_dir)


def _register(kind: str, name: str) -> None:
    def task(step_id: str, version: int) -> None:
        try:
            run_step(_process[0], step_id, version, BODIES[kind])
        except SickWorker as error:
            log.critical("this worker takes no more steps and ends: %s", error)
            time.sleep(_LAST_LOOK_S)
            _end_all()

    app.task(task, name=name)


signals.setup_logging.connect(_log)
signals.worker_init.connect(_check)
signals.worker_process_init.connect(_build)
signals.worker_process_shutdown.connect(_say_the_rest)
for _kind, _name in TASK_OF.items():
    _register(_kind, _name)
