"""STAC documents on their way out: stored with relative hrefs, served with hrefs that a client can follow."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

STAC_MARK = b'"stac_version"'
LARGEST_BYTES = 8 * 2**20
"""No collection of 400 items comes near this; a larger JSON file is data and goes out as it is stored."""


def may_be_stac(key: str, size: int) -> bool:
    """Return whether a stored file is worth looking into before it is served."""
    return key.endswith(".json") and size <= LARGEST_BYTES


def with_signed_hrefs(document: bytes, key: str, root: str, sign: Callable[[str], str]) -> tuple[bytes, str] | None:
    """Return a STAC document whose relative hrefs became signed URLs, and its media type; None for any other file.

    Args:
        document: the file as it is stored.
        key: its storage key, which the hrefs are relative to.
        root: the prefix that hrefs may not leave, so that no document can have foreign files signed.
        sign: makes a URL of a storage key.
    """
    if STAC_MARK not in document:
        return None
    stac = json.loads(document)
    if not isinstance(stac, dict) or "stac_version" not in stac:
        return None
    sign_hrefs(stac, key, root, sign)
    media_type = "application/geo+json" if stac.get("type") == "Feature" else "application/json"
    return json.dumps(stac, ensure_ascii=False, separators=(",", ":")).encode(), media_type


def sign_hrefs(stac: dict[str, Any], key: str, root: str, sign: Callable[[str], str]) -> None:
    """Make signed URLs of the relative hrefs of a STAC object; arguments as of `with_signed_hrefs`."""
    for member in _with_href(stac):
        target = key_of(member["href"], key)
        if target is not None and target.startswith(root):
            member["href"] = sign(target)


def key_of(href: str, key: str) -> str | None:
    """Return the storage key that a document's relative href means, or None where the href is absolute."""
    parts = urlsplit(href)
    if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(key), unquote(parts.path)))


def _with_href(stac: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each link and asset of a STAC object, where it has an href."""
    links, assets = stac.get("links"), stac.get("assets")
    members = [*(links if isinstance(links, list) else []), *(assets.values() if isinstance(assets, dict) else [])]
    for member in members:
        if isinstance(member, dict) and isinstance(member.get("href"), str):
            yield member
