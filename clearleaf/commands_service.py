"""Commands that serve: everything at once, or one process each."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Annotated

import typer

from clearleaf.consoles import plain_console
from clearleaf.orders import BadOption
from jobs.profiles import BUILT_IN, CatalogProfile, profile_of
from worker.settings import load_settings

Host = Annotated[str, typer.Option("--host", help="Address to listen on; loopback only.")]
Port = Annotated[int, typer.Option("--port", help="Port to listen on.")]
out_console = plain_console()

LAST_ANSWERS_S = 5
"""For how long the API goes on with what it is answering once it is told to end."""
CELERY = (
    *("celery", "-A", "worker.app", "worker", "--pool", "prefork", "-Q", "cpu,gpu", "-c", "1", "-l", "INFO"),
    *("--without-gossip", "--without-mingle"),  # workers meet in the job book, not through the broker
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(rich_help_panel="Serve")(up)
    for command in (api, worker, reconcile, migrate):
        app.command(rich_help_panel="Single processes, configured by CLEARLEAF_*")(command)


def up(
    catalog: Annotated[
        list[str] | None,
        typer.Option(
            "--catalog",
            help="NAME=PATH_OR_URL of a static STAC catalogue or a STAC API, or a built-in name "
            "(see `clearleaf catalog list`); repeatable.",
        ),
    ] = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    data: Annotated[Path, typer.Option("--data", help="Folder of job book, results and logs.")] = Path(
        "clearleaf-data"
    ),
) -> None:
    """Run broker, API, worker and reconciler on this machine until Ctrl-C.

    Example: clearleaf up --catalog mine=scenes/catalog.json
    """
    from clearleaf.embedded import Embedded

    service = Embedded(data, [_profile(text) for text in catalog or []], _bindable(host), port)
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell starts what it puts into the background deaf to SIGINT
        signal.signal(number, signal.default_int_handler)
    try:
        with service.running(out_console.print):
            out_console.print(f"ready at {service.url} (API description: {service.url}/openapi.json); Ctrl-C stops it")
            while True:
                time.sleep(1)
                service.watch()
    except KeyboardInterrupt:
        out_console.print("stopped")


def api(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Run the API."""
    import uvicorn

    from jobs.queue import JobQueue, make_celery
    from jobs.signing import Signer
    from jobs.storage import open_checked_storage
    from jobs.store import JobStore
    from service.app import create_app
    from service.settings import ApiSettings

    host = _bindable(host)
    _log_to_stderr()
    settings = load_settings(ApiSettings)
    store = JobStore(settings.database, settings)
    queue = JobQueue(make_celery(settings))
    signer = Signer(settings.signing_secret())
    app = create_app(store, queue, open_checked_storage(settings, hurried=True), signer, settings)
    uvicorn.run(
        app,
        host=host,
        port=port,
        access_log=False,  # it would print signatures
        log_config=None,
        timeout_graceful_shutdown=LAST_ANSWERS_S,
    )


def worker() -> None:
    """Run a worker: one process that computes, for both queues."""
    os.environ.setdefault("REMAP_SIGTERM", "SIGQUIT")  # Celery's soft shutdown: the message goes back to the queue
    os.execv(sys.executable, [sys.executable, "-m", *CELERY])  # noqa: S606 - Celery reads the variable as it starts


def reconcile() -> None:
    """Run the reconciler."""
    from jobs import reconciler
    from jobs.queue import JobQueue, make_celery
    from jobs.settings import JobsSettings
    from jobs.storage import open_checked_storage
    from jobs.store import JobStore

    _log_to_stderr()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = load_settings(JobsSettings)
    store = JobStore(settings.database, settings)
    reconciler.run(store, JobQueue(make_celery(settings)), open_checked_storage(settings), settings, stop)


def migrate() -> None:
    """Bring the job book's schema to the newest version."""
    from jobs.settings import JobsSettings
    from jobs.store import JobStore

    settings = load_settings(JobsSettings)
    JobStore(settings.database, settings).migrate()
    out_console.print("the job book is at its newest version")


def _bindable(host: str) -> str:
    """Return a host that is safe to listen on, an IPv6 address without brackets."""
    from service.settings import check_bind

    try:
        return check_bind(host).strip("[]")
    except ValueError as error:
        raise BadOption(str(error)) from error


def _profile(text: str) -> CatalogProfile:
    name, _, place = text.partition("=")
    if not place and name not in BUILT_IN:
        raise BadOption(f"--catalog {text!r} names no place: give NAME=PATH_OR_URL, or one of {', '.join(BUILT_IN)}")
    try:
        return profile_of(name, place or name)
    except ValueError as error:
        raise BadOption(f"--catalog {name}: {error}") from error


def _log_to_stderr() -> None:
    form = "%(asctime)s %(levelname)s %(name)s %(message)s"
    logging.basicConfig(level=logging.INFO, format=form, stream=sys.stderr, force=True)
