"""Child processes that end with their parent, whatever ends it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
MOST_RESTARTS, WITHIN_S = 20, 600.0
"""A child that dies more often than this within so many seconds is broken, not unlucky."""


class ChildFailed(RuntimeError):
    """A child process died and will not be started again."""


@dataclass
class Child:
    """One supervised process.

    Attributes:
        name: for logs and errors.
        command: argv.
        environment: on top of ours.
        log: file that takes its output.
        process: once started.
        grace_s: from SIGTERM to SIGKILL.
        restarts: when it had to be started again lately, on the monotonic clock.
    """

    name: str
    command: list[str]
    environment: dict[str, str]
    log: Path
    grace_s: float = 12.0
    process: subprocess.Popen[bytes] | None = None
    restarts: list[float] = field(default_factory=list)

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
        """Start the process again if it has died; what it had started itself is ended first.

        Raises:
            ChildFailed: it has died too often.
        """
        if self.process is None or self.process.poll() is None:
            return
        _signal_group(self.process.pid, signal.SIGKILL)  # orphans would go on beside their successors
        now = time.monotonic()
        self.restarts = [moment for moment in self.restarts if now - moment < WITHIN_S]
        if len(self.restarts) >= MOST_RESTARTS:
            times = f"{len(self.restarts) + 1} times within {WITHIN_S / 60:.0f} minutes"
            raise ChildFailed(f"{self.name} died {times}, last with code {self.process.returncode}: see {self.log}")
        self.restarts.append(now)
        self.start()

    def stop(self) -> None:
        """End the process and everything it has started; gently at first."""
        if self.process is None:
            return
        _signal_group(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(self.grace_s)
        except subprocess.TimeoutExpired:
            pass
        finally:
            _signal_group(self.process.pid, signal.SIGKILL)  # it, or what it left behind in its group
            self.process.wait()


def _signal_group(pid: int, sign: signal.Signals) -> None:
    try:
        os.killpg(pid, sign)
    except ProcessLookupError:
        return


def _die_with_parent() -> None:
    """Ask the kernel to end this process when its parent is gone, however it went."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
