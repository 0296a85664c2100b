"""The fields extension, 1.0.0: which members of items are sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.aoi import shown
from service.refusal import refused

Path = tuple[str, ...]

_NAMES = ("type", "stac_version", "id", "collection")
"""What an item is; small, and sent unless it is excluded."""
_LEAST = (*_NAMES, "geometry", "bbox", "links", "assets", "properties.datetime")
"""The least that is a valid item: sent where nobody says what to include."""

MOST_NAMES = 200


@dataclass(frozen=True)
class Fields:
    """Which members are wanted.

    Attributes:
        said: by the way to a member, whether it and all below it are wanted; what is said further down goes first.
        others: whether those are wanted of which nothing is said.
    """

    said: Mapping[Path, bool]
    others: bool

    def of(self, item: dict[str, Any]) -> dict[str, Any]:
        """Return the members of an item that are wanted, in the item's own order."""
        return self._of_part(item, (), self.others)

    def _of_part(self, part: dict[str, Any], way: Path, usually: bool) -> dict[str, Any]:
        found = {}
        for name, value in part.items():
            here = (*way, name)
            wanted = self.said.get(here, usually)
            if isinstance(value, dict) and self._speak_of_what_is_below(here):
                inner = self._of_part(value, here, wanted)
                if wanted or inner:
                    found[name] = inner
            elif wanted:
                found[name] = value
        return found

    def _speak_of_what_is_below(self, way: Path) -> bool:
        return any(len(one) > len(way) and one[: len(way)] == way for one in self.said)


def read_fields(value: object, member: str) -> Fields:
    """Return the fields that an object of `include` and `exclude` asks for; names of deeper members have dots.

    As the extension recommends: what is included is all that is sent; where there are exclusions alone, everything
    else is; an empty or null `include` means the least that is a valid item, without what is excluded.

    Raises:
        HttpProblem: 400, it is no such object.
    """
    if not isinstance(value, dict) or set(value) - {"include", "exclude"}:
        raise refused(member, f"{shown(value)} is no object of include and exclude")
    include, exclude = (_ways(value.get(name), f"{member}/{name}") for name in ("include", "exclude"))
    excluded = dict.fromkeys(exclude, False)
    if "include" not in value and exclude:
        return Fields(excluded, others=True)
    base = [way for way in map(_way, _NAMES if include else _LEAST) if not any(way[: len(no)] == no for no in exclude)]
    return Fields(excluded | dict.fromkeys([*base, *include], True), others=False)


def _ways(names: object, member: str) -> list[Path]:
    names = names or []
    if not isinstance(names, list) or len(names) > MOST_NAMES or not all(isinstance(one, str) for one in names):
        raise refused(member, f"{shown(names)} is no list of at most {MOST_NAMES} names")
    return [_way(name) for name in names]


def _way(name: str) -> Path:
    return tuple(name.split("."))
