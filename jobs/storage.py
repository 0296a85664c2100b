"""Objects by key: a folder on disk, and the signatures that open its objects to customers."""

from __future__ import annotations

import errno
import hashlib
import hmac
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from uuid import uuid4

from jobs.errors import StorageFull

_UNFINISHED = ".unfinished-"
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_NOT_WRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR)


@dataclass(frozen=True)
class Stat:
    """What is known of an object without reading it; size in bytes."""

    size: int
    etag: str
    modified: datetime


class FileStorage:
    """Objects as files of a folder. An object appears whole or not at all."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def local_path(self, key: str) -> Path:
        """Return where an object lies.

        Raises:
            ValueError: the key leads out of the storage.
        """
        parts = PurePosixPath(key).parts
        if not parts or key.startswith("/") or ".." in parts or "\0" in key:
            raise ValueError(f"{key!r} is no key of this storage")
        return self.root.joinpath(*parts)

    def put_bytes(self, key: str, content: bytes, content_type: str = "application/octet-stream") -> None:
        """Store an object; the content type is told by the key's suffix when it is served.

        Raises:
            StorageFull: it cannot be written.
        """
        del content_type  # a folder keeps none
        with self._written(key) as unfinished, unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def put_file(self, key: str, path: Path) -> None:
        """Store a copy of a local file; raises as `put_bytes`."""
        with self._written(key) as unfinished, unfinished.open("wb") as file, path.open("rb") as source:
            shutil.copyfileobj(source, file, 2**20)
            file.flush()
            os.fsync(file.fileno())

    def get_bytes(self, key: str) -> bytes:
        """Return an object.

        Raises:
            FileNotFoundError: there is none.
        """
        return self.local_path(key).read_bytes()

    def head(self, key: str) -> Stat | None:
        """Return what is known of an object, or None where there is none."""
        path = self.local_path(key)
        if not path.is_file():
            return None
        stat = path.stat()
        mark = hashlib.sha256(f"{key} {stat.st_size} {stat.st_mtime_ns}".encode()).hexdigest()[:32]
        return Stat(stat.st_size, mark, datetime.fromtimestamp(stat.st_mtime, UTC))

    def list(self, prefix: str) -> list[str]:
        """Return the keys below a prefix, sorted."""
        folder = self.local_path(prefix) if prefix else self.root
        files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(_UNFINISHED))
        return sorted(path.relative_to(self.root).as_posix() for path in files)

    def delete_prefix(self, prefix: str) -> None:
        """Remove every object below a prefix; nothing happens where there is none."""
        shutil.rmtree(self.local_path(prefix), ignore_errors=True)

    @contextmanager
    def _written(self, key: str) -> Iterator[Path]:
        """Give a path to write to, and put it in place of the key once everything is on disk."""
        final = self.local_path(key)
        unfinished = final.with_name(f"{_UNFINISHED}{uuid4().hex}")
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
            yield unfinished
            unfinished.replace(final)
        except OSError as error:
            raise _explained(error, self.root) from error
        finally:
            unfinished.unlink(missing_ok=True) if final.parent.is_dir() else None


def _explained(error: OSError, root: Path) -> Exception:
    """Return an error that says what to do about it, where we know."""
    if error.errno in _NO_SPACE:
        return StorageFull(f"the disk of the result storage {root} is full: free some space there")
    if error.errno in _NOT_WRITABLE:
        return StorageFull(f"the result storage {root} cannot be written ({error.strerror}): give write permission")
    return error


class Signer:
    """Signatures of paths that expire: whoever holds one may read that path until then."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, path: str, expires_in: float) -> str:
        """Return the query string that opens a path for so many seconds."""
        expires = int(time.time() + expires_in)
        return f"expires={expires}&signature={self._mac(path, expires)}"

    def verify(self, path: str, expires: int, signature: str) -> bool:
        """Return whether a signature opens the path now."""
        good = hmac.compare_digest(self._mac(path, expires).encode(), signature.encode())
        return good and expires > time.time()

    def _mac(self, path: str, expires: int) -> str:
        return hmac.new(self._key, f"{path}\n{expires}".encode(), hashlib.sha256).hexdigest()
