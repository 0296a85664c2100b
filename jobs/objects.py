"""What is known of a stored object, and what its key may be; the same for every storage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath

CHUNK_BYTES = 256 * 1024
"""What is held of an object at once while it is handed out."""


@dataclass(frozen=True)
class Stat:
    """What is known of an object without reading it: its size in bytes, and when it was written, in UTC."""

    size: int
    etag: str
    modified: datetime


def checked_key(key: str) -> str:
    """Return the key of an object.

    Raises:
        ValueError: the key leads out of the storage, or is not written in its one way.
    """
    path = PurePosixPath(key)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in key or path.as_posix() != key:
        raise ValueError(f"{key!r} is no key of this storage")
    return key


def checked_prefix(prefix: str) -> str:
    """Return what keys begin with: the empty text, or a key and a slash.

    Raises:
        ValueError: it is neither; `jobs/1` would be a prefix of `jobs/12/` in one storage and a folder in another.
    """
    if prefix and (not prefix.endswith("/") or checked_key(prefix[:-1]) is None):
        raise ValueError(f"{prefix!r} is no prefix of this storage: it ends without a slash")
    return prefix
