"""The way in: what this service is and where its doors are."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from service.auth import open_to_all
from service.dependencies import GivenParts
from service.openapi import DESCRIPTION, OPENAPI_TYPE, TITLE
from service.statusinfo import OGC_REL, Link, link

router = APIRouter(tags=["operation"])


class LandingPage(BaseModel):
    """What the service is, with links to its doors."""

    title: str
    description: str
    links: list[Link]


@router.get("/", summary="What is here", response_model=LandingPage)
@open_to_all
def landing(parts: GivenParts) -> JSONResponse:
    """Name the service and link to its doors."""
    url = parts.settings.public_url
    document: dict[str, Any] = {
        "title": TITLE,
        "description": DESCRIPTION,
        "links": [
            link(f"{url}/", "self", "This page"),
            link(f"{url}/openapi.json", "service-desc", "What can be asked, for machines", OPENAPI_TYPE),
            link(f"{url}/conformance", OGC_REL + "conformance", "Which standards hold"),
            link(f"{url}/processes", OGC_REL + "processes", "What is offered"),
            link(f"{url}/jobs", OGC_REL + "job-list", "The jobs; POST an order here"),
            link(f"{url}/stac", "related", "The results, as a STAC API"),
            link(f"{url}/healthz", "status", "Whether the service lives"),
        ],
    }
    return JSONResponse(document, headers={"Vary": "Accept"})


@router.get("/openapi.json", include_in_schema=False)
@open_to_all
def openapi(request: Request) -> JSONResponse:
    """Give the API's description of itself."""
    return JSONResponse(request.app.openapi(), media_type=OPENAPI_TYPE)
