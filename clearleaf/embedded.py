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
from pydantic_settings import BaseSettings, SettingsConfigDict

from clearleaf.addresses import bindable, free_port, is_free, is_loopback, url_of
from clearleaf.broker import broker_command, write_configuration
from clearleaf.processes import Child
from jobs.load_settings import load_settings
from jobs.profiles import CatalogProfile, Catalogs
from jobs.settings import OWNER_ONLY, JobsSettings
from jobs.storage import open_checked_storage
from jobs.store import JobStore

READY_WITHIN_S = 180.0
GRACE_S = 31
"""From SIGTERM to SIGKILL of the worker: enough for its soft shutdown, which is short where the grace is."""


class _Configured(BaseSettings):
    """What the environment says of catalogues, before others are added and the whole is checked."""

    model_config = SettingsConfigDict(env_prefix="CLEARLEAF_", extra="ignore")

    catalogs: Catalogs = {}
    default_catalog: str | None = None


class CannotStart(RuntimeError):
    """The embedded service cannot start; says why and what to do."""


class Embedded:
    """A clearleaf service of its own.

    Args:
        data: folder of the job book, the results, the broker's file and the logs.
        catalogs: in addition to those of CLEARLEAF_CATALOGS; the first one is the default, unless
            CLEARLEAF_DEFAULT_CATALOG names another.
        host: to listen on; beyond loopback only where callers must show a key, and with CLEARLEAF_PUBLIC_URL.
        port: of the API; 0 takes a free one.
        example: an order that the OpenAPI page shows.

    Raises:
        CannotStart: the folder cannot be made.
        BadSettings: a setting of the environment is wrong.
        BadOption: the host can be reached from elsewhere, and nobody would have to show a key.
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
            self.data.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
        except OSError as error:
            raise CannotStart(f"--data {data} cannot be made ({error.strerror}): choose another folder") from error
        self._settings = self._configured(catalogs)
        self._host, self._port = bindable(host, guarded=self._settings.guarded), port or free_port()
        self.url = url_of(self._host, self._port)
        self.public_url = self._public_url()
        self._broker_port, self._password = free_port(), secrets.token_hex(16)
        self._children = self._made(self._environment(example))

    @contextmanager
    def running(self, say: Callable[[str], None] = lambda text: None) -> Iterator[Embedded]:
        """Run the service while the block runs; nothing is left behind after it.

        Raises:
            CannotStart: the folder is in use, or a part does not start.
            StorageRefused: the results' storage cannot be used.
        """
        if not is_free(self._host, self._port):
            raise CannotStart(f"port {self._port} of {self._host} is in use: choose another one with --port")
        open_checked_storage(self._settings)
        with _locked(self.data / "up.lock"):
            write_configuration(self.data / "broker", self._broker_port, self._password)
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

    def _configured(self, catalogs: list[CatalogProfile]) -> JobsSettings:
        """Return the settings of the environment with the catalogues added."""
        found = load_settings(_Configured)
        known = found.catalogs | {profile.name: profile for profile in catalogs}
        default = found.default_catalog or (catalogs[0].name if catalogs else None)
        return load_settings(JobsSettings, data_dir=self.data, catalogs=known, default_catalog=default)

    def _environment(self, example: dict[str, Any] | None) -> dict[str, str]:
        named = {name: profile.model_dump() for name, profile in self._settings.catalogs.items()}
        found = {
            "CLEARLEAF_DATA_DIR": str(self.data),
            "CLEARLEAF_BROKER_URL": f"redis://:{self._password}@127.0.0.1:{self._broker_port}/0",
            "CLEARLEAF_CATALOGS": json.dumps(named),
            "CLEARLEAF_PUBLIC_URL": self.public_url,
            "CLEARLEAF_GRACE_S": str(GRACE_S),
        }
        if self._settings.default_catalog is not None:
            found["CLEARLEAF_DEFAULT_CATALOG"] = self._settings.default_catalog
        if example is not None:
            found["CLEARLEAF_EXAMPLE_ORDER"] = json.dumps(example)
        return found

    def _public_url(self) -> str:
        """Return where links lead: here, or to the name by which other machines reach this one."""
        if is_loopback(self.url):
            return self.url
        if is_loopback(self._settings.public_url):
            raise CannotStart(
                f"others are to reach the service at {self._host}: say by which URL, for example "
                f"CLEARLEAF_PUBLIC_URL=http://the-name-of-this-machine:{self._port}"
            )
        return self._settings.public_url

    def _made(self, environment: dict[str, str]) -> list[Child]:
        own = [sys.executable, "-m", "clearleaf"]
        commands = {
            "broker": broker_command(self.data / "broker"),
            "api": [*own, "api", "--host", self._host, "--port", str(self._port)],
            "reconciler": [*own, "reconcile"],
            "worker": [*own, "worker"],
        }
        logs = self.data / "logs"
        children = [
            Child(name, command, environment | self._own(name), logs / f"{name}.log")
            for name, command in commands.items()
        ]
        children[-1].grace_s = GRACE_S
        return children

    def _own(self, name: str) -> dict[str, str]:
        """Return what a part needs for itself: no two can serve their metrics at one port."""
        port = self._settings.metrics_port
        return {"CLEARLEAF_METRICS_PORT": str(port + 1)} if name == "reconciler" and port is not None else {}

    def _migrate(self) -> None:
        JobStore(self._settings.database, self._settings).migrate()

    def _until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            for child in self._children:
                if child.process is not None and child.process.poll() is not None:
                    raise CannotStart(f"{child.name} ended with code {child.process.returncode}: see {child.log}")
            try:
                if httpx.get(f"{self.url}/readyz", timeout=2, trust_env=False).status_code == httpx.codes.OK:
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
