"""Where and when a collection has scenes, as it says of itself: enough to refuse an order that none can answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date

from pystac import Collection
from shapely import box, union_all
from shapely.geometry.base import BaseGeometry

from jobs.order_times import TimeRange

MARGIN_DEG = 0.1
"""Extents are often rounded; an order that comes so near is left to the search."""


@dataclass(frozen=True)
class Extent:
    """What a collection covers.

    Attributes:
        area: EPSG:4326.
        start: first day, UTC; None where there is no first one.
        end: last day, UTC; None where there is no last one.
        simulated: it says that its scenes were made by a simulator.
    """

    area: BaseGeometry
    start: date | None
    end: date | None
    simulated: bool = False

    @classmethod
    def of(cls, collection: Collection) -> Extent:
        """Return the extent of a collection.

        Raises:
            ValueError: what it says is no extent.
        """
        try:
            # The first box and the first interval hold everything; the others, where there are any, are finer.
            bounds = collection.extent.spatial.bboxes[0]
            first, last = collection.extent.temporal.intervals[0]
            days = [None if moment is None else moment.astimezone(UTC).date() for moment in (first, last)]
            simulated = bool(collection.extra_fields.get("clearleaf:simulated"))
            return cls(_area(bounds), days[0], days[1], simulated)
        except (AttributeError, IndexError, TypeError, ValueError) as error:
            raise ValueError(f"the extent of {collection.id} cannot be understood: {error}") from error

    def meets(self, area: BaseGeometry) -> bool:
        """Return whether there may be scenes of an area (EPSG:4326)."""
        return bool(self.area.buffer(MARGIN_DEG).intersects(area))

    def overlaps(self, days: TimeRange) -> bool:
        """Return whether there may be scenes in a range of days."""
        return (self.start or date.min) <= days.end and days.start <= (self.end or date.max)


def _area(bounds: list[float]) -> BaseGeometry:
    """Return a STAC box, with or without heights, as an area; one across the antimeridian has two parts."""
    west, south, east, north = bounds if len(bounds) == 4 else (bounds[0], bounds[1], bounds[3], bounds[4])
    if west <= east:
        return box(west, south, east, north)
    return union_all([box(west, south, 180, north), box(-180, south, east, north)])
