"""The way of a job's files to a local folder: along the links, each file whole or not at all."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import unquote, urljoin, urlsplit
from uuid import uuid4

import httpx

from clearleaf.client_errors import ClientError, error_of
from worker.outputs.documents import document_bytes

WALKED = ("item", "child")
"""Relations that lead further down; the others lead back to what is fetched anyway, or abroad."""


class Download:
    """One job's files on their way into `directory`; the folder's layout is that of the service's paths.

    Attributes:
        done: URL paths of the files that have arrived; asking again does not fetch them again.
    """

    def __init__(self, http: httpx.Client, directory: Path) -> None:
        self._http = http
        self._directory = directory
        self._root = "/"
        self.done: set[str] = set()

    def fetch(self, results: dict[str, Any]) -> Path:
        """Fetch every output of a results document and return where the collection lies."""
        collection = results["collection"]["href"]
        self._root = posixpath.dirname(unquote(urlsplit(collection).path)) + "/"
        for name, output in results.items():
            if name != "collection":
                self._file(output["href"])
        self._stac(collection)
        return self._local(collection)

    def _stac(self, url: str) -> None:
        """Fetch a STAC document after everything that it names."""
        path = unquote(urlsplit(url).path)
        if path in self.done:
            return
        document = self._get(url)
        for link in document.get("links", []):
            if link.get("rel") in WALKED and self._is_ours(urljoin(url, link["href"])):
                self._stac(urljoin(url, link["href"]))
        for asset in document.get("assets", {}).values():
            if self._is_ours(urljoin(url, asset["href"])):
                self._file(urljoin(url, asset["href"]))
        self._relate(document, url)
        with _appears_whole(self._local(url)) as file:
            file.write(document_bytes(document))  # as published, so that the manifest's checksum holds
        self.done.add(path)

    def _file(self, url: str) -> None:
        path = unquote(urlsplit(url).path)
        if path in self.done:
            return
        with self._http.stream("GET", url) as response:
            if not response.is_success:
                response.read()
                raise error_of(response)
            with _appears_whole(self._local(url)) as file:
                for chunk in response.iter_bytes():
                    file.write(chunk)
        self.done.add(path)

    def _get(self, url: str) -> dict[str, Any]:
        response = self._http.get(url)
        if not response.is_success:
            raise error_of(response)
        document: dict[str, Any] = response.json()
        return document

    def _relate(self, document: dict[str, Any], url: str) -> None:
        """Make hrefs to the job's own files relative again, for these files move together."""
        here = posixpath.dirname(unquote(urlsplit(url).path))
        for member in [*document.get("links", []), *document.get("assets", {}).values()]:
            target = urljoin(url, member["href"])
            if self._is_ours(target):
                member["href"] = "./" + posixpath.relpath(unquote(urlsplit(target).path), here)

    def _is_ours(self, url: str) -> bool:
        return unquote(urlsplit(url).path).startswith(self._root)

    def _local(self, url: str) -> Path:
        """Return where a URL's file goes, which is never outside the folder, whatever a server may say."""
        path = unquote(urlsplit(url).path)
        relative = posixpath.normpath(path[len(self._root) :])
        if not path.startswith(self._root) or relative.startswith(("..", "/")) or "\\" in relative:
            raise ClientError("Odd link", f"{path} does not lie beside the collection")
        return self._directory / relative


@contextmanager
def _appears_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that appears under its name only if nothing went wrong."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
