"""The door of the STAC API: what jobs have published, to be walked through and searched."""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict

from jobs.api_keys import Scope
from jobs.item_book import ItemBook, Page
from jobs.published import Document
from service.auth import needs
from service.body import short_object, turn_of_question
from service.dependencies import GivenParts, GivenTenant, Parts, Turn
from service.errors import HttpProblem
from service.openapi import problems
from service.refusal import refused
from service.routes.processes import Conformance
from service.stac import documents
from service.stac.conformance import CONFORMS_TO
from service.stac.documents import GEOJSON, Json, stac_url
from service.stac.members import MEMBERS, OF_ITEM_LISTS, OF_SEARCHES, from_parameters
from service.stac.pages import collection_page, item_page
from service.stac.queryables import SCHEMA_JSON, queryables
from service.stac.search import USUAL_PAGE, Asked, read_limit, read_search
from service.statusinfo import Link, link

router = APIRouter(prefix="/stac", tags=["stac"])

_FRESH = {"Cache-Control": "no-store"}
"""Answers hold hrefs that are signed for a while."""


class StacDocument(BaseModel):
    """A STAC catalogue, collection or item."""

    model_config = ConfigDict(extra="allow")

    type: str
    stac_version: str
    id: str
    links: list[Link]


class StacCollections(BaseModel):
    """One page of collections."""

    collections: list[StacDocument]
    links: list[Link]
    numberMatched: int
    numberReturned: int


class StacItems(BaseModel):
    """One page of items; of each, the members that were asked for."""

    type: str
    features: list[dict[str, Any]]
    links: list[dict[str, Any]]
    numberMatched: int
    numberReturned: int


def _described(names: tuple[str, ...]) -> dict[str, Any]:
    """Return how the OpenAPI describes parameters that `from_parameters` reads."""
    return {"parameters": [_parameter(name) for name in names]}


def _parameter(name: str) -> dict[str, Any]:
    schema = MEMBERS[name].schema
    plain = name in ("collections", "ids", "bbox") or schema["type" if "type" in schema else "oneOf"] in (
        "string",
        "integer",
    )
    said = {"name": name, "in": "query", "required": False, "description": MEMBERS[name].description}
    return said | ({"schema": schema, "style": "form", "explode": False} if plain else {"schema": {"type": "string"}})


def _answers(model: type[BaseModel], media_type: str, *refusals: int) -> dict[int | str, dict[str, Any]]:
    content = {media_type: {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}
    return {200: {"model": model, "description": "Found", "content": content}, **problems(*refusals)}


BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "title": "search",
                    "type": "object",
                    "properties": {n: m.schema | {"description": m.description} for n, m in MEMBERS.items()},
                },
                "example": {"bbox": [11.5, 48.6, 11.7, 48.8], "datetime": "2023-05-01/2023-05-31", "limit": 10},
            }
        },
    }
}


@router.get("/", include_in_schema=False)
@router.get("", summary="The STAC catalogue of all results", response_model=StacDocument)
def landing(parts: GivenParts) -> JSONResponse:
    """Name the catalogue, the standards that it keeps, and its doors."""
    return JSONResponse(documents.landing_page(parts))


@router.get("/conformance", summary="Which STAC and OGC API standards hold", response_model=Conformance)
def conformance() -> JSONResponse:
    """Name the conformance classes of the STAC API."""
    return JSONResponse({"conformsTo": CONFORMS_TO})


class SchemaResponse(JSONResponse):
    """A JSON Schema."""

    media_type = SCHEMA_JSON


@router.get(
    "/queryables",
    summary="What items can be searched by",
    response_class=SchemaResponse,
    responses=problems(503),
)
def all_queryables(parts: GivenParts) -> JSONResponse:
    """Describe the properties that filters may name, as JSON Schema."""
    return SchemaResponse(queryables(f"{stac_url(parts)}/queryables"))


@router.get(
    "/collections",
    summary="The collections, one a job",
    response_model=StacCollections,
    responses=problems(400, 503),
    openapi_extra=_described(("limit", "token")),
)
def collection_list(request: Request, tenant: GivenTenant, parts: GivenParts, turn: Turn) -> Response:
    """List the collections of successful jobs, newest first; a `next` link leads on for as long as there are more."""
    members = _from_url(request, ("limit", "token"), parts)
    limit, token = read_limit(members.get("limit", USUAL_PAGE)), members.get("token")
    try:
        page = ItemBook(parts.jobs.database).collections(tenant, limit=limit, after=token)
    except ValueError as error:
        raise _no_place(token, error) from error
    links = _links_of_get(request, page, f"{stac_url(parts)}/collections", "application/json", parts)
    return Response(collection_page(page, links, parts), headers=_FRESH, media_type="application/json")


@dataclass(frozen=True)
class _Collection:
    """The collection that a path names, as it is stored."""

    id: UUID
    stored: Document


def _known_collection(
    collection_id: Annotated[str, Path(description="Id of the collection, which is that of the job")],
    tenant: GivenTenant,
    parts: GivenParts,
) -> _Collection:
    """Return the collection that the path names.

    Raises:
        HttpProblem: 404, there is none.
    """
    try:
        known = UUID(collection_id)
    except ValueError:
        raise _no_collection(collection_id) from None
    stored = ItemBook(parts.jobs.database).collection(tenant, known)
    if stored is None:
        raise _no_collection(collection_id)
    return _Collection(known, stored)


def _no_collection(collection_id: str) -> HttpProblem:
    return HttpProblem(HTTPStatus.NOT_FOUND, f"there is no collection {collection_id[:80]!r}")


KnownCollection = Annotated[_Collection, Depends(_known_collection)]


@router.get(
    "/collections/{collection_id}",
    summary="The collection of a job",
    response_model=StacDocument,
    responses=problems(404, 503),
)
def collection(found: KnownCollection, parts: GivenParts) -> JSONResponse:
    """Give the collection as it was published; its hrefs lead through this API, or are signed."""
    return JSONResponse(documents.collection_document(found.stored, parts), headers=_FRESH)


@router.get(
    "/collections/{collection_id}/queryables",
    summary="What the items of a collection can be searched by",
    response_class=SchemaResponse,
    responses=problems(404, 503),
)
def collection_queryables(found: KnownCollection, parts: GivenParts) -> JSONResponse:
    """Describe the properties that filters may name; every collection has the same."""
    href = f"{documents.collection_url(parts, found.id)}/queryables"
    return SchemaResponse(queryables(href))


@router.get(
    "/collections/{collection_id}/items",
    summary="The items of a collection",
    responses=_answers(StacItems, GEOJSON, 400, 404, 503),
    openapi_extra=_described(OF_ITEM_LISTS),
)
def item_list(request: Request, found: KnownCollection, tenant: GivenTenant, parts: GivenParts, turn: Turn) -> Response:
    """List the items of a collection, newest first unless they are sorted; narrowed as a search is."""
    asked = read_search(_from_url(request, OF_ITEM_LISTS, parts), parts.settings.limits.max_vertices)
    named = asked.search.collections
    mine = (str(found.id),) if named is None or str(found.id) in named else ()
    asked = replace(asked, search=replace(asked.search, collections=mine))
    page = _page(asked, tenant, parts)
    href = f"{documents.collection_url(parts, found.id)}/items"
    return _items(asked, page, _links_of_get(request, page, href, GEOJSON, parts), parts)


@router.get(
    "/collections/{collection_id}/items/{item_id}",
    summary="One item",
    responses=_answers(StacDocument, GEOJSON, 404, 503),
)
def item(
    found: KnownCollection,
    item_id: Annotated[str, Path(description="Id of the item")],
    tenant: GivenTenant,
    parts: GivenParts,
) -> JSONResponse:
    """Give an item as it was published; its hrefs lead through this API, or are signed."""
    stored = None if "\0" in item_id else ItemBook(parts.jobs.database).item(tenant, found.id, item_id)
    if stored is None:
        raise HttpProblem(HTTPStatus.NOT_FOUND, f"collection {found.id} has no item {item_id[:80]!r}")
    return JSONResponse(documents.item_document(stored, parts), headers=_FRESH, media_type=GEOJSON)


@router.get(
    "/search",
    summary="Search the items of all collections",
    responses=_answers(StacItems, GEOJSON, 400, 503),
    openapi_extra=_described(OF_SEARCHES),
)
def search_by_url(request: Request, tenant: GivenTenant, parts: GivenParts, turn: Turn) -> Response:
    """Find items by place, time, ids and properties; a `next` link leads on for as long as there are more.

    A page of large items has fewer than `limit`.
    """
    asked = read_search(_from_url(request, OF_SEARCHES, parts), parts.settings.limits.max_vertices)
    page = _page(asked, tenant, parts)
    return _items(asked, page, _links_of_get(request, page, f"{stac_url(parts)}/search", GEOJSON, parts), parts)


@router.post(
    "/search",
    summary="Search the items of all collections, by a body",
    responses=_answers(StacItems, GEOJSON, 400, 408, 413, 415, 503),
    openapi_extra=BODY,
)
@needs(Scope.READ)
def search_by_body(
    turn: Annotated[None, Depends(turn_of_question, scope="function")],  # before the payload, as everywhere
    payload: Annotated[dict[str, Any], Depends(short_object, scope="function")],
    tenant: GivenTenant,
    parts: GivenParts,
) -> Response:
    """Find items as `GET /stac/search` does; the `next` link holds the body of the next question."""
    asked = read_search(payload, parts.settings.limits.max_vertices)
    page = _page(asked, tenant, parts)
    href = f"{stac_url(parts)}/search"
    links: list[Json] = [link(stac_url(parts), "root", "The catalogue")]
    if page.next is not None:
        body = payload | {"token": page.next}
        links.append(link(href, "next", "The next page", GEOJSON) | {"method": "POST", "merge": False, "body": body})
    return _items(asked, page, links, parts)


def _from_url(request: Request, allowed: tuple[str, ...], parts: Parts) -> Json:
    return from_parameters(request.query_params.multi_items(), allowed, parts.settings.max_json_depth)


def _page(asked: Asked, tenant: str, parts: Parts) -> Page:
    try:
        return ItemBook(parts.jobs.database).search(tenant, asked.search, limit=asked.limit, after=asked.token)
    except ValueError as error:
        raise _no_place(asked.token, error) from error


def _no_place(token: str | None, error: ValueError) -> Exception:
    """Return what a ValueError of the book means: the token was at fault, unless there was none."""
    return (
        error if token is None else refused("token", "this is no place in these results; take the next link as it is")
    )


def _items(asked: Asked, page: Page, links: list[Json], parts: Parts) -> Response:
    return Response(item_page(page, links, asked.fields, parts), headers=_FRESH, media_type=GEOJSON)


def _links_of_get(request: Request, page: Page, href: str, media_type: str, parts: Parts) -> list[Json]:
    """Return the links of a page that was asked for by URL; the next one keeps every parameter."""
    query = dict(request.query_params)
    here = f"{href}?{urlencode(query)}" if query else href
    links: list[Json] = [link(stac_url(parts), "root", "The catalogue"), link(here, "self", "This page", media_type)]
    if page.next is not None:
        there = f"{href}?{urlencode(query | {'token': page.next})}"
        links.append(link(there, "next", "The next page", media_type) | {"method": "GET"})
    return links
