"""Maps of a finished job: tiles in the web's usual scheme, what a map needs to ask for them, and what colours mean."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, Response

from jobs.errors import Problem
from jobs.legends import LEGENDS
from service.colouring import colour_numbers, png
from service.dependencies import GivenJobId, GivenParts
from service.errors import HttpProblem
from service.freshness import freshness, not_modified
from service.job_rasters import GivenRasters
from service.legend import LegendDocument, legend_document
from service.openapi import problems
from service.rasters import TILE_PX
from service.tilejson import MAX_ZOOM, TileJson, tilejson

router = APIRouter(tags=["maps"])

GivenAsset = Annotated[str, Path(description="Raster of the job: lai, lai_sigma, quality, days_to_clear, ...")]
GivenDate = Annotated[str, Path(description="One of the job's dates", json_schema_extra={"format": "date"})]
PNG_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"description": "The picture", "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}},
    304: {"description": "The picture is still what If-None-Match names"},
}
_EMPTY = png(np.zeros((TILE_PX, TILE_PX), np.uint8), LEGENDS["lai"])


@router.get(
    "/jobs/{job_id}/tiles/{asset}/{date}/tilejson.json",
    summary="What a map needs to show one raster",
    response_model=TileJson,
    responses=problems(404, 409, 410, 422, 502, 503),
)
def describe_tiles(
    request: Request, job_id: GivenJobId, parts: GivenParts, rasters: GivenRasters, asset: GivenAsset, date: GivenDate
) -> Response:
    """Give the URL of the tiles, where they lie, and the zoom levels at which they show something."""
    day, raster = rasters.find(asset, date)
    headers = freshness("tilejson", raster.key, parts.settings.public_url)
    known = not_modified(request, headers)
    if known is not None:
        return known
    place = f"{parts.settings.public_url}/jobs/{job_id}/tiles/{asset}/{day}"
    legend = f"{parts.settings.public_url}/legends/{asset}.json"
    document = tilejson(rasters, LEGENDS[asset], day, parts.rasters.zooms(raster), place, legend)
    return JSONResponse(document, headers=headers)


@router.get(
    "/jobs/{job_id}/tiles/{asset}/{date}/{z}/{x}/{y}.png",
    summary="One tile of a map",
    response_class=Response,
    responses={**PNG_ANSWER, **problems(400, 404, 409, 410, 422, 502, 503)},
)
def tile(
    request: Request,
    parts: GivenParts,
    rasters: GivenRasters,
    asset: GivenAsset,
    date: GivenDate,
    z: Annotated[int, Path(ge=0, le=MAX_ZOOM, description="Zoom level")],
    x: Annotated[int, Path(ge=0, description="Column, from the west")],
    y: Annotated[int, Path(ge=0, description="Row, from the north")],
) -> Response:
    """Give a tile of 256 x 256 pixels in Web Mercator, in the legend's colours; transparent where there is no data.

    Water and snow are hatched where the raster is of LAI or its sigma, which have no meaning there.

    A tile beside the job is a transparent one: maps ask for all that their window shows. A tile that the zoom level
    does not have is refused.
    """
    _check_tile(z, x, y)
    day, raster = rasters.find(asset, date)
    headers = freshness("tile", raster.key, raster.sha256, z, x, y)
    known = not_modified(request, headers)
    if known is not None:
        return known
    coloured = colour_numbers(rasters, asset, day, partial(parts.rasters.tile, z=z, x=x, y=y))
    content = _EMPTY if coloured is None else png(coloured, LEGENDS[asset])
    return Response(content, media_type="image/png", headers=headers)


@router.get(
    "/legends/{asset}.json",
    summary="What the colours of a raster mean",
    response_model=LegendDocument,
    response_model_exclude_none=True,
    responses=problems(404),
)
def legend(asset: GivenAsset) -> LegendDocument:
    """Give the colours of tiles and pictures: stops of a quantity, between which they are linear, or classes."""
    if asset not in LEGENDS:
        raise HttpProblem(HTTPStatus.NOT_FOUND, f"there is no asset {asset[:40]!r}; known are {', '.join(LEGENDS)}")
    return legend_document(LEGENDS[asset])


def _check_tile(z: int, x: int, y: int) -> None:
    side = 2**z
    wrong = [
        Problem(f"/{name}", f"{name} must be less than {side} at zoom {z}")
        for name, i in (("x", x), ("y", y))
        if i >= side
    ]
    if wrong:
        raise HttpProblem(HTTPStatus.BAD_REQUEST, "; ".join(problem.detail for problem in wrong), members=wrong)
