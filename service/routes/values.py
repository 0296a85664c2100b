"""Numbers of a finished job: the series of a pixel, and figures of a polygon."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from service.dependencies import GivenParts
from service.freshness import freshness, not_modified
from service.job_rasters import GivenRasters
from service.openapi import problems
from service.point import PointSeries, point_series

router = APIRouter(tags=["values"])


@router.get(
    "/jobs/{job_id}/point",
    summary="The series of one pixel",
    response_model=PointSeries,
    responses=problems(400, 404, 409, 410, 422, 503),
)
def point(
    request: Request,
    parts: GivenParts,
    rasters: GivenRasters,
    lon: Annotated[
        float, Query(ge=-180, le=180, allow_inf_nan=False, description="Longitude, degrees", examples=[11.62])
    ],
    lat: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False, description="Latitude, degrees", examples=[48.71])],
) -> Response:
    """Give LAI, sigma and where they come from on every date, for the pixel in which a place lies.

    Outside the job's grid, and where a date has no data, values are null and the row says why.
    """
    headers = freshness("point", rasters.manifest_key, lon, lat)
    known = not_modified(request, headers)
    if known is not None:
        return known
    return JSONResponse(point_series(rasters, parts.rasters, lon, lat), headers=headers)
