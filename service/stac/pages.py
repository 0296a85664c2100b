"""Pages of documents on their way out, written one by one: as objects, all of a page weigh ten times as much."""

from __future__ import annotations

import json
from collections.abc import Iterable

from jobs.item_book import Page
from service.dependencies import Parts
from service.stac.documents import Json, collection_document, item_document
from service.stac.fields import Fields


def item_page(page: Page, links: list[Json], fields: Fields | None, parts: Parts) -> bytes:
    """Return a page of items as JSON; of each, the members that are asked for."""
    features = (item_document(stored, parts, fields) for stored in page.documents)
    return _written({"type": "FeatureCollection"} | _around(page, links), "features", features)


def collection_page(page: Page, links: list[Json], parts: Parts) -> bytes:
    """Return a page of collections as JSON."""
    return _written(
        _around(page, links), "collections", (collection_document(stored, parts) for stored in page.documents)
    )


def _around(page: Page, links: list[Json]) -> Json:
    return {"links": links, "numberMatched": page.matched, "numberReturned": len(page.documents)}


def _written(around: Json, name: str, documents: Iterable[Json]) -> bytes:
    listed = b",".join(map(_json, documents))
    return b"".join((_json(around)[:-1], b",", _json(name), b":[", listed, b"]}"))


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
