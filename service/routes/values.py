"""Numbers of a finished job: the series of a pixel, and figures of a polygon."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response

from jobs.api_keys import Scope
from service.auth import needs
from service.body import short_object, turn_of_question
from service.dependencies import GivenParts, Turn
from service.freshness import freshness, not_modified
from service.job_rasters import GivenRasters
from service.openapi import problems
from service.point import PointSeries, point_series
from service.statistics import Statistics, polygon_statistics, read_polygon_of

router = APIRouter(tags=["values"])

POLYGON_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["type"],
                    "properties": {"type": {"type": "string", "enum": ["Polygon", "MultiPolygon", "Feature"]}},
                    "description": "GeoJSON Polygon, MultiPolygon, or a Feature of one; longitude and latitude",
                },
                "example": {
                    "type": "Polygon",
                    "coordinates": [[[11.61, 48.71], [11.62, 48.71], [11.62, 48.72], [11.61, 48.72], [11.61, 48.71]]],
                },
            }
        },
    }
}


@router.get(
    "/jobs/{job_id}/point",
    summary="The series of one pixel",
    response_model=PointSeries,
    responses=problems(400, 404, 409, 410, 422, 502, 503),
)
def point(
    request: Request,
    parts: GivenParts,
    rasters: GivenRasters,
    lon: Annotated[
        float, Query(ge=-180, le=180, allow_inf_nan=False, description="Longitude, degrees", examples=[11.62])
    ],
    lat: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False, description="Latitude, degrees", examples=[48.71])],
    turn: Turn,
) -> Response:
    """Give LAI, sigma and where they come from on every date, for the pixel in which a place lies.

    Outside the job's grid, and where a date has no data, values are null and the row says why.
    """
    headers = freshness("point", rasters.manifest_key, lon, lat)
    known = not_modified(request, headers)
    if known is not None:
        return known
    return JSONResponse(point_series(rasters, parts.rasters, lon, lat), headers=headers)


@router.post(
    "/jobs/{job_id}/statistics",
    summary="Figures of a polygon",
    response_model=Statistics,
    responses=problems(400, 404, 408, 409, 410, 413, 415, 422, 502, 503),
    openapi_extra=POLYGON_BODY,
)
@needs(Scope.READ)
def statistics(
    parts: GivenParts,
    rasters: GivenRasters,
    turn: Annotated[None, Depends(turn_of_question, scope="function")],
    body: Annotated[dict[str, Any], Depends(short_object, scope="function")],
) -> JSONResponse:
    """Give mean, spread and percentiles of LAI in a polygon on every date; nothing is kept of the polygon.

    Pixels count by the share that the polygon covers. Water and snow are no data. The figures of a parcel are those of
    the job's own series; percentiles may be one pixel apart where values are equal.
    """
    polygon = read_polygon_of(body, parts.settings.limits)
    return JSONResponse(polygon_statistics(rasters, parts.rasters, polygon), headers={"Cache-Control": "no-store"})
