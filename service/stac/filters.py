"""The filter of a search: CQL2, as JSON or as text, read into conditions that the job book understands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, cast, get_args

import cql2

from jobs.aoi import shown
from jobs.item_filter import (
    ANY,
    ONE,
    All,
    Compare,
    Comparison,
    Condition,
    Either,
    Lies,
    Like,
    Missing,
    Not,
    Relation,
    Wildcard,
)
from jobs.searchable import Property
from service.body import depth_within
from service.moments import read_bounds, read_span
from service.refusal import refused
from service.stac.geometry import read_bbox, read_geometry
from service.stac.names import comparison, known_property, one_of, within_time

LONGEST_TEXT, MOST_SIGNS = 10_000, 400
_SIGN = re.compile(r"[(=<>^*/%+-]|not", re.IGNORECASE)
"""What opens a level in the parser's recursion, which knows no bound: thousands of them would end this process."""

MOST_CONDITIONS, DEEPEST = 300, 32
"""Databases take expressions of a thousand parts; a condition on time is two of them."""
MOST_PLACES = 10
"""Each is compared with every outline near it, outside the database."""
SEVERAL = "ask in several searches"

_COMPARISONS: tuple[str, ...] = get_args(Comparison)
_RELATIONS = {f"s_{name}": name for name in get_args(Relation)}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "t_after": "t_before", "t_before": "t_after"}
_TIMES = ("t_after", "t_before", "t_equals", "t_intersects", "t_disjoint", "t_during")
_KNOWN = ("and", "or", "not", *_COMPARISONS, "isNull", "between", "in", "like", *_RELATIONS, "s_disjoint", *_TIMES)
_PATTERN = re.compile(r"\\(?P<escaped>.)|(?P<any>%)|(?P<one>_)|(?P<plain>[^\\%_]+|\\$)", re.DOTALL)


def read_text(text: str, member: str, max_vertices: int) -> Condition:
    """Return the condition that CQL2 text says.

    Raises:
        HttpProblem: 400, it cannot be parsed, or asks for what `read_json` refuses.
    """
    signs = len(_SIGN.findall(text))
    if len(text) > LONGEST_TEXT or signs > MOST_SIGNS:
        said = f"{len(text)} characters with {signs} brackets and operators"
        limits = f"at most {LONGEST_TEXT} with {MOST_SIGNS} are read"
        raise refused(member, f"the text has {said}, {limits}; send it as cql2-json by POST")
    try:
        node = cql2.parse_text(text).to_json()
    except cql2.ParseError as error:
        where = " ".join(str(error).split())
        raise refused(member, f"{shown(text)} is no CQL2 text: {where[:300]}") from None
    return read_json(node, member, max_vertices)


def read_json(node: object, member: str, max_vertices: int) -> Condition:
    """Return the condition that CQL2 JSON says.

    Raises:
        HttpProblem: 400 naming the place: an unknown operator or property, a value of another kind, too many parts.
    """
    if not depth_within(node, DEEPEST):
        raise refused(member, f"it nests more than {DEEPEST} levels deep: write it flatter")
    return _Reader(max_vertices).condition(node, member)


@dataclass
class _Reader:
    """Reads one filter, counting its conditions."""

    max_vertices: int
    conditions: int = 0
    places: int = 0

    def condition(self, node: object, at: str) -> Condition:
        if isinstance(node, bool):
            return All(()) if node else Either(())
        self._count(1, at)
        name = _property_name(node)
        if name is not None:
            return comparison(known_property(name, at), "=", True, at)
        op, args, at = _operation(node, at)
        if op in ("and", "or"):
            found = tuple(self.condition(arg, f"{at}/{i}") for i, arg in enumerate(args))
            return All(found) if op == "and" else Either(found)
        if op == "not":
            return Not(self.condition(args[0], f"{at}/0"))
        if op in _RELATIONS or op == "s_disjoint":
            return self._spatial(op, args, at)
        if op in _TIMES:
            return _temporal(op, args, at)
        if op in _COMPARISONS:
            return _comparison(cast("Comparison", op), args, at)
        return self._of_property(op, args, at)

    def _of_property(self, op: str, args: list[Any], at: str) -> Condition:
        """Return a condition whose first argument must be a property."""
        beside = _property(args[0], f"{at}/0")
        if op == "isNull":
            return Missing(beside)
        if op == "between":
            return All(
                (
                    comparison(beside, ">=", _time(args[1]), f"{at}/1"),
                    comparison(beside, "<=", _time(args[2]), f"{at}/2"),
                )
            )
        if op == "like":
            if beside.kind != "text" or not isinstance(args[1], str):
                raise refused(f"{at}/1", f"{shown(args[1])} cannot be matched with {beside.name}: both must be texts")
            return Like(beside, _pattern(args[1]))
        if not isinstance(args[1], list):
            raise refused(f"{at}/1", f"{shown(args[1])} is no list of values")
        self._count(len(args[1]), at)
        return one_of(beside, [_time(value) for value in args[1]], f"{at}/1")

    def _spatial(self, op: str, args: list[Any], at: str) -> Condition:
        sides = [_property_name(arg) for arg in args]
        if sorted(side in ("geometry", "properties.geometry") for side in sides) != [False, True]:
            raise refused(at, f"{op} compares the property geometry with a GeoJSON geometry; give one of each")
        self.places += 1
        if self.places > MOST_PLACES:
            cure = f"join geometries to one MultiPolygon or MultiPoint, or {SEVERAL}"
            raise refused(at, f"here the filter has more than {MOST_PLACES} spatial conditions: {cure}")
        other = 0 if sides[1] else 1
        geometry = self._geometry(args[other], f"{at}/{other}")
        if op == "s_disjoint":
            return Not(Lies("intersects", geometry))
        relation = _RELATIONS[op]
        if other == 0:  # the geometry comes first: it lies within the item where the item contains it
            relation = {"within": "contains", "contains": "within"}.get(relation, relation)
        return Lies(cast("Relation", relation), geometry)

    def _geometry(self, node: Any, at: str) -> Any:  # noqa: ANN401 - shapely is not typed
        if isinstance(node, dict) and "bbox" in node:
            return read_bbox(node["bbox"], f"{at}/bbox")
        return read_geometry(node, at, self.max_vertices)

    def _count(self, more: int, at: str) -> None:
        self.conditions += more
        if self.conditions > MOST_CONDITIONS:
            raise refused(at, f"here the filter has more than {MOST_CONDITIONS} conditions: {SEVERAL}")


_ARGUMENTS = {"not": 1, "isNull": 1, "between": 3}


def _operation(node: object, at: str) -> tuple[str, list[Any], str]:
    """Return operator and arguments of a node, and where its arguments are."""
    if not isinstance(node, dict) or not isinstance(node.get("op"), str):
        raise refused(at, f"{shown(node)} is no condition: give an object of op and args")
    op = node["op"]
    if op not in _KNOWN:
        raise refused(f"{at}/op", f"{shown(op)} is not understood; known are {', '.join(_KNOWN)}")
    args = node.get("args")
    if not isinstance(args, list):
        raise refused(f"{at}/args", f"{op} has {shown(args)} where it needs a list of arguments")
    if op in ("and", "or"):
        if not args:
            raise refused(f"{at}/args", f"{op} needs conditions")
    elif len(args) != _ARGUMENTS.get(op, 2):
        raise refused(f"{at}/args", f"{op} has {len(args)} arguments and needs {_ARGUMENTS.get(op, 2)}")
    return op, args, f"{at}/args"


def _property_name(node: object) -> Any:  # noqa: ANN401 - JSON of any kind
    return node.get("property") if isinstance(node, dict) else None


def _property(node: object, at: str) -> Property:
    name = _property_name(node)
    if name is None:
        raise refused(at, f"{shown(node)} stands where a property is needed, such as {{'property': 'datetime'}}")
    return known_property(name, at)


def _comparison(op: Comparison, args: list[Any], at: str) -> Condition:
    names = [_property_name(arg) for arg in args]
    if all(names):
        left, right = (_property(arg, f"{at}/{i}") for i, arg in enumerate(args))
        if left.kind != right.kind or (left.kind == "time" and left.name != right.name):
            raise refused(at, f"{left.name} and {right.name} are of different kinds and cannot be compared")
        return Compare(left, op, right)
    if not any(names):
        raise refused(at, f"{op} needs a property on one side, such as {{'property': 'gsd'}}, and a value on the other")
    if not names[0]:
        args, op = args[::-1], cast("Comparison", _MIRRORED.get(op, op))
    place = (0, 1) if names[0] else (1, 0)
    return comparison(_property(args[0], f"{at}/{place[0]}"), op, _time(args[1]), f"{at}/{place[1]}")


def _temporal(op: str, args: list[Any], at: str) -> Condition:
    """Return the relation of a time in the item to a moment, a day or an interval."""
    if not _property_name(args[0]):
        if op == "t_during":
            raise refused(at, "t_during needs the property first and the interval second")
        args, op = args[::-1], _MIRRORED.get(op, op)
    beside = _property(args[0], at)
    if beside.kind != "time":
        raise refused(at, f"{beside.name} is no time; {op} compares datetime or created")
    if isinstance(args[1], dict) and "interval" in args[1]:
        return _beside_interval(beside, op, args[1]["interval"], at)
    if op == "t_during":
        raise refused(at, f"t_during needs an interval, not {shown(args[1])}")
    plain = {"t_after": ">", "t_before": "<", "t_disjoint": "<>"}.get(op, "=")
    return within_time(beside, cast("Comparison", plain), read_span(_time(args[1]), at))


def _beside_interval(beside: Property, op: str, ends: Any, at: str) -> Condition:  # noqa: ANN401
    if not isinstance(ends, list) or len(ends) != 2:
        raise refused(at, f"{shown(ends)} is no interval of two ends")
    begin, end = read_bounds(_time(ends[0]), _time(ends[1]), at)
    before = Either(()) if begin is None else Compare(beside, "<", begin)
    after = Either(()) if end is None else Compare(beside, ">", end)
    match op:
        case "t_after":
            return after
        case "t_before":
            return before
        case "t_disjoint":
            return Either((before, after))
        case "t_intersects":
            return All((Not(before), Not(after)))
        case "t_during":
            inside = [] if begin is None else [Compare(beside, ">", begin)]
            return All((*inside, *([] if end is None else [Compare(beside, "<", end)])))
        case _:
            raise refused(at, "a moment equals no interval; use t_intersects or t_during")


def _time(node: Any) -> Any:  # noqa: ANN401 - JSON of any kind
    """Return the text of a timestamp or date; anything else as it is."""
    if isinstance(node, dict) and len(node) == 1:
        return node.get("timestamp", node.get("date", node))
    return node


def _pattern(text: str) -> tuple[str | Wildcard, ...]:
    """Return the parts of a pattern of `%`, `_` and escapes by a backslash."""
    parts: list[str | Wildcard] = []
    for match in _PATTERN.finditer(text):
        kind, part = str(match.lastgroup), match.group(str(match.lastgroup))
        parts.append({"any": ANY, "one": ONE}.get(kind, part))
    return tuple(parts)
