"""Areas in an order: GeoJSON in, checked polygons out; every refusal says where and what would cure it."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pyproj import Geod
from shapely import MultiPolygon, Polygon, make_valid, unary_union
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient
from shapely.validation import explain_validity

from jobs.crossings import TooManyCrossings, check_edges, union_of
from jobs.errors import InvalidJob, Problem

_GEOD = Geod(ellps="WGS84")
MAX_SPAN_DEG = 6.0
"""Wider than a UTM zone cannot be one job; an outline that seems to span the globe crosses the antimeridian."""

LEAST_AREA_DEG2 = 1e-12
"""About 100 cm²: smaller than that, a polygon is a line with rounding noise."""


@dataclass(frozen=True)
class Limits:
    """What one order may ask for.

    Attributes:
        max_area_km2: geodesic area; the grid around it may cover twice that.
        max_dates: output dates.
        max_vertices: of one geometry.
        max_order_vertices: of all geometries together.
        max_parcels: polygons whose series are wanted.
        max_series_rows: parcels times output dates.
    """

    max_area_km2: float = 2500
    max_dates: int = 400
    max_vertices: int = 10_000
    max_order_vertices: int = 200_000
    max_parcels: int = 10_000
    max_series_rows: int = 4_000_000

    @property
    def max_grid_km2(self) -> float:
        """Area of the output grid: every pixel of it is computed, also those between and beside the polygons.

        A triangle fills half of its grid and a circle three quarters; parts that lie far apart fill next to nothing.
        """
        return 2 * self.max_area_km2

    def without_caps(self) -> Limits:
        """Return limits under which an order may ask for any area and any number of dates, with parcels, too."""
        return replace(self, max_area_km2=math.inf, max_dates=sys.maxsize, max_series_rows=sys.maxsize)


def area_km2(geometry: BaseGeometry) -> float:
    """Return the geodesic area of a polygon or multipolygon in longitude and latitude, km², however it is wound."""
    areas = (_GEOD.geometry_area_perimeter(orient(polygon))[0] for polygon in _polygons(geometry))
    return sum(abs(float(area)) for area in areas) / 1e6


def vertex_count(geometry: BaseGeometry) -> int:
    """Return the number of vertices of a polygon or multipolygon, holes included."""
    return sum(len(ring.coords) for polygon in _polygons(geometry) for ring in (polygon.exterior, *polygon.interiors))


def _polygons(geometry: BaseGeometry) -> list[Polygon]:
    return list(geometry.geoms) if isinstance(geometry, MultiPolygon) else [geometry]


def read_area(value: Any, pointer: str, limits: Limits) -> BaseGeometry:  # noqa: ANN401 - GeoJSON of any kind
    """Return the polygon or multipolygon that a GeoJSON value of any kind describes, EPSG:4326.

    Args:
        value: Polygon, MultiPolygon, Feature or FeatureCollection.
        pointer: JSON pointer of the value in the order.
        limits: what one order may ask for.

    Raises:
        InvalidJob: it is no valid area; names the place and the cure.
    """
    parts, vertices = [], 0
    for geometry, where in _geometries(value, pointer):
        parts.append(read_polygon(geometry, where, limits))
        vertices += vertex_count(parts[-1])
        if vertices > limits.max_order_vertices:
            raise _refusal(pointer, f"has more than {limits.max_order_vertices} vertices: simplify it")
    if not parts:
        raise _refusal(pointer, "has no geometry: give a Polygon or MultiPolygon")
    return parts[0] if len(parts) == 1 else outline(parts, pointer)


def _geometries(value: Any, pointer: str) -> Iterator[tuple[Any, str]]:  # noqa: ANN401
    if not isinstance(value, dict):
        raise _refusal(pointer, f"is {type(value).__name__}, not a GeoJSON object")
    kind = value.get("type")
    if kind == "FeatureCollection":
        features = value.get("features")
        if not isinstance(features, list):
            raise _refusal(pointer + "/features", "is missing: a FeatureCollection needs a list of features")
        for i, feature in enumerate(features):
            yield from _geometries(feature, f"{pointer}/features/{i}")
    elif kind == "Feature":
        yield value.get("geometry"), pointer + "/geometry"
    else:
        yield value, pointer


def read_polygon(value: Any, pointer: str, limits: Limits) -> BaseGeometry:  # noqa: ANN401
    """Return one checked polygon or multipolygon; arguments and errors as in `read_area`."""
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise _refusal(pointer, f"has type {kind!r}: give a Polygon or MultiPolygon")
    rings = _rings(value.get("coordinates"), kind, pointer)
    for ring, where in rings:
        _check_ring(ring, where)
    count = sum(len(ring) for ring, _ in rings)
    if count > limits.max_vertices:
        raise _refusal(pointer, f"has {count} vertices, at most {limits.max_vertices} are allowed: simplify it")
    geometry = shape({"type": kind, "coordinates": flat(value["coordinates"])})
    if geometry.convex_hull.area < LEAST_AREA_DEG2:  # the two halves of a bow-tie cancel, so its own area says nothing
        raise _refusal(pointer, "encloses no area")
    check_span(geometry, pointer)
    try:
        check_edges(geometry)
    except TooManyCrossings:
        raise _refusal(pointer, f"has {count} vertices whose edges all lie close together: simplify it") from None
    if not geometry.is_valid:
        raise _refusal(pointer, f"is not a valid polygon: {explain_validity(geometry)}; untangle it there")
    return geometry


def check_span(geometry: BaseGeometry, pointer: str) -> None:
    """Refuse what cannot lie in one UTM zone.

    Raises:
        InvalidJob: it spans too many degrees of longitude.
    """
    west, _, east, _ = geometry.bounds
    if east - west > MAX_SPAN_DEG:
        raise _refusal(
            pointer,
            f"spans {east - west:.1f}° of longitude, at most {MAX_SPAN_DEG:g}° (one UTM zone) are allowed: split it "
            "into several jobs; an area across the antimeridian must be split at 180°",
        )


def _rings(coordinates: Any, kind: str, pointer: str) -> list[tuple[list[Any], str]]:  # noqa: ANN401
    where = pointer + "/coordinates"
    if not isinstance(coordinates, list) or not coordinates:
        raise _refusal(where, "must be a list of rings")
    polygons = [(coordinates, where)]
    if kind == "MultiPolygon":
        polygons = [(polygon, f"{where}/{i}") for i, polygon in enumerate(coordinates)]
    found = []
    for polygon, place in polygons:
        if not isinstance(polygon, list) or not polygon:
            raise _refusal(place, "must be a list of rings")
        found += [(ring, f"{place}/{i}") for i, ring in enumerate(polygon)]
    return found


def _check_ring(ring: Any, pointer: str) -> None:  # noqa: ANN401
    if not isinstance(ring, list) or len(ring) < 4:
        raise _refusal(pointer, "is a ring of fewer than four positions: three corners and the first one again")
    for i, position in enumerate(ring):
        _check_position(position, f"{pointer}/{i}")
    if ring[0][:2] != ring[-1][:2]:
        raise _refusal(
            pointer, f"is not closed: it starts at {ring[0][:2]} and ends at {ring[-1][:2]}; repeat the first"
        )


def _check_position(position: Any, pointer: str) -> None:  # noqa: ANN401
    numbers = isinstance(position, list) and 2 <= len(position) <= 3
    if not numbers or not all(isinstance(x, int | float) and not isinstance(x, bool) for x in position):
        raise _refusal(pointer, f"is {shown(position)}, not a position [longitude, latitude]")
    longitude, latitude = position[:2]
    if not all(abs(x) < 1e9 for x in position):  # NaN fails too; a huge integer would not even be a float
        raise _refusal(pointer, f"is {shown(position)}: coordinates must be finite degrees")
    if abs(latitude) > 90 >= abs(longitude):
        raise _refusal(pointer, f"has latitude {latitude}: the order is [longitude, latitude], the two look swapped")
    if abs(longitude) > 180 or abs(latitude) > 90:
        raise _refusal(
            pointer, f"is {position[:2]}: longitude lies in -180..180, latitude in -90..90 (degrees, WGS 84)"
        )


def flat(coordinates: list[Any]) -> list[Any]:
    """Return nested positions without heights, which some have and some have not."""
    if isinstance(coordinates[0], int | float):
        return coordinates[:2]
    return [flat(part) for part in coordinates]


def outline(parts: list[BaseGeometry], pointer: str) -> BaseGeometry:
    """Return the union of polygons; where they overlap they count once.

    Raises:
        InvalidJob: their edges cross too often; names the member that `pointer` leads to, and the cure.
    """
    try:
        return polygons_of(make_valid(union_of(parts)))
    except TooManyCrossings as error:
        detail = (
            f"has areas whose edges cross more than {error.most} times: simplify them, or order those that overlap "
        )
        detail += "as several jobs" if pointer == "/aoi" else "as several jobs, or give an aoi around them"
        raise _refusal(pointer, detail) from None


def polygons_of(geometry: BaseGeometry) -> BaseGeometry:
    """Return what a geometry has of polygons: an overlay may leave lines and points beside them."""
    if isinstance(geometry, Polygon | MultiPolygon):
        return geometry
    return unary_union([part for part in getattr(geometry, "geoms", []) if isinstance(part, Polygon | MultiPolygon)])


def shown(value: Any) -> str:  # noqa: ANN401 - whatever the customer sent
    """Return a wrong value as it is told to the customer: not too much of it."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _refusal(pointer: str, detail: str) -> InvalidJob:
    member, *inside = pointer.strip("/").split("/")
    if inside[:1] == ["features"] and len(inside) > 1:
        member += f" feature {inside[1]}"
    return InvalidJob(Problem(pointer, f"{member} {detail}"))
