"""The order as the OpenAPI describes it: every member of a job's inputs, in the words of a customer.

What makes an order valid is decided in one place, `JobRequest.parse`; this page of it is for people and tools.
"""

from __future__ import annotations

from typing import Any

from jobs.job import Limits

_DAY = {"type": "string", "format": "date"}


def order_schema(limits: Limits, catalogs: tuple[str, ...], default_catalog: str | None) -> dict[str, Any]:
    """Return the schema of the body of `POST /jobs`; unknown members are refused."""
    return {
        "title": "order",
        "type": "object",
        "additionalProperties": False,
        "required": ["start", "end"],
        "anyOf": [{"required": ["aoi"]}, {"required": ["parcels"]}],
        "properties": {
            **_place(limits),
            **_time(limits),
            "catalog": _catalog(catalogs, default_catalog),
            **_method(),
        },
    }


def _place(limits: Limits) -> dict[str, Any]:
    geojson_type = ["Polygon", "MultiPolygon", "Feature", "FeatureCollection"]
    return {
        "aoi": {
            "type": "object",
            "required": ["type"],
            "properties": {"type": {"type": "string", "enum": geojson_type}},
            "description": "Where: GeoJSON in longitude and latitude. At most "
            f"{limits.max_area_km2:g} km² and {limits.max_vertices} vertices per geometry. "
            "Without it, the outline of the parcels counts",
        },
        "parcels": {
            "type": "object",
            "required": ["type", "features"],
            "properties": {
                "type": {"type": "string", "enum": ["FeatureCollection"]},
                "features": {"type": "array", "minItems": 1, "items": {"type": "object"}},
            },
            "description": "Polygons whose LAI series are wanted, as a GeoJSON FeatureCollection",
        },
        "parcel_id": {
            "type": "string",
            "description": "Property that identifies a parcel; else the feature's id, else its position",
        },
    }


def _time(limits: Limits) -> dict[str, Any]:
    return {
        "start": {**_DAY, "description": "First day of the output, UTC; not before 2014-10-01"},
        "end": {**_DAY, "description": "Last day of the output, UTC; not after today"},
        "dates": {
            "type": "array",
            "minItems": 1,
            "maxItems": limits.max_dates,
            "items": _DAY,
            "description": "The days wanted, each within start and end; excludes step_days",
        },
        "step_days": {
            "type": "integer",
            "minimum": 1,
            "description": "A date every so many days from start on; 5 where no dates are given; excludes dates",
        },
        "context_days": {
            "type": "integer",
            "minimum": 0,
            "default": 180,
            "description": "Scenes are read from so many days before start until so many after end",
        },
    }


def _catalog(catalogs: tuple[str, ...], default: str | None) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "description": "Name of a catalogue that this service knows"}
    if catalogs:
        schema["enum"] = list(catalogs)
    if default is not None:
        schema["default"] = default
    return schema


def _method() -> dict[str, Any]:
    return {
        "resolution": {
            "type": "integer",
            "enum": [20, 10],
            "default": 20,
            "description": "Metres; 10 is the 20 m network on inputs resampled to 10 m (effective 20 m)",
        },
        "model": {"type": "string", "default": "default", "description": "Which reconstruction"},
        "weights": {"type": "string", "default": "release", "description": "Which published weights"},
        "adapt": {
            "type": "boolean",
            "default": True,
            "description": "Adapt the networks to the clear pixels of the AOI",
        },
        "seed": {
            "type": "integer",
            "minimum": 0,
            "default": 0,
            "description": "Same order, same seed, same hardware: same bytes",
        },
        "extra_assets": {
            "type": "array",
            "uniqueItems": True,
            "items": {"type": "string", "enum": ["predicted", "fused"]},
            "description": "Further rasters to publish beside lai and its sigma",
        },
    }
