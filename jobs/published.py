"""What a finished job has published, read back from storage: its collection and items, as the job book keeps them."""

from __future__ import annotations

import json
import posixpath
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import shapely
from shapely.geometry import shape

from jobs.searchable import kept, moment_of
from jobs.storage import Storage

_READ_AT_ONCE = 8
"""Items are small and many: each waits for the storage's answer."""


@dataclass(frozen=True)
class Document:
    """A published JSON file.

    Attributes:
        key: where it lies in storage; its relative hrefs start from there.
        packed: its bytes, compressed: the outline, and the links to all scenes, are the same in every item of a job.
    """

    key: str
    packed: bytes

    @classmethod
    def of(cls, key: str, body: bytes) -> Document:
        """Return a file's bytes as a document."""
        return cls(key, zlib.compress(body))

    @property
    def size(self) -> int:
        """Return how many bytes it has, unpacked."""
        return len(zlib.decompress(self.packed))

    def load(self) -> dict[str, Any]:
        """Return the JSON object, its hrefs as they were published."""
        document: dict[str, Any] = json.loads(zlib.decompress(self.packed))
        return document


@dataclass(frozen=True)
class PublishedItem:
    """One item and what it can be found by.

    Attributes:
        id: unique in its collection.
        moment: its datetime.
        footprint: its geometry as WKB, EPSG:4326.
        properties: those that can be searched.
        document: the item itself.
    """

    id: str
    moment: datetime
    footprint: bytes
    properties: dict[str, Any]
    document: Document

    @classmethod
    def of(cls, key: str, body: bytes) -> PublishedItem:
        """Return a published item."""
        item = json.loads(body)
        properties = item["properties"]
        footprint = shapely.to_wkb(shape(item["geometry"]))
        moment = moment_of(properties["datetime"])
        return cls(item["id"], moment, footprint, kept(properties), Document.of(key, body))


@dataclass(frozen=True)
class Published:
    """The collection of a job and its items."""

    collection: Document
    items: tuple[PublishedItem, ...] = ()


def read_published(storage: Storage, manifest_key: str) -> Published:
    """Return what a manifest, and the collection that it names, say was published.

    Raises:
        FileNotFoundError: something of it is missing.
        Unavailable: the storage is away.
    """
    outputs = json.loads(storage.get_bytes(manifest_key))["outputs"]
    key = _beside(manifest_key, outputs["collection"]["href"])
    body = storage.get_bytes(key)
    links = json.loads(body)["links"]
    item_keys = [_beside(key, link["href"]) for link in links if link["rel"] == "item"]
    with ThreadPoolExecutor(_READ_AT_ONCE) as pool:
        bodies = pool.map(storage.get_bytes, item_keys)
        items = tuple(map(PublishedItem.of, item_keys, bodies))
    return Published(Document.of(key, body), items)


def _beside(key: str, href: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(key), unquote(href)))
