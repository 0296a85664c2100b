"""How long work tells how far it is, and is told to stop."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float, str], None]
"""Called with the share done (0..1) and what is being done; may raise to stop."""


def silent(share: float, message: str) -> None:
    """Tell nobody."""


def part_of(progress: Progress, low: float, high: float) -> Progress:
    """Return a progress callback for the part of a task that lies between two shares of it."""
    return lambda share, message: progress(low + (high - low) * share, message)
