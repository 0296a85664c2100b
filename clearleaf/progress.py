"""How far a job is, for people: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from jobs.steps import WEIGHTS

Tell = Callable[[float, str, str], None]
"""Called with percent done, the stage, and what is being done."""


@contextmanager
def progress_bar() -> Iterator[Tell]:
    """Show progress on stderr while the block runs."""
    console = Console(file=sys.stderr, highlight=False)
    if not console.is_terminal:
        yield _lines(console)
        return
    columns = (
        TextColumn("{task.fields[stage]:<8}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("", total=100, stage="")

        def tell(percent: float, stage: str, message: str) -> None:
            bar.update(task, completed=percent, stage=stage, description=message)

        yield tell


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

    def tell(percent: float, stage: str, message: str) -> None:
        mark = (stage, int(percent // 10))
        if mark != last[0]:
            last[0] = mark
            console.print(f"{percent:3.0f} %  {stage:<8} {message}", soft_wrap=True)

    return tell
