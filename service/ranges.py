"""Byte ranges (RFC 9110, section 14): which part of a file a request asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus

from service.errors import HttpProblem

_ONE_RANGE = re.compile(r"bytes=\s*([0-9]*)-([0-9]*)\s*", re.IGNORECASE)
_BEYOND = 10**18
"""Bytes; no file is as large."""


@dataclass(frozen=True)
class ByteRange:
    """Bytes `start` to `stop` (exclusive) of a file of `size` bytes."""

    start: int
    stop: int
    size: int

    @property
    def length(self) -> int:
        """Number of bytes in the range."""
        return self.stop - self.start

    @property
    def content_range(self) -> str:
        """Value of the Content-Range header."""
        return f"bytes {self.start}-{self.stop - 1}/{self.size}"


def requested_range(header: str | None, size: int) -> ByteRange | None:
    """Return the single range that is asked for, or None for the whole file.

    Several ranges at once, other units and broken headers get the whole file, as the standard allows.

    Raises:
        HttpProblem: 416 if the range begins after the file's end.
    """
    match = _ONE_RANGE.fullmatch(header or "")
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    start = _number(first) if first else max(size - _number(last), 0)
    stop = min(_number(last) + 1, size) if first and last else size
    if first and last and _number(last) < _number(first):
        return None
    if start >= size:
        raise HttpProblem(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            f"the file has {size} bytes; the range begins after its end",
            headers={"Content-Range": f"bytes */{size}"},
        )
    return ByteRange(start, stop, size)


def _number(digits: str) -> int:
    """Return a number of bytes; how many digits a number may have is no more our concern than it is the standard's."""
    significant = digits.lstrip("0")
    return int(significant or "0") if len(significant) <= 18 else _BEYOND
