"""Everything on one machine: broker, API, worker and reconciler as children of one process."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from clearleaf.broker import broker_command
from clearleaf.processes import Child, free_port, is_free
from jobs.catalog import CatalogProfile
from jobs.settings import JobsSettings
from jobs.store import JobStore
from service.settings import check_bind

READY_WITHIN_S = 60.0
GRACE_S = 31
"""From SIGTERM to SIGKILL; a soft shutdown of the worker takes all but 30 s of it."""


class CannotStart(RuntimeError):
    """The embedded service cannot start; says why and what to do."""


class Embedded:
    """A clearleaf service of its own.

    Args:
        data: folder of the job book, the results, the broker's file and the logs.
        catalogs: configured catalogues; the first one is the default.
        host: to listen on; loopback only.
        port: of the API; 0 takes a free one.
        example: an order that the OpenAPI page shows.

    Raises:
        CannotStart: the folder cannot be made.
    """

    def __init__(
        self,
        data: Path,
        catalogs: list[CatalogProfile],
        host: str = "127.0.0.1",
        port: int = 0,
        example: dict[str, Any] | None = None,
    ) -> None:
        self.data = data.absolute()
        try:
            self.data.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotStart(f"--data {data} cannot be made ({error.strerror}): choose another folder") from error
        self._host, self._port = check_bind(host), port or free_port()
        self.url = f"http://{host}:{self._port}"
        self._broker_port, self._password = free_port(), secrets.token_hex(16)
        self._environment = self._settings(catalogs, example)
        self._children = self._made()

    @contextmanager
    def running(self, say: Callable[[str], None] = lambda text: None) -> Iterator[Embedded]:
        """Run the service while the block runs; nothing is left behind after it.

        Raises:
            CannotStart: the folder is in use, or a part does not start.
        """
        if not is_free(self._host, self._port):
            raise CannotStart(f"port {self._port} of {self._host} is in use: choose another one with --port")
        with _locked(self.data / "up.lock"):
            try:
                for child in self._children:
                    say(f"starting {child.name}")
                    child.start()
                    if child.name == "broker":
                        self._migrate()
                self._until_ready()
                yield self
            finally:
                for child in reversed(self._children):
                    child.stop()

    def watch(self) -> None:
        """Start again what has died; to be called every second or so.

        Raises:
            ChildFailed: a part dies again and again.
        """
        for child in self._children:
            child.keep_alive()

    def child(self, name: str) -> Child:
        """Return one of the parts: broker, api, reconciler or worker."""
        return next(child for child in self._children if child.name == name)

    def _settings(self, catalogs: list[CatalogProfile], example: dict[str, Any] | None) -> dict[str, str]:
        named = {profile.name: profile.model_dump() for profile in catalogs}
        found = {
            "CLEARLEAF_DATA_DIR": str(self.data),
            "CLEARLEAF_BROKER_URL": f"redis://:{self._password}@127.0.0.1:{self._broker_port}/0",
            "CLEARLEAF_CATALOGS": json.dumps(named),
            "CLEARLEAF_PUBLIC_URL": self.url,
            "CLEARLEAF_GRACE_S": str(GRACE_S),
            "REMAP_SIGTERM": "SIGQUIT",  # Celery's soft shutdown: the message goes back to the queue
        }
        if catalogs:
            found["CLEARLEAF_DEFAULT_CATALOG"] = catalogs[0].name
        if example is not None:
            found["CLEARLEAF_EXAMPLE_ORDER"] = json.dumps(example)
        return found

    def _made(self) -> list[Child]:
        own = [sys.executable, "-m", "clearleaf"]
        celery = [sys.executable, "-m", "celery", "-A", "worker.app", "worker", "--pool", "prefork"]
        commands = {
            "broker": broker_command(self._broker_port, self.data / "broker", self._password),
            "api": [*own, "api", "--host", self._host, "--port", str(self._port)],
            "reconciler": [*own, "reconcile"],
            "worker": [*celery, "-Q", "cpu,gpu", "-c", "1", "-l", "INFO", "--without-gossip", "--without-mingle"],
        }
        logs = self.data / "logs"
        return [Child(name, command, self._environment, logs / f"{name}.log") for name, command in commands.items()]

    def _migrate(self) -> None:
        settings = JobsSettings(data_dir=self.data)
        JobStore(settings.database, settings).migrate()

    def _until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            for child in self._children:
                if child.process is not None and child.process.poll() is not None:
                    raise CannotStart(f"{child.name} ended with code {child.process.returncode}: see {child.log}")
            try:
                if httpx.get(f"{self.url}/readyz", timeout=2).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise CannotStart(f"the API was not ready within {READY_WITHIN_S:.0f} s: see {self.data / 'logs' / 'api.log'}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock file; the kernel gives it back when this process ends, however it ends."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotStart(
                f"another clearleaf runs on {path.parent}: stop it, or choose another folder with --data"
            ) from error
        lock.write(str(os.getpid()))
        lock.flush()
        yield
