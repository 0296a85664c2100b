"""Places in searches: boxes and GeoJSON geometries in longitude and latitude (CRS84), checked before they are used."""

from __future__ import annotations

from typing import Any

from shapely import LineString, MultiPolygon, Point, box
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry
from shapely.validation import explain_validity

from jobs.aoi import flat, shown
from jobs.crossings import TooManyCrossings, check_edges
from jobs.searchable import is_number
from service.refusal import refused

_NESTING = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
"""How many lists lie around a position."""


def read_bbox(value: object, member: str) -> BaseGeometry:
    """Return the area of a bounding box of four numbers, or of six with heights, which are ignored.

    One whose west is greater than its east lies across the antimeridian.

    Raises:
        HttpProblem: 400, it is no box.
    """
    wanted = "four numbers, west, south, east, north, in degrees (or six with heights)"
    if not isinstance(value, list) or len(value) not in (4, 6) or not all(map(is_number, value)):
        raise refused(member, f"{shown(value)} is no box: give {wanted}")
    west, south, east, north = value if len(value) == 4 else (value[0], value[1], value[3], value[4])
    for position in ((west, south), (east, north)):
        _check_degrees(*position, member)
    if south > north:
        raise refused(member, f"its south {south} lies north of its north {north}: the order is {wanted}")
    if west > east:
        return MultiPolygon([box(west, south, 180, north), box(-180, south, east, north)])
    if west == east and south == north:
        return Point(west, south)
    return (
        LineString([(west, south), (east, north)])
        if west == east or south == north
        else box(*(west, south, east, north))
    )


def read_geometry(value: object, member: str, max_vertices: int) -> BaseGeometry:
    """Return a GeoJSON geometry.

    Raises:
        HttpProblem: 400, it is none, or one that cannot be compared with others; names the place.
    """
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(kind, str):
        raise refused(member, f"{shown(value)} is no GeoJSON geometry")
    if kind not in _NESTING:
        cure = "give its geometry" if kind.startswith("Feature") else f"known are {', '.join(_NESTING)}"
        raise refused(member, f"{shown(kind)} is no kind of geometry that can be asked for; {cure}")
    count = _count(value.get("coordinates"), _NESTING[kind], kind, f"{member}/coordinates")
    if count > max_vertices:
        raise refused(member, f"it has {count} vertices, at most {max_vertices} are allowed: simplify it")
    try:
        geometry = shape({"type": kind, "coordinates": flat(value["coordinates"])})
    except ValueError as error:  # a ring of three positions
        raise refused(member, f"it is no {kind}: {error}") from None
    try:
        check_edges(geometry)
    except TooManyCrossings:
        raise refused(member, f"it has {count} vertices whose edges all lie close together: simplify it") from None
    if not geometry.is_valid:
        raise refused(member, f"it is not valid: {explain_validity(geometry)}; untangle it there")
    return geometry


def _count(node: Any, nesting: int, kind: str, member: str) -> int:  # noqa: ANN401 - JSON of any kind
    """Return the number of positions, each checked."""
    if not isinstance(node, list) or not node:
        raise refused(member, f"{shown(node)} stands where the coordinates of a {kind} have a list")
    if nesting:
        return sum(_count(part, nesting - 1, kind, f"{member}/{i}") for i, part in enumerate(node))
    if not 2 <= len(node) <= 4 or not all(map(is_number, node)):
        raise refused(member, f"{shown(node)} is no position [longitude, latitude] in degrees")
    _check_degrees(node[0], node[1], member)
    return 1


def _check_degrees(longitude: float, latitude: float, member: str) -> None:
    if abs(latitude) > 90 >= abs(longitude):
        raise refused(member, f"has latitude {latitude}: the order is longitude, latitude; the two look swapped")
    if abs(longitude) > 180 or abs(latitude) > 90:
        place = f"({longitude}, {latitude})"
        raise refused(
            member, f"{place} is no place: longitude lies in -180..180, latitude in -90..90 (degrees, WGS 84)"
        )
