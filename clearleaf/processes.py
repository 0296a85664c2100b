"""Child processes that end with their parent, whatever ends it."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
MOST_RESTARTS = 20
"""A child that dies more often than this is broken, not unlucky."""
PATIENCE_S = 12.0


class ChildFailed(RuntimeError):
    """A child process died and will not be started again."""


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(host: str, port: int) -> bool:
    """Return whether a port can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


@dataclass
class Child:
    """One supervised process.

    Attributes:
        name: for logs and errors.
        command: argv.
        environment: on top of ours.
        log: file that takes its output.
        process: once started.
        restarts: how often it had to be started again.
    """

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    restarts: int = field(default=0)

    def start(self) -> None:
        """Start the process in a group of its own."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own commands
                self.command,
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    def keep_alive(self) -> None:
        """Start the process again if it has died.

        Raises:
            ChildFailed: it has died too often.
        """
        if self.process is None or self.process.poll() is None:
            return
        if self.restarts >= MOST_RESTARTS:
            raise ChildFailed(
                f"{self.name} died {self.restarts} times, last with code {self.process.returncode}: see {self.log}"
            )
        self.restarts += 1
        self.start()

    def stop(self, patience_s: float = PATIENCE_S) -> None:
        """End the process and everything it has started; gently at first."""
        if self.process is None:
            return
        for sign, wait in ((signal.SIGTERM, patience_s), (signal.SIGKILL, 5.0)):
            _signal_group(self.process.pid, sign)
            deadline = time.monotonic() + wait
            while time.monotonic() < deadline and self.process.poll() is None:
                time.sleep(0.05)
        _signal_group(self.process.pid, signal.SIGKILL)  # what it left behind in its group


def _signal_group(pid: int, sign: signal.Signals) -> None:
    try:
        os.killpg(pid, sign)
    except ProcessLookupError:
        return


def _die_with_parent() -> None:
    """Ask the kernel to end this process when its parent is gone, however it went."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
