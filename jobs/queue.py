"""Task and queue names, and the wake-ups that carry nothing but a step's id."""

from __future__ import annotations

import logging
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError

from jobs.errors import Unavailable
from jobs.job import QueuedStep, StepKind
from jobs.settings import JobsSettings

log = logging.getLogger(__name__)

TASK_OF: dict[StepKind, str] = {kind: f"clearleaf.{kind}" for kind in ("plan", "prepare", "tile", "finish")}
QUEUE_OF: dict[StepKind, str] = {"plan": "cpu", "finish": "cpu", "prepare": "gpu", "tile": "gpu"}
"""One queue per class of work: *prepare* trains and *tile* infers, so both want the GPU."""
MESSAGE_VERSION = 1
BROKER_PATIENCE_S = 0.5
"""A customer's POST must not wait for a broker that is away."""


def make_celery(settings: JobsSettings) -> Celery:
    """Return the Celery application that senders and workers share.

    Nothing accepted may be lost with a message: the job book keeps the truth, messages may be lost, doubled or late.
    """
    app = Celery("clearleaf", broker=settings.broker_url)
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        result_backend=None,
        task_ignore_result=True,  # a result backend on the broker would lose tasks when the broker is killed
        task_acks_late=True,
        task_reject_on_worker_lost=False,  # a task that kills its worker must not circle: the lease brings it back
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_max_tasks_per_child=50,
        worker_soft_shutdown_timeout=max(5.0, settings.grace_s - 30.0),
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        task_routes={TASK_OF[kind]: {"queue": queue} for kind, queue in QUEUE_OF.items()},
        task_default_queue="cpu",
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options=_transport(settings),
    )
    return app


def _transport(settings: JobsSettings) -> dict[str, Any]:
    return {
        "visibility_timeout": settings.visibility_timeout_s,
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
        "socket_keepalive": True,
        "health_check_interval": 10,
    }


class JobQueue:
    """Sends wake-ups; best effort, for the reconciler sends again what was not heard."""

    def __init__(self, celery: Celery) -> None:
        self._celery = celery
        self._options = dict(celery.conf.broker_transport_options) | {
            "socket_timeout": BROKER_PATIENCE_S,
            "socket_connect_timeout": BROKER_PATIENCE_S,
            "max_retries": 0,  # kombu would otherwise go on for six seconds, whatever `retry` says below
        }

    def run_dry(self) -> frozenset[StepKind]:
        """Return the kinds of steps whose queue holds no message at the moment.

        Raises:
            Unavailable: the broker is away.
        """
        with self._celery.connection_for_write(transport_options=self._options) as connection:
            try:
                channel = connection.default_channel
                dry = {name for name in set(QUEUE_OF.values()) if channel.queue_declare(name).message_count == 0}
            except (OperationalError, *connection.connection_errors, *connection.channel_errors) as error:
                raise Unavailable(f"broker is away: {error}", told="the broker is away") from error
        return frozenset(kind for kind, name in QUEUE_OF.items() if name in dry)

    def wake(self, step: QueuedStep) -> bool:
        """Tell a worker that a step waits; returns whether the broker took the message."""
        try:
            with self._celery.connection_for_write(transport_options=self._options) as connection:
                self._celery.send_task(
                    TASK_OF[step.kind],
                    kwargs={"step_id": str(step.id), "version": MESSAGE_VERSION},
                    queue=QUEUE_OF[step.kind],
                    connection=connection,
                    retry=False,
                )
        except (OperationalError, OSError) as error:
            log.warning("broker is away, %s waits for the reconciler: %s", step.kind, error)
            return False
        return True
