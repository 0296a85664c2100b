"""How far a job is, for people: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from clearleaf.consoles import plain_console
from jobs.progress import WEIGHTS

Tell = Callable[[float, str, str], None]
"""Called with percent done, the stage, and what is being done."""

LEAST_KNOWN = 5.0
"""Percent; before that much is done nobody knows how long the rest will take."""


@contextmanager
def progress_bar() -> Iterator[Tell]:
    """Show progress on stderr while the block runs."""
    console = plain_console(stderr=True, wrap=True)  # a bar must know how many lines it takes
    if not console.is_terminal:
        yield _lines(plain_console(stderr=True))
        return
    columns = (
        TextColumn("{task.fields[step]}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=100, step=step_of(""))

        def tell(percent: float, stage: str, message: str) -> None:
            bar.update(task, completed=percent, step=step_of(stage), description=message)

        yield tell


def tell_info(tell: Tell) -> Callable[[dict[str, Any]], None]:
    """Return a teller that takes the statusInfo of a job."""
    return lambda info: tell(info["progress"], info.get("stage", ""), info.get("message", ""))


def step_of(stage: str) -> str:
    """Return which of the job's steps a stage is, in as many letters for each: "step 3 of 4, tile   "."""
    kinds = list(WEIGHTS)
    if stage not in kinds:  # before the first step, and after the last
        return " " * len(step_of(kinds[0]))
    return f"step {kinds.index(stage) + 1} of {len(kinds)}, {stage:<{max(map(len, kinds))}}"


def overall(stage: str, share: float) -> float:
    """Return percent of a whole job, given a stage and the share of it that is done."""
    before = 0.0
    for kind, weight in WEIGHTS.items():
        if kind == stage:
            return before + weight * share
        before += weight
    return before


def _lines(console: Console) -> Tell:
    """Return a teller that prints a line for every new stage or ten percent: logs stay short."""
    last = [("", -1)]
    started = time.monotonic()

    def tell(percent: float, stage: str, message: str) -> None:
        mark = (stage, int(percent // 10))
        if mark != last[0]:
            last[0] = mark
            left = time_left(percent if stage else 0, time.monotonic() - started)  # an ended job takes no more time
            console.print(f"{percent:3.0f} %  {step_of(stage)}  {left}  {message}")

    return tell


def time_left(percent: float, elapsed_s: float) -> str:
    """Return how long it will still take if it goes on as it went so far, as text of one width."""
    if percent < LEAST_KNOWN or percent >= 100:
        return " " * len("0:00:00 left")
    left_s = round(elapsed_s * (100 - percent) / percent)
    return f"{timedelta(seconds=left_s)} left"
