"""Ctrl-C and SIGTERM while a job is under way: both end it, and a sentence says what is left."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(Exception):
    """Somebody ended the command; says what that means."""


@contextmanager
def interruptible(left: str) -> Iterator[None]:
    """Let SIGTERM clean up as Ctrl-C does, and tell of either.

    Args:
        left: what is left behind, in a few words.

    Raises:
        Interrupted: one of them came.
    """
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(f"interrupted: {left}") from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
