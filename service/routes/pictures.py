"""Pictures of a finished job, to look at and to pass on: one date, or the whole season."""

from __future__ import annotations

import io
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from jobs.legends import LEGENDS
from service.colouring import colour_numbers
from service.dependencies import GivenParts, Turn
from service.drawing import Sheet, draw
from service.freshness import freshness, not_modified
from service.job_rasters import GivenRasters
from service.openapi import problems
from service.season import season_strip

router = APIRouter(tags=["maps"])

WIDEST_PX = 1024


def _picture(media_type: str) -> dict[int | str, dict[str, Any]]:
    schema = {"schema": {"type": "string", "format": "binary"}}
    return {
        200: {"description": "The picture", "content": {media_type: schema}},
        304: {"description": "The picture is still what If-None-Match names"},
    }


@router.get(
    "/jobs/{job_id}/preview.png",
    summary="A picture of one date",
    response_class=Response,
    responses={**_picture("image/png"), **problems(400, 404, 409, 410, 422, 502, 503)},
)
def preview(
    request: Request,
    parts: GivenParts,
    rasters: GivenRasters,
    asset: Annotated[str, Query(description="Raster of the job")] = "lai",
    date: Annotated[
        str | None,
        Query(description="One of the job's dates; the last one where absent", json_schema_extra={"format": "date"}),
    ] = None,
    width: Annotated[int, Query(ge=128, le=WIDEST_PX, description="Of the picture, pixels")] = 512,
) -> Response:
    """Give a map of the whole job with its date and legend; it says so where the scenes are simulated."""
    day, raster = rasters.find(asset, date if date is not None else rasters.dates[-1].isoformat())
    headers = freshness("preview", raster.key, raster.sha256, width)
    known = not_modified(request, headers)
    if known is not None:
        return known
    legend, sheet = LEGENDS[asset], Sheet.of(width, rasters.shape)
    coloured = colour_numbers(rasters, asset, day, partial(parts.rasters.whole, at_most=sheet.read_shape))
    buffer = io.BytesIO()
    draw(coloured, legend, day, sheet, simulated=rasters.simulated).save(buffer, "PNG")
    return Response(buffer.getvalue(), media_type="image/png", headers=headers)


@router.get(
    "/jobs/{job_id}/season.webp",
    summary="The season as a moving picture",
    response_class=Response,
    responses={**_picture("image/webp"), **problems(404, 409, 410, 422, 502, 503)},
)
def season(request: Request, parts: GivenParts, rasters: GivenRasters, turn: Turn) -> Response:
    """Give LAI of all dates, one after another, each with its date; more dates make smaller frames."""
    headers = freshness("season", rasters.manifest_key)
    known = not_modified(request, headers)
    if known is not None:
        return known
    return Response(season_strip(rasters, parts.rasters), media_type="image/webp", headers=headers)
