"""What is told of an order again and again, found once when it is entered: an order may have 200,000 vertices."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict

from jobs.order_members import Model
from jobs.request import JobRequest


class OrderFacts(BaseModel):
    """An order in short.

    Attributes:
        start, end: first and last day of the output.
        dates: how many are given out.
        catalog: name of the catalogue of scenes.
        model: which reconstruction.
        resolution: metres.
        parcels: how many have a series.
        area_km2: geodesic area.
        bbox: west, south, east, north, EPSG:4326.
    """

    model_config = ConfigDict(frozen=True)

    start: date
    end: date
    dates: int
    catalog: str | None = None
    model: Model
    resolution: int
    parcels: int
    area_km2: float
    bbox: tuple[float, float, float, float]

    @classmethod
    def of(cls, request: JobRequest) -> OrderFacts:
        """Return an order in short."""
        return cls(
            start=request.start,
            end=request.end,
            dates=len(request.target_dates),
            catalog=request.catalog,
            model=request.model,
            resolution=request.resolution,
            parcels=len((request.parcels or {}).get("features", [])),
            area_km2=round(request.area_km2, 3),
            bbox=request.area.bounds,
        )
