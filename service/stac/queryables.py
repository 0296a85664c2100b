"""What can be searched by, as JSON Schema."""

from __future__ import annotations

from typing import Any

from jobs.searchable import PROPERTIES, Kind

SCHEMA_JSON = "application/schema+json"

_SCHEMA_OF: dict[Kind, dict[str, str]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "time": {"type": "string", "format": "date-time"},
}
_GEOMETRY = {"title": "Outline of the item", "$ref": "https://geojson.org/schema/Geometry.json"}


def queryables(href: str) -> dict[str, Any]:
    """Return the properties that filters may name.

    Args:
        href: absolute URL of this document.
    """
    properties = {known.name: {"title": known.title} | _SCHEMA_OF[known.kind] for known in PROPERTIES.values()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": href,
        "type": "object",
        "title": "What items can be searched by",
        "properties": properties | {"geometry": _GEOMETRY},
        "additionalProperties": False,
    }
