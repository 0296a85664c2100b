"""Conditions on items as plain values, and what they are in the tongue of either database."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import Any, Literal, assert_never

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    any_,
    case,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
    true,
)

from jobs.database import Database
from jobs.searchable import Property, moment_text
from jobs.tables import UtcTime, footprints, items

Comparison = Literal["=", "<>", "<", "<=", ">", ">="]
Relation = Literal["intersects", "within", "contains", "equals", "touches", "crosses", "overlaps"]
Value = str | float | bool | datetime

_SQL: dict[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

_SEEN_FROM_THERE: dict[Relation, Relation] = {"within": "contains", "contains": "within"}
"""What a relation of an outline to a geometry is of the geometry to the outline; the others look alike from both."""
_OUTLINES_AT_ONCE = 1000
"""Read and made together, so that a tenant may have any number of them."""


@dataclass(frozen=True)
class Compare:
    """A property beside a value of its kind, or beside another property of it."""

    property: Property
    op: Comparison
    other: Value | Property


@dataclass(frozen=True)
class Missing:
    """The item has no such property."""

    property: Property


@dataclass(frozen=True)
class OneOf:
    """A property has one of these values."""

    property: Property
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Like:
    """A text follows a pattern: its parts in turn, with ANY for any number of characters and ONE for one."""

    property: Property
    pattern: tuple[str | Wildcard, ...]


class Wildcard:
    """Stands in a pattern for text that is not known."""


ANY, ONE = Wildcard(), Wildcard()


@dataclass(frozen=True)
class Lies:
    """The item's outline stands in a relation to a geometry, EPSG:4326; every relation asks for a point in common."""

    relation: Relation
    geometry: BaseGeometry


@dataclass(frozen=True)
class All:
    """Every one of the conditions holds; of none, that is so."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Either:
    """One of the conditions holds; of none, that is not so."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    """The condition does not hold; what a missing property would decide stays undecided, and matches nothing."""

    condition: Condition


Condition = Compare | Missing | OneOf | Like | Lies | All | Either | Not


class Translator:
    """Makes SQL of conditions, within one transaction.

    Args:
        db: in which outlines are looked at.
        database: whose tongue is spoken.
        tenant: whose items are searched.
    """

    def __init__(self, db: Connection, database: Database, tenant: str) -> None:
        self._db = db
        self._is_sqlite = database.is_sqlite
        self._tenant = tenant

    def sql(self, condition: Condition) -> ColumnElement[bool]:
        """Return a condition as SQL over `items`."""
        match condition:
            case Compare():
                return _SQL[condition.op](self.column(condition.property), self._other(condition))
            case Missing():
                return self.column(condition.property).is_(None)
            case OneOf():
                values = [self.value(condition.property, value) for value in condition.values]
                return self.column(condition.property).in_(values)
            case Like():
                return self._like(self.column(condition.property), condition.pattern)
            case Lies():
                return self._among(items.c.footprint_id, self._footprints(condition))
            case All():
                return reduce(and_, map(self.sql, condition.conditions), true())
            case Either():
                return reduce(or_, map(self.sql, condition.conditions), false())
            case Not():
                return not_(self.sql(condition.condition))
            case _:
                assert_never(condition)

    def column(self, wanted: Property) -> ColumnElement[Any]:
        """Return a property as an SQL expression of its kind; texts sort by their code points in either database."""
        if wanted.name == "datetime":
            return items.c.datetime
        if wanted.name in ("id", "collection"):
            return self._sorted(items.c.item_id if wanted.name == "id" else items.c.job_id)
        kept: Any = items.c.properties[wanted.name]
        if wanted.kind in ("text", "time"):
            return self._sorted(kept.as_string())
        typed: ColumnElement[Any] = kept.as_float() if wanted.kind == "number" else kept.as_boolean()
        return typed

    def value(self, beside: Property, value: Value) -> ColumnElement[Any]:
        """Return a value as it is stored in a property."""
        if isinstance(value, datetime):
            return literal(value, UtcTime()) if beside.name == "datetime" else literal(moment_text(value))
        return literal(float(value)) if beside.kind == "number" else literal(value)

    def _other(self, condition: Compare) -> ColumnElement[Any]:
        other = condition.other
        return self.column(other) if isinstance(other, Property) else self.value(condition.property, other)

    def _sorted(self, text: ColumnElement[str]) -> ColumnElement[str]:
        return text if self._is_sqlite else text.collate("C")

    def _like(self, text: ColumnElement[str], pattern: tuple[str | Wildcard, ...]) -> ColumnElement[bool]:
        """Return a match that minds upper and lower case; SQLite's LIKE does not, its GLOB does."""
        any_, one, special = ("*", "?", "*?[") if self._is_sqlite else ("%", "_", "%_\\")
        quote = "[{}]" if self._is_sqlite else "\\{}"
        parts = []
        for part in pattern:
            if isinstance(part, Wildcard):
                parts.append(any_ if part is ANY else one)
            else:
                parts += [quote.format(letter) if letter in special else letter for letter in part]
        whole = "".join(parts)
        return func.glob(whole, text) == 1 if self._is_sqlite else text.like(whole, escape="\\")

    def _among(self, column: ColumnElement[int], numbers: list[int]) -> ColumnElement[bool]:
        """Return that a column has one of these numbers, which are one parameter: PostgreSQL takes 65 535 of them."""
        if self._is_sqlite:
            return column.in_(select(func.json_each(json.dumps(numbers)).table_valued("value").c.value))
        return column == any_(literal(numbers, ARRAY(Integer)))

    def _footprints(self, condition: Lies) -> list[int]:
        """Return the outlines that stand in a relation; there are about as many as jobs, and databases know no such."""
        shapely.prepare(condition.geometry)
        holds = getattr(shapely, _SEEN_FROM_THERE.get(condition.relation, condition.relation))
        found: list[int] = []
        for rows in self._db.execute(self._near(condition).execution_options(yield_per=_OUTLINES_AT_ONCE)).partitions():
            found += [row.id for row in rows if row.wkb is None]
            open_ = [row for row in rows if row.wkb is not None]
            # What is prepared comes first, or it does not count: then many vertices are looked at for each outline.
            stands = holds(condition.geometry, shapely.from_wkb([row.wkb for row in open_]))
            found += [row.id for row, stand in zip(open_, stands, strict=True) if stand]
        return found

    def _near(self, condition: Lies) -> Select[tuple[int, bytes | None]]:
        """Return a query of the outlines that may stand in a relation: NULL in place of one that is known to."""
        outline = footprints.c
        west, south, east, north = condition.geometry.bounds
        may = (outline.west <= east, outline.east >= west, outline.south <= north, outline.north >= south)
        inside = and_(outline.west >= west, outline.east <= east, outline.south >= south, outline.north <= north)
        is_box = condition.geometry.equals(condition.geometry.envelope)
        known = inside if is_box and condition.relation == "intersects" else false()
        wkb = case((known, null()), else_=outline.wkb).label("wkb")
        return select(outline.id, wkb).where(outline.tenant == self._tenant, *may)
