"""The order as the OpenAPI describes it: every member of a job's inputs, in the words of a customer.

Kinds, bounds and defaults come from `JobRequest` itself; here are the words, and what only this service knows.
"""

from __future__ import annotations

from typing import Any

from jobs.job import JobRequest, Limits

AREA_TYPES = ["Polygon", "MultiPolygon", "Feature", "FeatureCollection"]


def order_schema(limits: Limits, catalogs: tuple[str, ...], default_catalog: str | None) -> dict[str, Any]:
    """Return the schema of the body of `POST /jobs`; unknown members are refused."""
    kinds = JobRequest.model_json_schema()["properties"]
    own = {
        "aoi": _aoi(),
        "parcels": _parcels(),
        "dates": {"minItems": 1, "maxItems": limits.max_dates},
        "catalog": _catalog(catalogs, default_catalog),
    }
    words = _descriptions(limits)
    return {
        "title": "order",
        "type": "object",
        "additionalProperties": False,
        "required": ["start", "end"],
        "anyOf": [{"required": ["aoi"]}, {"required": ["parcels"]}],
        "properties": {
            name: {**_present(kind), **own.get(name, {}), "description": words[name]} for name, kind in kinds.items()
        },
    }


def _present(kind: dict[str, Any]) -> dict[str, Any]:
    """Return a member's schema as it is when the member is there: null is no value of its own."""
    plain = {name: value for name, value in kind.items() if name not in ("anyOf", "title", "default")}
    if kind.get("default") is not None:
        plain["default"] = kind["default"]
    for choice in kind.get("anyOf", []):
        if choice.get("type") != "null":
            plain |= choice
    return plain


def _aoi() -> dict[str, Any]:
    return {"required": ["type"], "properties": {"type": {"type": "string", "enum": AREA_TYPES}}}


def _parcels() -> dict[str, Any]:
    return {
        "required": ["type", "features"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "features": {"type": "array", "minItems": 1, "items": {"type": "object"}},
        },
    }


def _catalog(names: tuple[str, ...], default: str | None) -> dict[str, Any]:
    schema: dict[str, Any] = {"enum": list(names)} if names else {}
    return schema | ({"default": default} if default is not None else {})


def _descriptions(limits: Limits) -> dict[str, str]:
    return {
        "aoi": "Where: GeoJSON in longitude and latitude, within one UTM zone; at most "
        f"{limits.max_area_km2:g} km² and {limits.max_vertices} vertices per geometry. "
        "Without it, the outline of the parcels counts",
        "parcels": "Polygons whose LAI series are wanted, as a GeoJSON FeatureCollection",
        "parcel_id": "Property that identifies a parcel; else the feature's id, else its position",
        "start": "First day of the output, UTC; not before 2014-10-01",
        "end": "Last day of the output, UTC; not after today",
        "dates": "The days wanted, each within start and end; excludes step_days",
        "step_days": "A date every so many days from start on; 5 where no dates are given; excludes dates",
        "context_days": "Scenes are read from so many days before start until so many after end",
        "resolution": "Metres; 10 is the 20 m network on inputs resampled to 10 m (effective 20 m)",
        "catalog": "Name of a catalogue that this service knows",
        "model": "Which reconstruction",
        "weights": "Which published weights",
        "adapt": "Adapt the networks to the clear pixels of the AOI",
        "seed": "Same order, same seed, same hardware: same bytes",
        "extra_assets": "Further rasters to publish beside lai and its sigma",
    }
