"""One sensor's scenes in one archive: where they are, what their files are called, and how these are opened."""

from __future__ import annotations

import os.path
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from pydantic import BaseModel, ConfigDict, Field

Signing = Literal["none", "planetary-computer", "s3"]
ELSEWHERE = "lies where files of its catalogue are not read from"
"""What customers are told of a place for which there is a refusal, which names hosts and buckets."""


class Source(BaseModel):
    """Where the scenes of one sensor come from.

    Attributes:
        href: path or URL of a static catalogue's `catalog.json`, or URL of a STAC API.
        kind: "auto" asks the place which of the two it is.
        collection: id of the collection.
        assets: what the archive calls our assets (B03 ... SCL, vv, vh), where it calls them otherwise.
        asset_hosts: where files may lie beside the catalogue's own host or folder: hosts (`*.example.org` for all
            below one; by https alone where the catalogue is), absolute folders, and buckets where `signing` is "s3".
        signing: how a file is opened: as it is, with a token of the Planetary Computer, or by S3 with credentials.
        s3_endpoint: host of the S3 service, where `signing` is "s3"; `http://host:port` where it has no TLS.
        offset_applied: Sentinel-2: the archive has subtracted the 1000 of baseline 04.00 from every scene, whatever its
            items say; otherwise each item decides.
        backscatter: Sentinel-1: convention of the archive, where it is linear power and its items do not say.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    href: str = Field(min_length=1)
    kind: Literal["auto", "static", "api"] = "auto"
    collection: str
    assets: dict[str, str] = {}
    asset_hosts: tuple[str, ...] = ()
    signing: Signing = "none"
    s3_endpoint: str = ""
    offset_applied: bool = False
    backscatter: Literal["gamma0", "sigma0"] | None = None

    @property
    def is_remote(self) -> bool:
        """Whether the catalogue is behind HTTP."""
        return is_url(self.href)

    def refusal(self, href: str) -> str | None:
        """Return why a place that the catalogue points to is not opened; None where it may be.

        Args:
            href: absolute path or URL.
        """
        parts = urlsplit(href)
        if parts.scheme in ("http", "https"):
            host = parts.hostname or ""
            if self.is_remote and _place(parts) == _place(urlsplit(self.href)):
                return None
            known = any(
                _covers(rule, host) or _place(urlsplit(f"{parts.scheme}://{rule}")) == _place(parts)
                for rule in self.asset_hosts
            )
            if known and parts.scheme == "http" and self.href.startswith("https:"):
                return f"on {host} in clear text, while its catalogue is asked by https"
            return None if known else f"on {host or 'no host'}, which is none of its catalogue's hosts"
        if parts.scheme == "s3":
            if self.signing != "s3":
                return "in S3, for which its catalogue has no credentials"
            return None if parts.netloc in self.asset_hosts else f"in the bucket {parts.netloc}, not its catalogue's"
        if parts.scheme not in ("", "file") or href.startswith("/vsi"):
            return "behind a protocol that is not opened"
        folders = [rule for rule in self.asset_hosts if rule.startswith(("/", "file:"))]
        if not self.is_remote:
            folders.append(os.path.dirname(_catalog_file(self.href)))  # noqa: PTH120 - of a path or a file URL
        return None if any(_below(href, folder) for folder in folders) else "outside the folders of its catalogue"


def is_url(place: str) -> bool:
    """Return whether a place is behind HTTP."""
    return place.startswith(("http://", "https://"))


def local_path(href: str) -> str:
    """Return a path, absolute and without detours, from a path or a file URL."""
    path = unquote(urlsplit(href).path) if href.startswith("file:") else href
    return os.path.normpath(os.path.abspath(path))  # noqa: PTH100 - links stay links: operators use them


def may_hear_password(href: str, of: str) -> bool:
    """Return whether a place may be told the password of a catalogue.

    The same host and port may; in clear text only where the catalogue itself is asked in clear text.

    Args:
        href: URL of the place.
        of: URL of the catalogue.
    """
    there, own = urlsplit(href), urlsplit(of)
    if there.scheme not in ("http", "https") or (there.hostname, _port(there)) != (own.hostname, _port(own)):
        return False
    return there.scheme == "https" or own.scheme == "http"


def _place(parts: SplitResult) -> tuple[str, str]:
    """Return host and port of a URL, the port empty where it is the usual one of its scheme."""
    netloc = parts.netloc.rpartition("@")[2].lower()
    port = _port(parts)
    written = netloc.rpartition("]")[2].partition(":")[2]
    return netloc.removesuffix(f":{written}") if written else netloc, port


def _port(parts: SplitResult) -> str:
    """Return the port of a URL as it is written; empty where it is the usual one of its scheme."""
    port = parts.netloc.rpartition("@")[2].rpartition("]")[2].partition(":")[2]
    return "" if port == {"http": "80", "https": "443"}.get(parts.scheme) else port


def without_password(href: str) -> str:
    """Return a URL without user and password, otherwise as it is."""
    parts = urlsplit(href)
    if parts.scheme not in ("http", "https") or "@" not in parts.netloc:
        return href
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _catalog_file(href: str) -> str:
    return href if href.endswith(".json") else href.rstrip("/") + "/catalog.json"


def _below(href: str, folder: str) -> bool:
    return os.path.commonpath([local_path(href), local_path(folder)]) == local_path(folder)


def _covers(rule: str, host: str) -> bool:
    rule, host = rule.lower(), host.lower()
    return host.endswith(rule[1:]) if rule.startswith("*.") else host == rule
