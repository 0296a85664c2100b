"""The members of an order, each on its own: what it may hold, and what is told of one that is wrong."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import date
from itertools import islice
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from jobs.aoi import shown
from jobs.errors import MOST_PROBLEMS, Problem

MAX_CONTEXT_DAYS = 1000
LONGEST_LIST = 10_000
"""Entries of a list of days: more than there are since Sentinel-1 began."""
LONGEST_NAME = 80
"""Characters of a member's name that are repeated."""
PublishedWeights = Literal["release", "without-a", "without-c"]
"""Names of the published weights; `models.weights` has the files, and this room may not ask it."""
Model = Literal[
    "default",
    "prior",
    "paper",
    "paper-one-reference",
    "1d-cnn",
    "2d-cnn-lstm",
    "1d-cnn-transformer",
    "2d-cnn-transformer",
]
"""Reconstructions: ours, its temporal prior alone, and those of Li et al. (2025); `models.paper` has the latter."""


def _iso_day(value: Any) -> date:  # noqa: ANN401 - whatever the customer sent
    """Return a day written as such: a number or a moment is none, though a lenient parser would make one of it."""
    if type(value) is date:
        return value
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        raise ValueError("give a day as YYYY-MM-DD")
    return date.fromisoformat(value)


def _number(value: Any) -> Any:  # noqa: ANN401 - whatever the customer sent
    """Return what is a number, as the schema of orders wants it: "5" and true are none."""
    if isinstance(value, str | bool):
        raise ValueError("give a whole number")
    return value


def _short(value: Any) -> Any:  # noqa: ANN401 - whatever the customer sent
    """Return a list that can be looked at entry by entry; what is wrong with each of a million is told to nobody."""
    if isinstance(value, list) and len(value) > LONGEST_LIST:
        raise ValueError(f"it has {len(value)} entries, at most {LONGEST_LIST} are allowed")
    return value


def _once_each(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


Day = Annotated[date, BeforeValidator(_iso_day)]
Days = Annotated[tuple[Day, ...], BeforeValidator(_short)]
ExtraAssets = Annotated[tuple[Literal["predicted", "fused"], ...], BeforeValidator(_short), AfterValidator(_once_each)]
Whole = Annotated[int, BeforeValidator(_number)]
StepDays = Annotated[int, Field(ge=1), BeforeValidator(_number)]  # the bound first, or the schema loses it


def unknown_members(payload: dict[str, Any], known: Collection[str]) -> Iterator[Problem]:
    """Yield a problem for each member that no order has."""
    for name in payload:
        if name not in known:
            member = name[:LONGEST_NAME]
            yield Problem(f"/{member}", f"{member} is not a member of an order; known are {', '.join(known)}")


def explained(error: ValidationError) -> Iterator[Problem]:
    """Yield what is wrong with each member in words, with its value."""
    for fault in islice(error.errors(include_url=False), MOST_PROBLEMS + 1):
        path = [str(part)[:LONGEST_NAME] for part in fault["loc"]]
        member, pointer = path[0] if path else "order", "/" + "/".join(path)
        if fault["type"] == "missing":
            yield Problem(pointer, f"{member} is missing")
        else:
            why = fault["msg"].removeprefix("Value error, ")
            yield Problem(pointer, f"{member} is {shown(fault['input'])}: {why[0].lower()}{why[1:]}")
