"""Work that does not ask by itself whether to go on, made to stop within seconds."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

T = TypeVar("T")
PARTING_S = 2.0
"""For how long one waits for work that was ended; a long call into C goes on until it returns."""


def stoppable(work: Callable[[], T], go_on: Callable[[], None], every_s: float = 0.5) -> T:
    """Return what the work returns, or raise what it raises.

    The work runs in a thread of its own. It must leave nothing behind but its result, for it may be ended anywhere.

    Args:
        work: to be done.
        go_on: asked again and again meanwhile; what it raises ends the work.
        every_s: pause between two questions.
    """
    outcome: Future[T] = Future()
    thread = threading.Thread(target=_run, args=(work, outcome), name="clearleaf-work", daemon=True)
    thread.start()
    try:
        while not outcome.done():
            wait([outcome], timeout=every_s)
            go_on()
    except BaseException:
        _end(thread)
        raise
    return outcome.result()


def _run(work: Callable[[], T], outcome: Future[T]) -> None:
    try:
        outcome.set_result(work())
    except BaseException as error:
        outcome.set_exception(error)


def _end(thread: threading.Thread) -> None:
    """Have a thread raise SystemExit at its next step in Python."""
    if thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
    thread.join(PARTING_S)
