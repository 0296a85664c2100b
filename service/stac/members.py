"""The members of a search as they come in a URL: texts, read into what a body says in JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from jobs.aoi import shown
from service.body import strict_object
from service.refusal import refused

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


@dataclass(frozen=True)
class Member:
    """One member of a search.

    Attributes:
        description: for people.
        schema: of its value in a body.
        from_text: makes that value of a parameter's text, or a ValueError of it.
    """

    description: str
    schema: dict[str, Any]
    from_text: Callable[[str], Any]


def from_parameters(parameters: Iterable[tuple[str, str]], allowed: Iterable[str], max_depth: int) -> dict[str, Any]:
    """Return the members of a search by URL as a body would hold them.

    Args:
        parameters: names and texts.
        allowed: names of the members that may be asked for here.
        max_depth: deepest nesting of JSON.

    Raises:
        HttpProblem: 400, a member is unknown here, comes twice or cannot be read.
    """
    allowed = tuple(allowed)
    found: dict[str, Any] = {}
    for name, text in parameters:
        if name not in allowed:
            raise refused(name, f"{shown(name)} cannot be asked for here; known are {', '.join(allowed)}")
        if name in found:
            raise refused(name, "is given twice; separate several values by commas")
        if "\0" in text:
            raise refused(name, "holds the character U+0000")
        try:
            is_json = name in ("query", "intersects") or (name == "filter" and text.lstrip().startswith("{"))
            found[name] = strict_object(text.encode(), max_depth) if is_json else MEMBERS[name].from_text(text)
        except ValueError as error:
            raise refused(name, f"{shown(text)} cannot be read: {error}") from None
    return found


def _texts(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def _sort_keys(text: str) -> list[dict[str, str]]:
    keys = [part.strip() for part in text.split(",") if part.strip()]  # a bare plus sign in a URL is a space
    return [{"field": key.lstrip("+-"), "direction": "desc" if key[0] == "-" else "asc"} for key in keys]


def _fields(text: str) -> dict[str, list[str]]:
    names = [part.strip() for part in text.split(",") if part.strip()]
    lists = {
        "include": [name.removeprefix("+") for name in names if name[0] != "-"],
        "exclude": [name[1:] for name in names if name[0] == "-"],
    }
    return {member: listed for member, listed in lists.items() if listed}  # an empty list would say something


_TEXT, _TEXTS = {"type": "string"}, {"type": "array", "items": {"type": "string"}}
_OBJECT = {"type": "object"}

MEMBERS = {
    "collections": Member("Ids of collections, one of which an item must be in", _TEXTS, _texts),
    "ids": Member("Ids of items", _TEXTS, _texts),
    "bbox": Member(
        "Box that an item must meet: west, south, east, north, degrees; west > east crosses the antimeridian",
        {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6},
        _numbers,
    ),
    "intersects": Member("GeoJSON geometry that an item must meet; not together with bbox", _OBJECT, str),
    "datetime": Member("A moment, a day, or an interval `from/to` of either; `..` is open", _TEXT, str),
    "limit": Member(
        "Items on one page; more than the service gives at once are not", {"type": "integer", "minimum": 1}, int
    ),
    "query": Member('Comparisons by property, such as `{"gsd": {"eq": 20}}`', _OBJECT, str),
    "filter": Member("CQL2, as text or as JSON", {"oneOf": [_TEXT, _OBJECT]}, str),
    "filter-lang": Member("Language of the filter", {"type": "string", "enum": ["cql2-text", "cql2-json"]}, str),
    "filter-crs": Member("Reference system of the filter's geometries", {"type": "string", "enum": [CRS84]}, str),
    "sortby": Member(
        "Properties to sort by; in a URL each with + or - before it, separated by commas",
        {"type": "array", "items": {"type": "object", "properties": {"field": _TEXT, "direction": _TEXT}}},
        _sort_keys,
    ),
    "fields": Member(
        "Members of items to send; in a URL names separated by commas, with - before those that are not wanted. "
        "With inclusions nothing else is sent, with exclusions alone everything else; deeper names have dots, and the "
        "deepest goes first",
        {"type": "object", "properties": {"include": _TEXTS, "exclude": _TEXTS}},
        _fields,
    ),
    "token": Member("Where the page begins; comes with the `next` link", _TEXT, str),
}
"""All of them by name."""

OF_SEARCHES = tuple(MEMBERS)
OF_ITEM_LISTS = tuple(name for name in MEMBERS if name != "intersects")
"""pystac-client repeats the collection's own id as `collections`."""
