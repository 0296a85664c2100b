"""Properties and values in searches: names must be known, and values of the property's kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jobs.aoi import shown
from jobs.item_filter import All, Compare, Comparison, Condition, Either, OneOf, Value
from jobs.searchable import PROPERTIES, Property, is_number
from service.moments import Span, read_span
from service.refusal import refused

_WANTED = {"text": "a text", "number": "a number", "boolean": "true or false"}


def known_property(name: object, member: str) -> Property:
    """Return the property of a name, which may be spelt with `properties.` before it.

    Raises:
        HttpProblem: 400, items cannot be searched by it.
    """
    known = PROPERTIES.get(name.removeprefix("properties.")) if isinstance(name, str) else None
    if known is None:
        raise refused(member, f"{shown(name)} cannot be searched by; known are {', '.join(PROPERTIES)}")
    return known


def plain_value(value: Any, beside: Property, member: str) -> Value:  # noqa: ANN401 - JSON of any kind
    """Return a value of a property that is no time.

    Raises:
        HttpProblem: 400, it is of another kind.
    """
    fits = {"text": isinstance(value, str), "number": is_number(value), "boolean": isinstance(value, bool)}
    if not fits[beside.kind]:
        raise refused(member, f"{shown(value)} stands beside {beside.name}, which is {_WANTED[beside.kind]}")
    found: Value = value
    return found


def comparison(beside: Property, op: Comparison, value: Any, member: str) -> Condition:  # noqa: ANN401
    """Return the comparison of a property with a JSON value.

    Raises:
        HttpProblem: 400, the value is of another kind.
    """
    if beside.kind == "time":
        return within_time(beside, op, read_span(value, member))
    return Compare(beside, op, plain_value(value, beside, member))


def one_of(beside: Property, values: Sequence[Any], member: str) -> Condition:
    """Return the condition that a property has one of these values; raises as `comparison`."""
    places = [(value, f"{member}/{i}") for i, value in enumerate(values)]
    if beside.kind == "time":  # each value is a span
        return Either(tuple(comparison(beside, "=", value, at) for value, at in places))
    return OneOf(beside, tuple(plain_value(value, beside, at) for value, at in places))


def within_time(beside: Property, op: Comparison, span: Span) -> Condition:
    """Return the comparison of a time with a span: equal is what lies in it, greater what comes after its end."""
    first, last = span
    match op:
        case "=":
            return All((Compare(beside, ">=", first), Compare(beside, "<=", last)))
        case "<>":
            return Either((Compare(beside, "<", first), Compare(beside, ">", last)))
        case "<" | ">=":
            return Compare(beside, op, first)
        case "<=" | ">":
            return Compare(beside, op, last)
