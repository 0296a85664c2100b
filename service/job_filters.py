"""How the query of a job list is read: states, processes, moments and durations, each refused by name where broken."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from http import HTTPStatus
from typing import Annotated, get_args

from fastapi import Query

from jobs.errors import Problem
from jobs.store import JobFilter
from service.errors import HttpProblem
from service.statusinfo import PROCESS_ID, JobStatus

STATUSES: tuple[str, ...] = get_args(JobStatus)
_OPEN = ("", "..")


def asked_jobs(
    status: Annotated[str | None, Query(description="One or more states, separated by commas")] = None,
    process_id: Annotated[
        str | None, Query(alias="processID", description="One or more processes, separated by commas")
    ] = None,
    type: Annotated[str | None, Query(description="Kind of job; all of them are of kind `process`")] = None,
    datetime: Annotated[
        str | None,
        Query(description="When the job was ordered: a moment or day, or an interval `from/to`; `..` is open"),
    ] = None,
    min_duration: Annotated[
        float | None, Query(alias="minDuration", ge=0, description="At least so many seconds worked on")
    ] = None,
    max_duration: Annotated[
        float | None, Query(alias="maxDuration", ge=0, description="At most so many seconds worked on")
    ] = None,
) -> JobFilter:
    """Return which jobs are asked for.

    Raises:
        HttpProblem: 400 naming the value that cannot be read.
    """
    ours = PROCESS_ID in _listed(process_id, PROCESS_ID) and "process" in _listed(type, "process")
    created_from, created_to = _interval(datetime)
    return JobFilter(_statuses(status) if ours else (), created_from, created_to, min_duration, max_duration)


def _listed(text: str | None, default: str) -> list[str]:
    return [default] if text is None else [part.strip() for part in text.split(",")]


def _statuses(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    asked = tuple(_listed(text, ""))
    for status in asked:
        if status not in STATUSES:
            raise _refused("status", f"{status!r} is no state of a job; known are {', '.join(STATUSES)}")
    return asked


def _interval(text: str | None) -> tuple[datetime | None, datetime | None]:
    """Return the bounds of RFC 3339 moments, days, or an interval of them; a day lasts until its end."""
    if text is None:
        return None, None
    begin, slash, end = text.partition("/")
    if not slash:
        return _moment(text, last=False), _moment(text, last=True)
    low = None if begin in _OPEN else _moment(begin, last=False)
    high = None if end in _OPEN else _moment(end, last=True)
    if low is None and high is None:
        raise _refused("datetime", f"{text!r} is open on both sides; leave the parameter out to ask for all jobs")
    if low is not None and high is not None and low > high:
        raise _refused("datetime", f"{text!r} ends before it begins; exchange the two")
    return low, high


def _moment(text: str, *, last: bool) -> datetime:
    """Return a moment in UTC, of a day its first or last; moments that we give out are cut to milliseconds."""
    try:
        moment = datetime.fromisoformat(text)
        if len(text) == len("2023-05-01"):
            moment = datetime.combine(moment.date(), time.max if last else time.min)
        elif last:
            moment += timedelta(milliseconds=0.999)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        wanted = "a moment such as 2023-05-01T12:00:00Z, a day, or an interval of either"
        raise _refused("datetime", f"{text!r} is not {wanted}") from None


def _refused(name: str, detail: str) -> HttpProblem:
    return HttpProblem(HTTPStatus.BAD_REQUEST, f"{name}: {detail}", members=(Problem(f"/{name}", detail),))
