"""The Celery application of the worker: `celery -A worker.app worker -Q cpu,gpu -c 1`."""

from __future__ import annotations

import logging
from typing import Any

from celery import signals

from jobs.queue import TASK_OF, JobQueue, make_celery
from jobs.store import JobStore
from worker.runtime import build_parts
from worker.settings import WorkerSettings
from worker.tasks import BODIES, Worker, run_step

settings = WorkerSettings()
app = make_celery(settings)
_process: list[Worker] = []
"""The worker of this process, made after the fork: CUDA and database connections do not survive one."""


def _log(**_: Any) -> None:  # noqa: ANN401 - Celery's signal
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")


def _build(**_: Any) -> None:  # noqa: ANN401 - Celery's signal
    worker = Worker(JobStore(settings.database, settings), JobQueue(app), build_parts(settings), settings)
    _process[:] = [worker]


def _register(kind: str, name: str) -> None:
    def task(step_id: str, version: int) -> None:
        run_step(_process[0], step_id, version, BODIES[kind])

    app.task(task, name=name)


signals.setup_logging.connect(_log)
signals.worker_process_init.connect(_build)
for _kind, _name in TASK_OF.items():
    _register(_kind, _name)
