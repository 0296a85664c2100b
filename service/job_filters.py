"""How the query of a job list is read: states, processes, moments and durations, each refused by name where broken."""

from __future__ import annotations

from typing import Annotated, get_args

from fastapi import Query

from jobs.store import JobFilter
from service.moments import read_interval
from service.refusal import refused
from service.statusinfo import PROCESS_ID, JobStatus

STATUSES: tuple[str, ...] = get_args(JobStatus)


def asked_jobs(
    status: Annotated[
        list[str] | None, Query(description="One or more states, separated by commas or as so many parameters")
    ] = None,
    process_id: Annotated[
        list[str] | None,
        Query(alias="processID", description="One or more processes, separated by commas or as so many parameters"),
    ] = None,
    type: Annotated[list[str] | None, Query(description="Kinds of jobs; all of them are of kind `process`")] = None,
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
    created_from, created_to = (None, None) if datetime is None else read_interval(datetime, "datetime")
    if created_to is not None:  # what we give out is cut to milliseconds: the last one counts as a whole
        created_to = created_to.replace(microsecond=created_to.microsecond // 1000 * 1000 + 999)
    return JobFilter(_statuses(status) if ours else (), created_from, created_to, min_duration, max_duration)


def _listed(texts: list[str] | None, default: str) -> list[str]:
    return [default] if texts is None else [part.strip() for text in texts for part in text.split(",")]


def _statuses(texts: list[str] | None) -> tuple[str, ...] | None:
    if texts is None:
        return None
    asked = tuple(_listed(texts, ""))
    for status in asked:
        if status not in STATUSES:
            raise refused("status", f"{status!r} is no state of a job; known are {', '.join(STATUSES)}")
    return asked
