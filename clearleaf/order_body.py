"""An order as it is POSTed: JSON, made of what Python people have at hand."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any


def order_body(order: Mapping[str, Any] | Path) -> bytes:
    """Return an order as it is POSTed.

    Args:
        order: its members, or a JSON file that holds them. Dates may be `datetime.date`, and geometries anything with
            `__geo_interface__` (shapely, geopandas).

    Raises:
        TypeError: it holds something else.
    """
    return order.read_bytes() if isinstance(order, Path) else json.dumps(order, default=_plain).encode()


def _plain(value: object) -> object:
    """Return dates and geometries of an order as JSON knows them."""
    if isinstance(value, date):
        return value.isoformat()
    geo = getattr(value, "__geo_interface__", None)
    if geo is None:
        raise TypeError(f"an order cannot hold a {type(value).__name__}")
    return geo
