"""Where an order wants LAI: its AOI and its parcels, and what is wrong with them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from shapely.geometry.base import BaseGeometry

from jobs.aoi import Limits, read_area, read_polygon, shown, vertex_count
from jobs.errors import MOST_PROBLEMS, InvalidJob, Problem

UNLIMITED = Limits(max_vertices=10**9, max_order_vertices=10**9)
"""A geometry is read again, once checked, under whatever limits it was checked."""


@dataclass(frozen=True)
class Parcel:
    """A polygon whose LAI series is wanted.

    Attributes:
        id: from the property that the order names, else the feature's id, else its position.
        geometry: EPSG:4326.
        properties: the feature's own, given back with the series.
    """

    id: str
    geometry: BaseGeometry
    properties: dict[str, Any]


def parcels_of(collection: dict[str, Any], key: str | None) -> tuple[Parcel, ...]:
    """Return the parcels of a checked FeatureCollection in their order.

    Args:
        collection: GeoJSON; an empty object has none.
        key: property that names a parcel.
    """
    return tuple(
        Parcel(_parcel_id(feature, i, key), _geometry(feature), feature.get("properties") or {})
        for i, feature in enumerate(collection.get("features", []))
    )


def _geometry(feature: dict[str, Any]) -> BaseGeometry:
    return read_polygon(feature["geometry"], "/parcels", UNLIMITED)


def geometry_problems(payload: dict[str, Any], limits: Limits) -> list[Problem]:
    """Return what is wrong with the AOI and the parcels of an order, each on its own and together."""
    problems: list[Problem] = []
    aoi, parcels = payload.get("aoi"), payload.get("parcels")
    if aoi is None and parcels is None:
        return [Problem("/aoi", "aoi is missing: give an aoi, or parcels whose outline counts")]
    vertices = 0
    if aoi is not None:
        try:
            vertices += vertex_count(read_area(aoi, "/aoi", limits))
        except InvalidJob as error:
            problems += error.problems
    if parcels is not None:
        found, count = _parcel_problems(parcels, payload.get("parcel_id"), limits)
        problems, vertices = problems + found, vertices + count
    if vertices > limits.max_order_vertices:
        detail = f"the order has {vertices} vertices, at most {limits.max_order_vertices} are allowed: simplify"
        problems.append(Problem("/parcels" if parcels is not None else "/aoi", detail))
    return problems


def _parcel_problems(parcels: Any, key: Any, limits: Limits) -> tuple[list[Problem], int]:  # noqa: ANN401
    features = parcels.get("features") if isinstance(parcels, dict) else None
    if not isinstance(features, list) or not features or parcels.get("type") != "FeatureCollection":
        return [Problem("/parcels", "parcels must be a FeatureCollection with at least one feature")], 0
    if len(features) > limits.max_parcels:
        detail = f"parcels has {len(features)} features, at most {limits.max_parcels} are allowed"
        return [Problem("/parcels", f"{detail}: order them as several jobs")], 0
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    vertices = 0
    for i, feature in enumerate(features):
        if len(problems) > MOST_PROBLEMS:
            break
        pointer = f"/parcels/features/{i}"
        if not isinstance(feature, dict):
            problems.append(Problem(pointer, f"parcels feature {i} is {shown(feature)}, not a Feature"))
            continue
        try:
            vertices += vertex_count(read_polygon(feature.get("geometry"), pointer + "/geometry", limits))
        except InvalidJob as error:
            problems += error.problems
        if not isinstance(feature.get("properties") or {}, dict):
            problems.append(
                Problem(
                    pointer + "/properties", f"parcels feature {i} has properties that are no object: give {{}} or null"
                )
            )
            continue
        name = _parcel_id(feature, i, key if isinstance(key, str) else None)
        if name in seen:
            detail = f"parcels {seen[name]} and {i} share the id {shown(name)}: ids must differ"
            problems.append(Problem(pointer, f"{detail}; parcel_id names their property"))
        seen.setdefault(name, i)
    return problems, vertices


def _parcel_id(feature: dict[str, Any], position: int, key: str | None) -> str:
    properties = feature.get("properties") or {}
    candidates = (properties.get(key) if key else None, feature.get("id"), position)
    value = next(c for c in candidates if c is not None)
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        value = int(value)  # JSON has one kind of number: 7 and 7.0 are one id
    return str(value)
