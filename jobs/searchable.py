"""What items can be searched by: their properties, each of one kind; values of any other kind are not kept."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

Kind = Literal["text", "number", "boolean", "time"]


@dataclass(frozen=True)
class Property:
    """One property that items can be searched and sorted by.

    Attributes:
        name: as in items.
        kind: of all its values.
        title: for people.
    """

    name: str
    kind: Kind
    title: str


PROPERTIES = {
    known.name: known
    for known in (
        Property("id", "text", "Id of the item, unique within its collection"),
        Property("collection", "text", "Id of the collection, which is that of the job"),
        Property("datetime", "time", "Date of the LAI"),
        Property("created", "time", "When the item was published"),
        Property("gsd", "number", "Pixel size, m"),
        Property("proj:code", "text", "Coordinate reference system of the rasters"),
        Property("clearleaf:observed_fraction", "number", "Share of pixels that the day itself shows clear, 0..1"),
        Property("clearleaf:origin", "text", "Where the LAI comes from: observed, reconstructed or mixed"),
        Property("clearleaf:days_to_clear", "number", "Days to the nearest clear observation, median of the pixels"),
        Property("clearleaf:effective_resolution_m", "number", "Size of the smallest thing to be told apart, m"),
        Property("clearleaf:method", "text", "Which reconstruction was delivered"),
        Property("clearleaf:weights", "text", "Published set of weights that was used"),
        Property("clearleaf:weights_sha256", "text", "Checksum of these weights"),
        Property("clearleaf:simulated", "boolean", "Whether the scenes were simulated"),
        Property("clearleaf:no_clear_scene", "boolean", "Whether there was no clear optical scene at all"),
        Property("clearleaf:no_radar", "boolean", "Whether there was no radar scene at all"),
    )
}
"""All of them by name; the first three are columns of the job book, the others are kept as one JSON object."""

COLUMNS = ("id", "collection", "datetime")


def kept(properties: dict[str, Any]) -> dict[str, Any]:
    """Return what the book keeps of an item's properties; moments become texts that sort as they do."""
    found = {name: _value(properties.get(name), known.kind) for name, known in PROPERTIES.items()}
    return {name: value for name, value in found.items() if value is not None and name not in COLUMNS}


def moment_text(moment: datetime) -> str:
    """Return a moment as text of fixed length in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment_of(text: str) -> datetime:
    """Return the moment of a published item's RFC 3339 text.

    Raises:
        ValueError: it is none.
    """
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def is_number(value: object) -> bool:
    """Return whether a JSON value is a number that a database can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 1e300 and not math.isnan(value)


def _value(value: Any, kind: Kind) -> Any:  # noqa: ANN401 - JSON of any kind
    match kind:
        case "number":
            return value if is_number(value) else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case "time":
            try:
                return moment_text(moment_of(value))
            except (TypeError, ValueError, OverflowError):
                return None
        case "text":
            return value if isinstance(value, str) else None
