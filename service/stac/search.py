"""A search on its way in: its members, already JSON, checked one by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jobs.aoi import shown
from jobs.item_book import NEWEST_FIRST, ItemSearch, Order
from jobs.item_filter import Condition, Lies
from service.moments import read_interval
from service.refusal import refused
from service.stac.fields import Fields, read_fields
from service.stac.filters import read_json, read_text
from service.stac.geometry import read_bbox, read_geometry
from service.stac.members import CRS84, OF_SEARCHES
from service.stac.names import known_property
from service.stac.query import read_query

LONGEST_PAGE, USUAL_PAGE = 500, 100
MOST_IDS = 1000


@dataclass(frozen=True)
class Asked:
    """A search and what is wanted of its answer.

    Attributes:
        search: which items.
        limit: how many on a page.
        token: where the page begins; None for the first.
        fields: which members of items; None for all.
    """

    search: ItemSearch
    limit: int
    token: str | None
    fields: Fields | None


def read_search(members: dict[str, Any], max_vertices: int) -> Asked:
    """Return what a search asks for.

    Args:
        members: as in a body.
        max_vertices: of one geometry.

    Raises:
        HttpProblem: 400 naming the member, its value and the cure.
    """
    members = {name: value for name, value in members.items() if value is not None}
    for name in members:
        if name not in OF_SEARCHES:
            raise refused(name, f"{shown(name)} is no member of a search; known are {', '.join(OF_SEARCHES)}")
    begin, end = read_interval(members["datetime"], "datetime") if "datetime" in members else (None, None)
    search = ItemSearch(
        collections=_ids(members, "collections"),
        ids=_ids(members, "ids"),
        begin=begin,
        end=end,
        conditions=(*_places(members, max_vertices), *_conditions(members, max_vertices)),
        order=_order(members.get("sortby")),
    )
    token = members.get("token")
    if not isinstance(token, str | None):
        raise refused("token", f"{shown(token)} is no text; take it from a page's next link")
    return Asked(search, read_limit(members.get("limit", USUAL_PAGE)), token, _fields(members))


def read_limit(value: object) -> int:
    """Return how many are wanted on a page; more than there may be become as many as there may be.

    Raises:
        HttpProblem: 400, it is no number from 1.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise refused("limit", f"{shown(value)} is no whole number from 1")
    return min(value, LONGEST_PAGE)


def _ids(members: dict[str, Any], name: str) -> tuple[str, ...] | None:
    """Return the ids that are asked for; an empty list asks for none in particular."""
    value = members.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise refused(name, f"{shown(value)} is no list of ids")
    if len(value) > MOST_IDS:
        raise refused(name, f"there are {len(value)}, at most {MOST_IDS} can be asked for: ask in several searches")
    return tuple(value) or None


def _places(members: dict[str, Any], max_vertices: int) -> list[Condition]:
    if "bbox" in members and "intersects" in members:
        raise refused("intersects", "cannot be asked for together with bbox; leave one of them out")
    if "bbox" in members:
        return [Lies("intersects", read_bbox(members["bbox"], "bbox"))]
    if "intersects" in members:
        return [Lies("intersects", read_geometry(members["intersects"], "intersects", max_vertices))]
    return []


def _conditions(members: dict[str, Any], max_vertices: int) -> list[Condition]:
    found = [read_query(members["query"], "query")] if "query" in members else []
    crs = members.get("filter-crs", CRS84)
    if crs != CRS84:
        raise refused("filter-crs", f"{shown(crs)} is not spoken here; give longitude and latitude, {CRS84}")
    if "filter" in members:
        found.append(_filter(members["filter"], members.get("filter-lang"), max_vertices))
    return found


def _filter(value: object, language: object, max_vertices: int) -> Condition:
    """Return the condition of a filter, whose language may be told by its form."""
    spoken = "cql2-text" if isinstance(value, str) else "cql2-json"
    if language not in (None, spoken):
        raise refused("filter-lang", f"{shown(language)} is asked for, but the filter is {spoken}")
    return (
        read_text(value, "filter", max_vertices) if isinstance(value, str) else read_json(value, "filter", max_vertices)
    )


def _order(value: object) -> tuple[Order, ...]:
    if value is None or value == []:
        return NEWEST_FIRST
    if not isinstance(value, list):
        raise refused("sortby", f"{shown(value)} is no list of objects of field and direction")
    found: dict[str, Order] = {}
    for i, key in enumerate(value):
        at = f"sortby/{i}"
        if not isinstance(key, dict):
            raise refused(at, f"{shown(key)} is no object of field and direction")
        direction = key.get("direction", "asc")
        if direction not in ("asc", "desc"):
            raise refused(f"{at}/direction", f"{shown(direction)} is neither asc nor desc")
        wanted = known_property(key.get("field"), f"{at}/field")
        found.setdefault(wanted.name, Order(wanted, direction == "desc"))  # said again, it changes nothing
    return tuple(found.values())


def _fields(members: dict[str, Any]) -> Fields | None:
    return read_fields(members["fields"], "fields") if "fields" in members else None
