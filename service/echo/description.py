"""What the echo takes and gives: one input of every kind that the standard knows, and an output of the same name."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from service.settings import ApiSettings
from service.statusinfo import OGC_REL, link

ECHO_ID = "echo"
MOST_GEOMETRIES = 5
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
IMAGE_TYPES = {"image/png": (b"\x89PNG\r\n\x1a\n",), "image/tiff; application=geotiff": (b"II*\0", b"MM\0*")}
"""Media types of images, with the bytes with which they begin."""
GEOMETRIES = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon")

_BBOX = {
    "type": "object",
    "format": "ogc-bbox",
    "required": ["bbox"],
    "additionalProperties": False,
    "properties": {
        "bbox": {
            "type": "array",
            "items": {"type": "number"},
            "oneOf": [{"minItems": n, "maxItems": n} for n in (4, 6)],
        },
        "crs": {"type": "string", "format": "uri", "default": CRS84},
    },
}
_GEOMETRY = {
    "type": "object",
    "format": "geojson-geometry",
    "required": ["type", "coordinates"],
    "properties": {"type": {"enum": list(GEOMETRIES)}, "coordinates": {"type": "array"}},
}

SCHEMAS: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "number": {"type": "number", "minimum": 0, "maximum": 10},
    "numbers": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 10},
    "object": {"type": "object"},
    "bbox": {"allOf": [{"format": "ogc-bbox"}, _BBOX]},
    "geometry": {"oneOf": [{"allOf": [{"format": "geojson-geometry"}, _GEOMETRY]}]},
    "image": {
        "oneOf": [
            {"type": "string", "format": "byte", "contentEncoding": "base64", "contentMediaType": media_type}
            for media_type in IMAGE_TYPES
        ]
    },
}
"""Of each value, by the name of the input and of the output."""

_WORDS = {
    "text": "A text",
    "number": "A number from 0 to 10",
    "numbers": "A list of two to ten whole numbers, which is one value",
    "object": "Any JSON object, as `value` of an object",
    "bbox": "A bounding box: four or six numbers, and the URI of their reference system",
    "geometry": f"A GeoJSON geometry, or a list of at most {MOST_GEOMETRIES}",
    "image": "A PNG or a GeoTIFF in base64, as `value` of an object with `mediaType`",
}


def echo_summary(settings: ApiSettings) -> dict[str, Any]:
    """Return the summary of the echo, ready for JSON."""
    href = f"{settings.public_url}/processes/{ECHO_ID}"
    return {
        "id": ECHO_ID,
        "version": version("clearleaf"),
        "title": "Echo",
        "description": "Gives back every input as the output of the same name; there for conformance suites.",
        "jobControlOptions": ["sync-execute"],
        "outputTransmission": ["value"],
        "links": [
            link(href, "self", "This process"),
            link(f"{href}/execution", OGC_REL + "execute", "POST values here"),
        ],
    }


def echo_description(settings: ApiSettings) -> dict[str, Any]:
    """Return the whole description of the echo, ready for JSON."""
    described = {
        name: {"title": name, "description": _WORDS[name], "schema": schema} for name, schema in SCHEMAS.items()
    }
    inputs = {
        name: part | {"minOccurs": 0, "maxOccurs": MOST_GEOMETRIES if name == "geometry" else 1}
        for name, part in described.items()
    }
    return echo_summary(settings) | {"inputs": inputs, "outputs": described}
