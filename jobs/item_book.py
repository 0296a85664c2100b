"""Searching what jobs have published; a page begins where the one before ended, whatever came in between."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, false, func, or_, select, tuple_

from jobs.database import Database
from jobs.item_filter import Condition, Translator
from jobs.published import Document
from jobs.searchable import COLUMNS, PROPERTIES, Property, is_number, moment_of, moment_text
from jobs.tables import collections, items

PAGE_BYTES = 8 * 2**20
"""Of the documents of a page, unpacked: each item names every scene of its job, which may be half a megabyte."""
_ROWS_AT_ONCE = 20


@dataclass(frozen=True)
class Order:
    """By which property items are sorted; those without it come last either way."""

    property: Property
    descending: bool = False


NEWEST_FIRST = (Order(PROPERTIES["datetime"], descending=True),)
_TIES = (Order(PROPERTIES["collection"]), Order(PROPERTIES["id"]))


@dataclass(frozen=True)
class ItemSearch:
    """Which items are wanted, and in which order; what is None is not asked about.

    Attributes:
        collections: ids, one of which the item's has.
        ids: one of which the item has.
        begin, end: bounds on its datetime, inclusive.
        conditions: all of which hold.
        order: the first one counts most.
    """

    collections: tuple[str, ...] | None = None
    ids: tuple[str, ...] | None = None
    begin: datetime | None = None
    end: datetime | None = None
    conditions: tuple[Condition, ...] = ()
    order: tuple[Order, ...] = NEWEST_FIRST

    @property
    def keys(self) -> tuple[Order, ...]:
        """By what items are sorted until no two are equal."""
        named = {order.property.name for order in self.order}
        return self.order + tuple(order for order in _TIES if order.property.name not in named)


@dataclass(frozen=True)
class Page:
    """Some documents, how many there are on all pages, and the cursor of the next page; None on the last one.

    There are fewer of them than were asked for where these would be more than PAGE_BYTES, but one at least.
    """

    documents: list[Document]
    matched: int
    next: str | None


class ItemBook:
    """The published collections and items of the job book; all questions are asked for one tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collection(self, tenant: str, collection_id: UUID) -> Document | None:
        """Return the collection of a job, or None where it has none."""
        wanted = (collections.c.tenant == tenant, collections.c.job_id == str(collection_id))
        with self._database.read() as db:
            row = db.execute(select(collections.c.key, collections.c.document).where(*wanted)).one_or_none()
        return Document(row.key, row.document) if row else None

    def item(self, tenant: str, collection_id: UUID, item_id: str) -> Document | None:
        """Return an item of a job, or None where it has no such."""
        wanted = (items.c.tenant == tenant, items.c.job_id == str(collection_id), items.c.item_id == item_id)
        with self._database.read() as db:
            row = db.execute(select(items.c.key, items.c.document).where(*wanted)).one_or_none()
        return Document(row.key, row.document) if row else None

    def collections(self, tenant: str, *, limit: int, after: str | None = None) -> Page:
        """Return a page of collections, newest first.

        Raises:
            ValueError: the cursor is none of ours.
        """
        mine = select(collections).where(collections.c.tenant == tenant)
        position = (collections.c.entered, collections.c.job_id)
        query = mine.order_by(*(column.desc() for column in position)).limit(limit + 1)
        if after is not None:
            moment, job_id = _unpacked(after, (PROPERTIES["datetime"], PROPERTIES["collection"]))
            query = query.where(tuple_(*position) < tuple_(moment, job_id))
        with self._database.read() as db:
            matched = db.execute(select(func.count()).select_from(mine.subquery())).scalar_one()
            with closing(db.execute(query.execution_options(yield_per=_ROWS_AT_ONCE))) as found:
                rows, more = _page_of(found, limit)
        last = (rows[-1].entered, rows[-1].job_id) if more else ()
        return Page([Document(row.key, row.document) for row in rows], matched, _packed(last) if more else None)

    def search(self, tenant: str, wanted: ItemSearch, *, limit: int, after: str | None = None) -> Page:
        """Return a page of items.

        Args:
            tenant: whose.
            wanted: which of them.
            limit: most items on the page.
            after: cursor from the page before, which was asked for in the same order.

        Raises:
            ValueError: the cursor is none of ours.
        """
        with self._database.read() as db:
            translator = Translator(db, self._database, tenant)
            conditions = [*_narrowed(tenant, wanted), *map(translator.sql, wanted.conditions)]
            matched = db.execute(select(func.count()).select_from(items).where(*conditions)).scalar_one()
            query = _page_query(translator, wanted, conditions, after).limit(limit + 1)
            with closing(db.execute(query.execution_options(yield_per=_ROWS_AT_ONCE))) as found:
                rows, more = _page_of(found, limit)
        documents = [Document(row.key, row.document) for row in rows]
        return Page(documents, matched, _packed(rows[-1][2:]) if more else None)


def _page_of(found: Iterable[Row[Any]], limit: int) -> tuple[list[Row[Any]], bool]:
    """Return the rows with documents that a page has room for, and whether there are more."""
    page: list[Row[Any]] = []
    room = PAGE_BYTES
    for row in found:
        room -= Document(row.key, row.document).size
        if page and (len(page) == limit or room < 0):
            return page, True
        page.append(row)
    return page, False


def _narrowed(tenant: str, wanted: ItemSearch) -> list[ColumnElement[bool]]:
    found = [items.c.tenant == tenant]
    if wanted.collections is not None:
        found.append(items.c.job_id.in_(wanted.collections))
    if wanted.ids is not None:
        found.append(items.c.item_id.in_(wanted.ids))
    if wanted.begin is not None:
        found.append(items.c.datetime >= wanted.begin)
    if wanted.end is not None:
        found.append(items.c.datetime <= wanted.end)
    return found


def _page_query(
    translator: Translator, wanted: ItemSearch, conditions: Sequence[ColumnElement[bool]], after: str | None
) -> Select[Any]:
    """Return the query of a page: key and document of each item, then the values it is sorted by."""
    keys = wanted.keys
    columns = [translator.column(order.property) for order in keys]
    query = select(items.c.key, items.c.document, *(c.label(f"by{i}") for i, c in enumerate(columns)))
    if after is not None:
        position = _unpacked(after, [order.property for order in keys])
        query = query.where(_beyond(translator, keys, columns, position))
    turns = [
        turn
        for order, column in zip(keys, columns, strict=True)
        for turn in (column.is_(None), column.desc() if order.descending else column.asc())
    ]
    return query.where(*conditions).order_by(*turns)


def _beyond(
    translator: Translator, keys: Sequence[Order], columns: Sequence[ColumnElement[Any]], position: Sequence[Any]
) -> ColumnElement[bool]:
    """Return what holds for the items after a position: equal in the first keys, and beyond it in the next one."""
    found: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for order, column, at in zip(keys, columns, position, strict=True):
        if at is None:  # nothing but ties stands beyond those that have no value
            found.append(false())
            equal.append(column.is_(None))
            continue
        value = translator.value(order.property, at)
        farther = column < value if order.descending else column > value
        found.append(and_(*equal, or_(farther, column.is_(None))))
        equal.append(column == value)
    return or_(*found)


def _packed(position: Sequence[Any]) -> str:
    """Return a position as a cursor."""
    values = [moment_text(value) if isinstance(value, datetime) else value for value in position]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _unpacked(text: str, properties: Sequence[Property]) -> list[Any]:
    """Return the position that a cursor names, each value of its property's kind."""
    try:
        values = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        if not isinstance(values, list) or len(values) != len(properties):
            raise ValueError("another order")
        return [_checked(value, known) for value, known in zip(values, properties, strict=True)]
    except (ValueError, binascii.Error, RecursionError, OverflowError) as error:
        raise ValueError(f"{text!r} is no cursor of this search") from error


def _checked(value: Any, known: Property) -> Any:  # noqa: ANN401 - JSON of any kind
    if value is None and known.name not in COLUMNS:
        return None
    if known.kind == "number" and is_number(value):
        return value
    if known.kind == "boolean" and isinstance(value, bool):
        return value
    if known.kind == "time" and isinstance(value, str):
        return moment_of(value).astimezone(UTC)  # OverflowError at the ends of the calendar
    if known.kind == "text" and isinstance(value, str) and "\0" not in value:
        value.encode()  # half a surrogate pair is none of ours either
        return value
    raise ValueError(f"{value!r} is no {known.kind}")
