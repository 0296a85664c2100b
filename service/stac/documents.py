"""STAC documents on their way out: as they were published, but for links that lead through the API and signed hrefs."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from jobs.published import Document
from service.dependencies import Parts
from service.files import results_root
from service.openapi import DESCRIPTION, OPENAPI_TYPE, TITLE
from service.signing import signed_href
from service.stac.conformance import CONFORMS_TO
from service.stac.fields import Fields
from service.stac.queryables import SCHEMA_JSON
from service.stac_links import sign_hrefs
from service.statusinfo import link

GEOJSON = "application/geo+json"
QUERYABLES_REL = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
_OURS = ("self", "root", "parent", "collection", "items", QUERYABLES_REL)
"""Relations that lead from one document of the API to another; the published ones lead from file to file."""

Json = dict[str, Any]


def stac_url(parts: Parts) -> str:
    """Return the absolute URL of the landing page."""
    return f"{parts.settings.public_url}/stac"


def collection_url(parts: Parts, collection_id: UUID | str) -> str:
    """Return the absolute URL of a collection."""
    return f"{stac_url(parts)}/collections/{collection_id}"


def landing_page(parts: Parts) -> Json:
    """Return the catalogue at the root of the API."""
    url = stac_url(parts)
    post: Json = link(f"{url}/search", "search", "Search items, by a body", GEOJSON) | {"method": "POST"}
    return {
        "type": "Catalog",
        "id": "clearleaf",
        "stac_version": "1.1.0",
        "title": TITLE,
        "description": DESCRIPTION,
        "conformsTo": CONFORMS_TO,
        "links": [
            link(url, "self", "This page"),
            link(url, "root", "This page"),
            link(f"{parts.settings.public_url}/openapi.json", "service-desc", "What can be asked", OPENAPI_TYPE),
            link(f"{url}/conformance", "conformance", "Which standards hold"),
            link(f"{url}/collections", "data", "The collections, one a job"),
            link(f"{url}/search", "search", "Search items, by a URL", GEOJSON) | {"method": "GET"},
            post,
            link(f"{url}/queryables", QUERYABLES_REL, "What items can be searched by", SCHEMA_JSON),
        ],
    }


def collection_document(stored: Document, parts: Parts) -> Json:
    """Return a collection; its items are behind one link, where the published file has a link to each."""
    document = stored.load()
    href = collection_url(parts, document["id"])
    document["links"] = [one for one in document["links"] if one["rel"] != "item"]
    ours = [
        link(href, "self", "This collection"),
        link(stac_url(parts), "root", TITLE),
        link(stac_url(parts), "parent", TITLE),
        link(f"{href}/items", "items", "Its items", GEOJSON),
        link(f"{href}/queryables", QUERYABLES_REL, "What its items can be searched by", SCHEMA_JSON),
        link(f"{parts.settings.public_url}/jobs/{document['id']}", "via", "The job that made it"),
    ]
    return _outward(document, stored, ours, parts)


def item_document(stored: Document, parts: Parts, fields: Fields | None = None) -> Json:
    """Return an item; of it, the members that are asked for."""
    document = stored.load()
    collection = collection_url(parts, document["collection"])
    ours = [
        link(f"{collection}/items/{document['id']}", "self", "This item", GEOJSON),
        link(stac_url(parts), "root", TITLE),
        link(collection, "parent", "Its collection"),
        link(collection, "collection", "Its collection"),
    ]
    return _outward(document if fields is None else fields.of(document), stored, ours, parts)


def _outward(document: Json, stored: Document, ours: list[Json], parts: Parts) -> Json:
    """Return a document with our links in place of its own of the same relations, and its relative hrefs signed."""
    if "links" in document:
        document["links"] = [one for one in document["links"] if one["rel"] not in _OURS]
    settings = parts.settings
    sign = partial(signed_href, signer=parts.signer, public_url=settings.public_url, expires_in=settings.signed_url_s)
    sign_hrefs(document, stored.key, results_root(stored.key), sign)
    if "links" in document:
        document["links"] = ours + document["links"]
    return document
