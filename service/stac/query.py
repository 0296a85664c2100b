"""The query extension: comparisons by name, all of which hold."""

from __future__ import annotations

from typing import Any

from jobs.aoi import shown
from jobs.item_filter import ANY, All, Comparison, Condition, Like, Wildcard
from jobs.searchable import Property
from service.refusal import refused
from service.stac.filters import MOST_CONDITIONS, SEVERAL
from service.stac.names import comparison, known_property, one_of

_COMPARISONS: dict[str, Comparison] = {"eq": "=", "neq": "<>", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_TEXTS = ("startsWith", "endsWith", "contains")
_KNOWN = (*_COMPARISONS, *_TEXTS, "in")


def read_query(value: object, member: str) -> Condition:
    """Return the condition that a query says.

    Raises:
        HttpProblem: 400 naming the place: an unknown property or operator, a value of another kind,
            too many parts.
    """
    if not isinstance(value, dict):
        raise refused(member, f"{shown(value)} is no object of properties, each with its comparisons")
    found: list[Condition] = []
    parts = 0
    for name, wanted in value.items():
        at = f"{member}/{name}"
        if not isinstance(wanted, dict):
            raise refused(at, f"{shown(wanted)} is no object of comparisons, such as {{'gte': 0.5}}")
        beside = known_property(name, at)
        for op, operand in wanted.items():
            parts += len(operand) if isinstance(operand, list) else 1
            if parts > MOST_CONDITIONS:
                raise refused(f"{at}/{op}", f"here the query has more than {MOST_CONDITIONS} parts: {SEVERAL}")
            found.append(_one(beside, op, operand, f"{at}/{op}"))
    return All(tuple(found))


def _one(beside: Property, op: str, value: Any, at: str) -> Condition:  # noqa: ANN401 - JSON of any kind
    if op in _COMPARISONS:
        return comparison(beside, _COMPARISONS[op], _number_of(value, beside), at)
    if op == "in":
        if not isinstance(value, list):
            raise refused(at, f"{shown(value)} is no list of values")
        return one_of(beside, [_number_of(one, beside) for one in value], at)
    if op not in _TEXTS:
        raise refused(at, f"{shown(op)} is not understood; known are {', '.join(_KNOWN)}")
    if beside.kind != "text" or not isinstance(value, str):
        raise refused(at, f"{op} compares texts, and not {beside.name} with {shown(value)}")
    begin: tuple[Wildcard, ...] = () if op == "startsWith" else (ANY,)
    end: tuple[Wildcard, ...] = () if op == "endsWith" else (ANY,)
    return Like(beside, (*begin, value, *end))


def _number_of(value: Any, beside: Property) -> Any:  # noqa: ANN401 - JSON of any kind
    """Return the number that a text spells: clients make texts of all that is typed in."""
    if beside.kind != "number" or not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return value
