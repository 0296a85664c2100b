"""Commands that serve: everything at once, or one process each."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clearleaf.addresses import bindable
from clearleaf.consoles import plain_console
from clearleaf.orders import BadOption
from jobs.errors import Unavailable
from jobs.load_settings import load_settings
from jobs.profiles import BUILT_IN, CatalogProfile, profile_of

if TYPE_CHECKING:
    from jobs.store import JobStore

Host = Annotated[
    str, typer.Option("--host", help="Address to listen on; beyond loopback only where callers must show a key.")
]
Port = Annotated[int, typer.Option("--port", help="Port to listen on.")]
out_console = plain_console()

LAST_ANSWERS_S = 5
"""For how long the API goes on with what it is answering once it is told to end."""
SCHEMA_POLL_S = 2.0
CELERY = (
    *("celery", "--quiet", "-A", "worker.app", "worker", "--pool", "prefork", "-Q", "cpu,gpu", "-c", "1", "-l", "INFO"),
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

    service = Embedded(data, [_profile(text) for text in catalog or []], host, port)
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell starts what it puts into the background deaf to SIGINT
        signal.signal(number, signal.default_int_handler)
    try:
        with service.running(out_console.print):
            url = service.public_url
            out_console.print(f"ready at {url} (API description: {url}/openapi.json); Ctrl-C stops it")
            while True:
                time.sleep(1)
                service.watch()
    except KeyboardInterrupt:
        out_console.print("stopped")


def api(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Run the API."""
    import uvicorn

    from jobs import logs, tracing
    from jobs.queue import JobQueue, make_celery
    from jobs.signing import Signer
    from jobs.storage import open_checked_storage
    from jobs.store import JobStore
    from service.app import create_app
    from service.settings import ApiSettings

    settings = load_settings(ApiSettings)
    host = bindable(host, guarded=settings.guarded)
    logs.set_up(settings.log_format)
    tracing.set_up("api")
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
    from jobs import logs
    from worker import scratch
    from worker.exposition import make_folder
    from worker.settings import WorkerSettings

    os.environ.setdefault("REMAP_SIGTERM", "SIGQUIT")  # Celery's soft shutdown: the message goes back to the queue
    settings = load_settings(WorkerSettings)
    logs.set_up(settings.log_format)
    with suppress(OSError):  # the worker says itself what is wrong with its scratch folder
        own = scratch.make_own(settings.scratch_dir)
        os.environ["CLEARLEAF_SCRATCH_DIR"] = str(own)
        if settings.metrics_port is not None:
            make_folder(own)
    os.execv(sys.executable, [sys.executable, "-m", *CELERY])  # noqa: S606 - Celery reads variables as it starts


def reconcile() -> None:
    """Run the reconciler."""
    from prometheus_client import REGISTRY

    from jobs import logs, reconciler
    from jobs.exposition import permits_of, serve
    from jobs.queue import JobQueue, make_celery
    from jobs.settings import JobsSettings
    from jobs.storage import open_checked_storage
    from jobs.store import JobStore

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = load_settings(JobsSettings)
    logs.set_up(settings.log_format)
    store = JobStore(settings.database, settings)
    if settings.metrics_port is not None:
        try:
            serve(REGISTRY, settings.metrics_host, settings.metrics_port, permits_of(settings))
        except (OSError, ValueError) as error:
            raise BadOption(f"CLEARLEAF_METRICS_HOST and _PORT: {error}") from error
    storage = open_checked_storage(settings, hurried=True)  # rounds begin soon, whatever becomes of the bucket
    reconciler.run(store, JobQueue(make_celery(settings)), storage, settings, stop)


def migrate(
    wait_s: Annotated[
        float | None,
        typer.Option("--wait", help="Leave it to somebody else, and wait so many seconds until it is done."),
    ] = None,
) -> None:
    """Bring the job book's schema to the newest version."""
    from jobs.settings import JobsSettings
    from jobs.store import JobStore

    settings = load_settings(JobsSettings)
    store = JobStore(settings.database, settings)
    if wait_s is None:
        store.migrate()
    else:
        _wait_for_schema(store, wait_s)
    out_console.print("the job book is at its newest version")


def _wait_for_schema(store: JobStore, wait_s: float) -> None:
    """Return once the schema is the newest one; a database that is away is waited for as well.

    Raises:
        Unavailable: that was not in time.
    """
    deadline = time.monotonic() + wait_s
    while True:
        why = "its schema is not the newest: run `clearleaf migrate`"
        try:
            if store.at_head():
                return
        except Unavailable as error:
            why = str(error)
        if time.monotonic() >= deadline:
            raise Unavailable(f"waited {wait_s:g} s for the job book: {why}")
        time.sleep(min(SCHEMA_POLL_S, wait_s))


def _profile(text: str) -> CatalogProfile:
    name, _, place = text.partition("=")
    if not place and name not in BUILT_IN:
        raise BadOption(f"--catalog {text!r} names no place: give NAME=PATH_OR_URL, or one of {', '.join(BUILT_IN)}")
    try:
        return profile_of(name, place or name)
    except ValueError as error:
        raise BadOption(f"--catalog {name}: {error}") from error
