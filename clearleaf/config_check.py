"""Would the processes of a service work with the settings of this environment? Asked before they are started."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import redis
from sqlalchemy import make_url

from clearleaf.config_check_names import check_names
from clearleaf.findings import Finding
from jobs.errors import Unavailable
from jobs.listening import check_bind
from jobs.load_settings import BadSettings, load_settings
from jobs.settings import JobsSettings
from jobs.storage import open_storage
from jobs.store import JobStore
from service.settings import ApiSettings
from worker.settings import WorkerSettings

Process = Literal["api", "worker", "reconciler"]
KINDS: dict[Process, type[JobsSettings]] = {"api": ApiSettings, "worker": WorkerSettings, "reconciler": JobsSettings}
BROKER_PATIENCE_S = 3.0
LEAST_SCRATCH_BYTES = 2 * 2**30
"""Results of one job; a large one needs more."""


def check_config(process: Process) -> Iterator[Finding]:
    """Yield what holds and what does not for one kind of process, as this machine sees it; nothing is left behind."""
    yield from check_names()
    try:
        settings = load_settings(KINDS[process])
    except BadSettings as error:
        for sentence in str(error).splitlines():
            yield Finding(False, "settings", sentence)
        return
    yield _job_book(settings)
    yield from _broker(settings.broker_url)
    yield _storage(settings)
    yield from _many_machines(settings, process)
    if isinstance(settings, ApiSettings):
        yield _credentials(settings)
    else:
        yield from _metrics(settings)
    if isinstance(settings, WorkerSettings):
        yield from _worker(settings)


def _job_book(settings: JobsSettings) -> Finding:
    what = "job book"
    try:
        url = make_url(settings.database)
        shown = url.render_as_string(hide_password=True)
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():  # asking would make it
            return Finding(False, what, f"there is no {shown}: run `clearleaf migrate`")
        if JobStore(settings.database, settings).at_head():
            return Finding(True, what, f"{shown}, newest schema")
        return Finding(False, what, f"{shown} has not the newest schema: run `clearleaf migrate`")
    except Unavailable as error:
        return Finding(False, what, f"{error}: check CLEARLEAF_DATABASE_URL")


def _broker(url: str) -> Iterator[Finding]:
    if not url.startswith(("redis://", "rediss://", "unix://")):
        yield Finding(True, "broker", "not tried: no Redis or Valkey of its own; see to its append-only file yourself")
        return
    try:
        with redis.Redis.from_url(
            url, socket_connect_timeout=BROKER_PATIENCE_S, socket_timeout=BROKER_PATIENCE_S
        ) as broker:
            # INFO, for many hosted services have no CONFIG
            persistence, memory = broker.info("persistence"), broker.info("memory")
    except (redis.RedisError, ValueError) as error:
        yield Finding(False, "broker", f"{error}: check CLEARLEAF_BROKER_URL")
        return
    yield Finding(True, "broker", "answers")
    kept = bool(persistence.get("aof_enabled"))
    yield Finding(kept, "broker: append-only", "on" if kept else "off, so a restart forgets all: set `appendonly yes`")
    policy = memory.get("maxmemory_policy", "noeviction")
    full = "refuses when full" if policy == "noeviction" else f"{policy} drops messages: set it to noeviction"
    yield Finding(policy == "noeviction", "broker: memory", full)


def _storage(settings: JobsSettings) -> Finding:
    place = settings.storage_url or str(settings.storage_root)
    try:
        open_storage(settings, hurried=True).check()
    except Unavailable as error:  # refused or away
        return Finding(False, "results", str(error))
    return Finding(True, "results", f"{place}, written, read and removed")


def _metrics(settings: JobsSettings) -> Iterator[Finding]:
    """Tell where a metrics port would be refused; the API shows its metrics at its own address."""
    if settings.metrics_port is None:
        return
    try:
        check_bind(settings.metrics_host, guarded=settings.guarded)
    except ValueError as error:
        yield Finding(False, "metrics", f"{error}: check CLEARLEAF_METRICS_HOST")


def _credentials(settings: ApiSettings) -> Finding:
    try:
        from clearleaf.config_check_access import check_credentials
    except ModuleNotFoundError as error:
        return Finding(False, "authentication", f"{error.name} is not installed: pip install 'clearleaf[service]'")
    return check_credentials(settings)


def _many_machines(settings: JobsSettings, process: Process) -> Iterator[Finding]:
    """Tell what processes on other machines would not share: an outside database is how they are told apart."""
    if settings.database.startswith("sqlite"):
        return
    if not settings.storage_url:
        yield Finding(False, "results", "lie in data_dir, where other machines see none: set CLEARLEAF_STORAGE_URL")
    if process == "api" and settings.signing_key is None:
        yield Finding(False, "signing key", "each API process makes one of its own: set CLEARLEAF_SIGNING_KEY")
    if process == "api" and settings.public_url == JobsSettings.model_fields["public_url"].default:
        yield Finding(False, "public URL", "links lead to this machine only: set CLEARLEAF_PUBLIC_URL")


def _worker(settings: WorkerSettings) -> Iterator[Finding]:
    yield _scratch(settings)
    try:
        from clearleaf.config_check_worker import check_worker
    except ModuleNotFoundError as error:
        yield Finding(False, "worker", f"{error.name} is not installed: pip install 'clearleaf[worker]'")
        return
    yield from check_worker(settings)


def _scratch(settings: WorkerSettings) -> Finding:
    folder, what = settings.scratch_dir, "scratch folder"
    try:
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        return Finding(False, what, f"{folder} cannot be written ({error.strerror}): set CLEARLEAF_SCRATCH_DIR")
    told = f"{folder}, {free / 2**30:.1f} GiB free"
    return Finding(free >= LEAST_SCRATCH_BYTES, what, told if free >= LEAST_SCRATCH_BYTES else f"{told}: too little")
