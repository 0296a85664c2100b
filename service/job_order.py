"""What a job was ordered as: in short beside its state, and whole, as `POST /jobs` would take it again."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from jobs.job import Job, JobRequest
from jobs.order_facts import OrderFacts
from service.dependencies import Parts


class OrderSummary(BaseModel):
    """An order in short."""

    model_config = ConfigDict(title="orderSummary")

    start: str = Field(description="First day of the output, UTC")
    end: str = Field(description="Last day of the output, UTC")
    dates: int = Field(description="How many dates are given out")
    catalog: str | SkipJsonSchema[None] = Field(default=None, description="Name of the catalogue of scenes")
    model: str = Field(description="Which reconstruction")
    resolution: int = Field(description="Metres")
    parcels: int = Field(description="How many parcels have a series")


def order_summary(order: OrderFacts) -> dict[str, Any]:
    """Return an order in short, ready for JSON; geometries stay out of it, for it is given with every state."""
    return order.model_dump(mode="json", exclude={"area_km2", "bbox"}, exclude_none=True)


def whole_order(request: JobRequest) -> dict[str, Any]:
    """Return all that was ordered and is no default, with the catalogue that was taken; it can be ordered again."""
    return request.model_dump(mode="json", exclude_none=True, exclude_defaults=True)


def is_simulated(job: Job, parts: Parts) -> bool | None:
    """Return whether the scenes are made by a simulator; None where nobody knows any more."""
    if job.simulated is not None:
        return job.simulated
    name = job.order.catalog or ""  # of a release that did not keep it with the job
    return parts.extents.simulated(name) if name in parts.settings.catalogs else None
