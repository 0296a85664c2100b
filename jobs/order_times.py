"""When an order wants LAI: its range and its dates, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from jobs.aoi import Limits
from jobs.errors import MOST_PROBLEMS, Problem
from jobs.order_members import Day, Days, StepDays

FIRST_DAY = date(2014, 10, 1)
"""Sentinel-1 began its routine acquisitions in October 2014; nothing can be delivered before."""
DEFAULT_STEP_DAYS = 5
"""Revisit of Sentinel-2 with two satellites."""


def today() -> date:
    """Return the current UTC day."""
    return datetime.now(UTC).date()


class TimeRange(BaseModel):
    """Closed range of acquisition days, UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: date
    end: date


class Times(BaseModel):
    """The members that say when, as far as each of them is right on its own."""

    start: Day | None = None
    end: Day | None = None
    dates: Days | None = None
    step_days: StepDays | None = None

    @classmethod
    def of(cls, payload: dict[str, Any], wrong: set[str]) -> Self:
        """Return the times of an order, without the members that are known to be wrong."""
        return cls.model_validate({name: payload.get(name) for name in cls.model_fields if name not in wrong})


def target_dates(start: date, end: date, dates: Sequence[date] | None, step_days: int | None) -> tuple[date, ...]:
    """Return the days given out, ascending: those that are named, else every so many days from the first one."""
    if dates is not None:
        return tuple(sorted(set(dates)))
    step = step_days or DEFAULT_STEP_DAYS
    return tuple(start + timedelta(days=step * i) for i in range(_step_count(start, end, step)))


def _step_count(start: date, end: date, step_days: int) -> int:
    return (end - start).days // step_days + 1


def time_problems(times: Times) -> Iterator[Problem]:
    """Yield what is wrong with the days of an order."""
    start, end = times.start, times.end
    if start is not None and end is not None and end < start:
        yield Problem("/end", f"end {end} lies before start {start}: swap them")
        return
    if start is not None and start < FIRST_DAY:
        yield Problem("/start", f"start {start} lies before {FIRST_DAY}, when Sentinel-1 began: choose a later day")
    if end is not None and end > today():
        yield Problem("/end", f"end {end} lies after today, {today()}: choose an earlier day")
    if times.dates is not None and times.step_days is not None:
        yield Problem("/dates", f"dates and step_days ({times.step_days}) exclude each other: give one of them")
    yield from _dates_problems(times)


def count_problems(times: Times, limits: Limits) -> Iterator[Problem]:
    """Say whether too many dates are asked for; known only where no member that says when is wrong."""
    if times.start is None or times.end is None:
        return
    member, count = "step_days", _step_count(times.start, times.end, times.step_days or DEFAULT_STEP_DAYS)
    if times.dates is not None:
        member, count = "dates", len(set(times.dates))
    if count > limits.max_dates:
        detail = f"the order asks for {count} dates, at most {limits.max_dates} are allowed"
        yield Problem(f"/{member}", f"{detail}: take a larger step_days or a shorter range")


def _dates_problems(times: Times) -> Iterator[Problem]:
    if times.dates is None:
        return
    if not times.dates:
        yield Problem("/dates", "dates is empty: name at least one day, or leave it out")
    start, end = times.start or date.min, times.end or date.max
    outside = ((i, day) for i, day in enumerate(times.dates) if not start <= day <= end)
    for i, day in islice(outside, MOST_PROBLEMS + 1):
        yield Problem(f"/dates/{i}", f"dates has {day}, outside {start} to {end}")
