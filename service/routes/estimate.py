"""What an order would take, told before anything is queued."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from jobs.api_keys import Scope
from jobs.errors import InvalidJob
from jobs.estimating import caps_of, estimate_of, tile_px_of
from jobs.scene_count import SceneCount
from jobs.tile_memory import LEAST_TILE_PX
from service.auth import needs
from service.body import json_object, turn_of_order
from service.dependencies import GivenParts
from service.errors import Member
from service.intake import considered_order
from service.openapi import problems

router = APIRouter(tags=["jobs"])


class CapUse(BaseModel):
    """One limit, and how much of it the order uses."""

    used: float
    limit: float


class Caps(BaseModel):
    """The limits of an order."""

    area_km2: CapUse = Field(description="Area of the polygons, km²")
    grid_km2: CapUse = Field(description="Area of the output grid around them, km²")
    dates: CapUse = Field(description="Dates given out")
    series_rows: CapUse = Field(description="Parcels times dates given out")
    vertices: CapUse = Field(description="Vertices of all polygons")


class EstimateDocument(BaseModel):
    """What an order would take."""

    model_config = ConfigDict(title="estimate")

    area_km2: float = Field(description="Area of the polygons, km²")
    scenes: int = Field(description="Sentinel-1 and Sentinel-2 scenes that are read, those of the context included")
    scenes_counted: bool = Field(
        description="They were found in the catalogue; false: so many are to be expected by how often the satellites "
        "come by, since the catalogue does not tell quickly enough"
    )
    dates: int = Field(description="Dates given out")
    tiles: int = Field(description="Squares that are worked on one by one, by as many workers as there are")
    pixels: int = Field(description="Pixels of the output grid, on all dates")
    seconds: int = Field(
        description="Seconds that one CPU of the reference machine works; waiting for workers and archives is not in it"
    )
    bytes: int = Field(description="Size of the files of the results")
    jobs_before: int = Field(description="Jobs that wait for a worker now")
    caps: Caps = Field(description="The limits of an order, and what this one uses of each")
    errors: list[Member] = Field(
        description="Which caps the order breaks, in the words of the refusal that it would meet, or that its job "
        "would fail because it has more scenes than a worker's memory holds; empty if it can be ordered"
    )


@router.post(
    "/jobs/estimate",
    summary="What an order would take",
    response_model=EstimateDocument,
    responses=problems(400, 408, 413, 415, 422, 503),
)
@needs(Scope.READ)
def estimate(
    turn: Annotated[None, Depends(turn_of_order, scope="function")],
    payload: Annotated[dict[str, Any], Depends(json_object, scope="function")],
    parts: GivenParts,
) -> JSONResponse:
    """Say what an order would take and how it stands to the caps, and order nothing.

    An order that only breaks caps is answered, too, with what `POST /jobs` would have against it in `errors`; so is one
    of more scenes than a worker's memory holds, with what its job would fail for. What else may be wrong with an order
    is refused as there.
    """
    request, broken = considered_order(payload, parts.settings, parts.extents)
    days = request.scene_range
    scenes = SceneCount.expected(request.geobox, days) if broken else parts.scene_counts.of(request)
    tile_px = parts.settings.tile_px
    if not broken:
        try:
            tile_px = tile_px_of(request, scenes, tile_px, parts.settings.worker_memory_gb)
        except InvalidJob as too_large:
            tile_px = LEAST_TILE_PX
            if scenes.counted:  # of those that are to be expected there are rather too many
                broken = too_large.problems
    document = asdict(estimate_of(request, scenes, tile_px))
    document["jobs_before"] = parts.jobs.waiting_before()
    document["caps"] = {name: asdict(cap) for name, cap in caps_of(request, parts.settings.limits).items()}
    document["errors"] = [{"pointer": problem.pointer, "detail": problem.detail} for problem in broken]
    return JSONResponse(document, headers={"Cache-Control": "no-store"})
