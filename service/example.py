"""The order that the OpenAPI shows: one that this very service accepts, wherever its scenes are."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from jobs.errors import InvalidJob
from jobs.extent import Extent
from jobs.order_times import FIRST_DAY, today
from service.dependencies import Parts
from service.intake import accepted_order

SIDE_DEG = 0.02
LASTS_DAYS = 60


def example_order(parts: Parts) -> dict[str, Any]:
    """Return the configured example, moved to where and when the catalogue has scenes if it has none of it."""
    example = parts.settings.example_order
    try:
        accepted_order(example, parts.settings, parts.extents)
    except InvalidJob:
        for extent in parts.extents.of(str(parts.settings.default_catalog))[:1]:
            return {name: value for name, value in example.items() if name != "dates"} | _within(extent)
    return example


def _within(extent: Extent) -> dict[str, Any]:
    """Return a small square in the middle of an extent, and its last days."""
    west, south, east, north = extent.area.bounds
    width, height = min(SIDE_DEG, (east - west) / 2), min(SIDE_DEG, (north - south) / 2)
    left, bottom = round((west + east - width) / 2, 5), round((south + north - height) / 2, 5)
    right, top = round(left + width, 5), round(bottom + height, 5)
    ring = [[left, bottom], [right, bottom], [right, top], [left, top], [left, bottom]]
    end = min(extent.end or today(), today())
    start = max(extent.start or FIRST_DAY, FIRST_DAY, end - timedelta(days=LASTS_DAYS))
    return {"aoi": {"type": "Polygon", "coordinates": [ring]}, "start": str(start), "end": str(end)}
