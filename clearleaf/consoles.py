"""Consoles that print as they are the words of others: paths, ids and messages may look like markup."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text


def plain_console(*, stderr: bool = False, wrap: bool = False) -> Console:
    """Return a console that reads no markup; it leaves the breaking of long lines to the terminal unless it wraps."""
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False, soft_wrap=not wrap)


def told_error(error: BaseException) -> Text:
    """Return what went wrong, marked as an error."""
    return Text.assemble(("error", "red"), f" {error}")
