"""The fields extension: which members of items are sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from service.refusal import refused, shown

_ALWAYS = ("type", "stac_version", "id", "collection", "geometry", "bbox", "links", "assets", "properties.datetime")
"""What the extension sends unless it is excluded: the least that is a valid item."""

MOST_NAMES = 200


@dataclass(frozen=True)
class Fields:
    """Names of members, deeper ones with a dot: `properties.datetime`.

    Attributes:
        include: sent besides what is sent always.
        exclude: not sent.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def of(self, item: dict[str, Any]) -> dict[str, Any]:
        """Return the members of an item that are wanted, in the item's own order."""
        wanted: dict[str, Any] = {}
        for name in (*_ALWAYS, *self.include):
            _copy(item, wanted, name.split("."))
        for name in self.exclude:
            _remove(wanted, name.split("."))
        return {name: wanted[name] for name in item if name in wanted}


def read_fields(value: object, member: str) -> Fields:
    """Return the fields that an object of `include` and `exclude` asks for.

    Raises:
        HttpProblem: 400, it is no such object.
    """
    if not isinstance(value, dict) or set(value) - {"include", "exclude"}:
        raise refused(member, f"{shown(value)} is no object of include and exclude")
    lists = []
    for name in ("include", "exclude"):
        names = value.get(name) or []
        if not isinstance(names, list) or len(names) > MOST_NAMES or not all(isinstance(one, str) for one in names):
            raise refused(f"{member}/{name}", f"{shown(names)} is no list of at most {MOST_NAMES} names")
        lists.append(tuple(names))
    return Fields(*lists)


def _copy(source: dict[str, Any], target: dict[str, Any], path: list[str]) -> None:
    head, *rest = path
    if head not in source:
        return
    if not rest or not isinstance(source[head], dict):
        target[head] = source[head] if rest or not isinstance(source[head], dict) else dict(source[head])
        return
    _copy(source[head], target.setdefault(head, {}), rest)


def _remove(target: dict[str, Any], path: list[str]) -> None:
    head, *rest = path
    if not rest:
        target.pop(head, None)
    elif isinstance(target.get(head), dict):
        target[head] = dict(target[head])  # it may be the item's own
        _remove(target[head], rest)
