"""Signs of life of Celery's main process: given by its own loop, so that a loop that is stuck shows."""

from __future__ import annotations

from typing import Any

from celery import Celery, bootsteps
from celery.worker.consumer import Consumer

from jobs.alive import touch, touching
from jobs.settings import JobsSettings


def give_signs(app: Celery, settings: JobsSettings) -> None:
    """Let the workers of an application touch the alive file."""

    class Alive(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
        """Touches the file by the timer of the loop that also takes messages."""

        requires = ("celery.worker.components:Timer",)

        def start(self, worker: Any) -> None:  # noqa: ANN401 - Celery's
            """Begin."""
            touch(settings.alive_file)
            worker.timer.call_repeatedly(settings.heartbeat_s, touch, (settings.alive_file,))

    class PatientConsumer(Consumer):  # type: ignore[misc]  # Celery has no types
        """Waits for a broker that is away without looking dead: the loop stands still meanwhile, a step may go on."""

        def ensure_connected(self, connection: Any) -> Any:  # noqa: ANN401 - kombu's
            """Return the connection once the broker answers."""
            with touching(settings.alive_file, settings.heartbeat_s):
                return super().ensure_connected(connection)

    if settings.alive_file is not None:
        app.steps["worker"].add(Alive)
        app.conf.worker_consumer = PatientConsumer
