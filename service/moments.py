"""Moments and days in lists and searches: RFC 3339, each read as the closed span of time that it names."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time

from jobs.aoi import shown
from service.refusal import refused

Span = tuple[datetime, datetime]
"""First and last moment; the same one twice, unless a whole day is meant."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_OPEN = ("", "..")


def read_span(value: object, member: str) -> Span:
    """Return the span of a moment or day; a day is one of UTC.

    Raises:
        HttpProblem: 400, the value is neither.
    """
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            day = datetime.fromisoformat(value).date()
            return datetime.combine(day, time.min, UTC), datetime.combine(day, time.max, UTC)
        if isinstance(value, str) and _MOMENT.fullmatch(value):
            moment = datetime.fromisoformat(value.upper()).astimezone(UTC)
            return moment, moment
    except (ValueError, OverflowError):  # the thirtieth of February, the year 0
        pass
    raise refused(
        member, f"{shown(value)} is neither a moment such as 2023-05-01T12:00:00Z nor a day such as 2023-05-01"
    )


def read_bounds(begin: object, end: object, member: str) -> tuple[datetime | None, datetime | None]:
    """Return the bounds of an interval, None where it is open (`..`).

    Raises:
        HttpProblem: 400, a bound cannot be read, both are open, or the interval ends before it begins.
    """
    low = None if begin in _OPEN else read_span(begin, member)[0]
    high = None if end in _OPEN else read_span(end, member)[1]
    if low is None and high is None:
        raise refused(member, "the interval is open on both sides; leave it out to ask for any time")
    if low is not None and high is not None and low > high:
        raise refused(member, f"the interval ends ({shown(end)}) before it begins ({shown(begin)}); exchange the two")
    return low, high


def read_interval(value: object, member: str) -> tuple[datetime | None, datetime | None]:
    """Return the bounds of a moment, a day, or an interval `from/to` of either.

    Raises:
        HttpProblem: 400, it is none of them.
    """
    if not isinstance(value, str):
        raise refused(member, f"{shown(value)} is no text; give a moment, a day, or an interval such as 2023-05-01/..")
    begin, slash, end = value.partition("/")
    return read_bounds(begin, end, member) if slash else read_span(value, member)
