"""The page, for people who come with a browser; where JSON is asked for, other routes answer at the same paths.

The page and its files are open, for it is the page that asks for a key; what it shows is not.
"""

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

from jobs import api_keys
from jobs.job import Job
from jobs.store import JobFilter
from service.accept import prefers_html
from service.auth import open_to_all
from service.dependencies import GivenCaller, GivenJob, GivenParts, GivenTenant, Parts, Turn
from service.errors import HttpProblem
from service.etags import has_already
from service.headers import origin_of, page_policy
from service.job_order import is_simulated, order_summary, whole_order
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
@open_to_all
def page(parts: GivenParts) -> HTMLResponse:
    """Give the page; which of its views is shown, its address says."""
    text = page_text(urlsplit(parts.settings.public_url).path)
    policy = page_policy(_picture_origins(parts.settings), _file_origins(parts))
    return HTMLResponse(text, headers={"Vary": "Accept", "Content-Security-Policy": policy, **_ASK_AGAIN})


@router.get("/config.json")
def config(parts: GivenParts, caller: GivenCaller) -> JSONResponse:
    """Give what the page must know of this service, and of who opens it, before anything is ordered."""
    settings = parts.settings
    limits = settings.limits
    document = {
        "limits": {
            "area_km2": limits.max_area_km2,
            "dates": limits.max_dates,
            "vertices": limits.max_vertices,
            "parcels": limits.max_parcels,
        },
        "catalogs": [_catalog(name, parts) for name in settings.catalogs],
        "default_catalog": settings.default_catalog,
        "may_order": api_keys.opens(caller.scopes, api_keys.Scope.JOBS),
        "basemap": {"url": settings.basemap_url, "attribution": settings.basemap_attribution},
    }
    return JSONResponse(document, headers=_ASK_AGAIN)


@router.get("/jobs.json")
def job_list(
    parts: GivenParts,
    tenant: GivenTenant,
    after: Annotated[str | None, Query(description="Where the list goes on")] = None,
) -> JSONResponse:
    """Give the newest jobs, each with what was ordered."""
    try:
        found = parts.jobs.list(tenant, JobFilter(), limit=LISTED_JOBS, after=after)
    except ValueError as error:
        raise HttpProblem(HTTPStatus.BAD_REQUEST, "after: this is no place in the list") from error
    jobs = [status_info(job, parts) | {"order": _order(job, parts)} for job in found.jobs]
    return JSONResponse({"jobs": jobs, "next": found.next}, headers={"Cache-Control": "no-store"})


@router.get("/jobs/{job_id}.json")
def job_order(job: GivenJob, parts: GivenParts, turn: Turn) -> JSONResponse:
    """Give what was ordered, so that it can be shown, changed and ordered again."""
    whole = {"request": whole_order(parts.jobs.request_of(job.id))}
    return JSONResponse(_order(job, parts) | whole, headers=_ASK_AGAIN)


@router.get("/{path:path}")
@open_to_all
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
    if has_already(headers["ETag"], request.headers.get("if-none-match", "")):
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
        "simulated": parts.extents.simulated(name),
        "bbox": list(union_all([box(*extent.area.bounds) for extent in extents]).bounds) if extents else None,
        "start": min((str(e.start) for e in days if e.start is not None), default=None),
        "end": max((str(e.end) for e in days if e.end is not None), default=None),
    }


def _order(job: Job, parts: Parts) -> dict[str, Any]:
    """Return an order in short, and where it is."""
    order = job.order
    profile = parts.settings.catalogs.get(order.catalog or "")
    return order_summary(order) | {
        "catalog_title": (profile.title if profile else "") or order.catalog,
        "simulated": bool(is_simulated(job, parts)),
        "area_km2": order.area_km2,
        "bbox": list(order.bbox),
    }
