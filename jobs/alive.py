"""The file by which whoever starts a process knows that it is well: its age is the time since the last sign of life."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

log = logging.getLogger(__name__)


def touch(path: Path | None) -> None:
    """Give a sign of life; a file that cannot be touched is told in the log, and ages."""
    if path is None:
        return
    try:
        path.touch()
    except OSError as error:
        log.warning("the alive file %s cannot be touched: %s", path, error.strerror)


@contextmanager
def touching(path: Path | None, every_s: float) -> Iterator[None]:
    """Give signs of life while a block waits for somebody else: that is no illness."""
    if path is None:
        yield
        return
    over = threading.Event()

    def beat() -> None:
        touch(path)
        while not over.wait(every_s):
            touch(path)

    thread = threading.Thread(target=beat, name="clearleaf-alive", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
