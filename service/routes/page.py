"""The page, for people who come with a browser; where JSON is asked for, other routes answer at the same paths."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.routing import APIRoute
from shapely import box, union_all
from starlette.datastructures import Headers
from starlette.routing import Match
from starlette.types import Scope

from jobs.job import Job
from jobs.store import JobFilter
from service.accept import prefers_html
from service.dependencies import TENANT, GivenJob, GivenParts, Parts
from service.errors import HttpProblem
from service.headers import origin_of, page_policy
from service.settings import ApiSettings
from service.statusinfo import status_info
from service.web_files import page_text, web_files

LISTED_JOBS = 20
_ASK_AGAIN = {"Cache-Control": "no-cache"}


class ForBrowsers(APIRoute):
    """A route that is there for callers who would rather have HTML, and for nobody else."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return no match where JSON will do."""
        if scope["type"] == "http" and not prefers_html(Headers(scope=scope).get("accept", "")):
            return Match.NONE, {}
        return super().matches(scope)


pages = APIRouter(route_class=ForBrowsers, include_in_schema=False)
router = APIRouter(prefix="/page", include_in_schema=False)


@pages.get("/")
@pages.get("/jobs/{job_id}")
def page(parts: GivenParts) -> HTMLResponse:
    """Give the page; which of its views is shown, its address says."""
    text = page_text(urlsplit(parts.settings.public_url).path)
    policy = page_policy(_picture_origins(parts.settings), _file_origins(parts))
    return HTMLResponse(text, headers={"Vary": "Accept", "Content-Security-Policy": policy, **_ASK_AGAIN})


@router.get("/config.json")
def config(parts: GivenParts) -> JSONResponse:
    """Give what the page must know of this service before anything is ordered."""
    settings = parts.settings
    limits = settings.limits
    document = {
        "limits": {"area_km2": limits.max_area_km2, "dates": limits.max_dates, "vertices": limits.max_vertices},
        "catalogs": [_catalog(name, parts) for name in settings.catalogs],
        "default_catalog": settings.default_catalog,
        "basemap": {"url": settings.basemap_url, "attribution": settings.basemap_attribution},
    }
    return JSONResponse(document, headers=_ASK_AGAIN)


@router.get("/jobs.json")
def job_list(
    parts: GivenParts, after: Annotated[str | None, Query(description="Where the list goes on")] = None
) -> JSONResponse:
    """Give the newest jobs, each with what was ordered."""
    try:
        found = parts.jobs.list(TENANT, JobFilter(), limit=LISTED_JOBS, after=after)
    except ValueError as error:
        raise HttpProblem(HTTPStatus.BAD_REQUEST, "after: this is no place in the list") from error
    jobs = [status_info(job, parts.settings.public_url) | {"order": _order(job, parts)} for job in found.jobs]
    return JSONResponse({"jobs": jobs, "next": found.next}, headers={"Cache-Control": "no-store"})


@router.get("/jobs/{job_id}.json")
def job_order(job: GivenJob, parts: GivenParts) -> JSONResponse:
    """Give what was ordered, so that it can be shown, changed and ordered again."""
    request = job.request.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    return JSONResponse(_order(job, parts) | {"request": request}, headers=_ASK_AGAIN)


@router.get("/{path:path}")
def file(path: str, request: Request) -> Response:
    """Give one of the page's own files."""
    found = web_files().get(path)
    if found is None:
        raise HttpProblem(HTTPStatus.NOT_FOUND, "the page has no such file")
    headers = {"ETag": found.etag, "Vary": "Accept-Encoding", **_ASK_AGAIN}
    content = found.content
    if found.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        content = found.packed
        headers |= {"Content-Encoding": "gzip", "ETag": found.etag[:-1] + '-gzip"'}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(content, media_type=found.media_type, headers=headers)


def _picture_origins(settings: ApiSettings) -> list[str]:
    return [origin_of(settings.basemap_url)] if settings.basemap_url else []


def _file_origins(parts: Parts) -> list[str]:
    """Return where the storage itself gives files, if hrefs lead there."""
    url = parts.storage.presigned("page", parts.settings.signed_url_s)
    return [] if url is None else [origin_of(url)]


def _catalog(name: str, parts: Parts) -> dict[str, Any]:
    """Return a catalogue, with where and when it has scenes as far as that is known."""
    profile, extents = parts.settings.catalogs[name], parts.extents.of(name)
    days = [extent for extent in extents if extent.start is not None or extent.end is not None]
    return {
        "name": name,
        "title": profile.title or name,
        "simulated": profile.simulated,
        "bbox": list(union_all([box(*extent.area.bounds) for extent in extents]).bounds) if extents else None,
        "start": min((str(e.start) for e in days if e.start is not None), default=None),
        "end": max((str(e.end) for e in days if e.end is not None), default=None),
    }


def _order(job: Job, parts: Parts) -> dict[str, Any]:
    """Return an order in short; whether its scenes are simulated, as far as its catalogue says."""
    request = job.request
    profile = parts.settings.catalogs.get(request.catalog or "")
    return {
        "start": str(request.start),
        "end": str(request.end),
        "dates": len(request.target_dates),
        "catalog": request.catalog,
        "catalog_title": (profile.title if profile else "") or request.catalog,
        "simulated": profile is not None and profile.simulated,
        "area_km2": round(request.area_km2, 3),
        "parcels": len((request.parcels or {}).get("features", [])),
        "bbox": list(request.area.bounds),
    }
