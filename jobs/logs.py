"""Lines of a log, for people or for machines: what they are about, and nothing that opens a door."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal

from jobs.redaction import redacted
from jobs.tracing import trace_id

TEXT = "%(asctime)s %(levelname)s %(name)s %(message)s"
FACTS = ("job", "tenant", "step", "attempt", "trace")
"""What a line may be about; a record's own `extra` goes before what the process is at work on."""
LONGEST_MESSAGE, LONGEST_LINE, MOST_LINES = 4000, 1000, 100
"""Characters of a message, and of each line of a traceback; lines of a traceback, counted from its end."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_TALKATIVE = ("alembic", "rasterio")
"""They tell of every look at the job book, and of every tag of a file."""
_at_work_on: dict[str, object] = {}


@contextmanager
def about(**facts: object) -> Iterator[None]:
    """Let every line of this process say, while a block runs, what it is about: some of `FACTS`.

    A worker does one step at a time, in many threads, of libraries too: what it is at work on belongs to the process.
    """
    before = dict(_at_work_on)
    _at_work_on.update(facts)
    try:
        yield
    finally:
        _at_work_on.clear()
        _at_work_on.update(before)


class TextLines(logging.Formatter):
    """Lines for people."""

    def __init__(self) -> None:
        super().__init__(TEXT)

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as a line, and its traceback below: set in, so that no text in it passes for a record."""
        record.message, record.asctime = _one_line(_message(record)), self.formatTime(record)
        trace = _trace(self, record).split("\n") if record.exc_info else []
        return "\n".join([self.formatMessage(record), *(f"  {_one_line(line)}" for line in trace)])


class JsonLines(logging.Formatter):
    """Lines for machines: one JSON object for each record, whatever it holds."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as one line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
        }
        own = {name: getattr(record, name) for name in FACTS if hasattr(record, name)}
        known = {"trace": trace_id(), **_at_work_on, **own}
        line |= {name: known[name] for name in FACTS if known.get(name) is not None}
        if record.exc_info:
            line["exception"] = _trace(self, record)
        return json.dumps(line, default=str)


def _message(record: logging.LogRecord) -> str:
    return redacted(_short(record.getMessage(), LONGEST_MESSAGE))


def _trace(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    """Return the end of a record's traceback, where the error itself is."""
    lines = formatter.formatException(record.exc_info).split("\n") if record.exc_info else []
    return redacted("\n".join(_short(line, LONGEST_LINE) for line in lines[-MOST_LINES:]))


def _short(text: str, most: int) -> str:
    """Return a text, cut between words: what a part of a secret is cannot be told."""
    return text if len(text) <= most else f"{text[:most].rsplit(None, 1)[0]} ... ({len(text)} characters)"


def _one_line(text: str) -> str:
    """Return a text whose control characters are written as escapes: none can end a line, or move a cursor."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


def set_up(form: Literal["text", "json"]) -> None:
    """Write the log of this process to standard error; warnings of Python go into it too."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    if form == "json":
        sys.excepthook = _log_last_words


def _log_last_words(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Log what ends the process; the interpreter would print it, in many lines and with all it holds."""
    if not issubclass(kind, KeyboardInterrupt):
        logging.getLogger("clearleaf").critical("this process ends", exc_info=(kind, error, traceback))
