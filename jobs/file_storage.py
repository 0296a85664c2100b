"""Objects as files of a folder."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from jobs.errors import StorageFull, StorageRefused
from jobs.objects import CHUNK_BYTES, Stat, checked_key, checked_prefix

_UNFINISHED = ".unfinished-"
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_NOT_WRITABLE = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST)


class FileStorage:
    """A `Storage` in a folder; a file is written beside its place and renamed once it is on disk."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put_bytes(self, key: str, content: bytes) -> None:
        """See `Storage`."""
        with self._written(key) as unfinished, unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def put_file(self, key: str, path: Path) -> None:
        """See `Storage`."""
        with self._written(key) as unfinished, unfinished.open("wb") as file, path.open("rb") as source:
            shutil.copyfileobj(source, file, 2**20)
            file.flush()
            os.fsync(file.fileno())

    def get_bytes(self, key: str) -> bytes:
        """See `Storage`."""
        return self._path(key).read_bytes()

    def read(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        """See `Storage`."""
        return _pieces(self._path(key).open("rb"), start, stop)

    def local(self, key: str, folder: Path) -> Path:
        """See `Storage`; the object itself."""
        del folder
        path = self._path(key)
        if not path.is_file():
            raise FileNotFoundError(errno.ENOENT, "there is no such object", key)
        return path

    def head(self, key: str) -> Stat | None:
        """See `Storage`."""
        path = self._path(key)
        if not path.is_file():
            return None
        stat = path.stat()
        mark = hashlib.sha256(f"{key} {stat.st_size} {stat.st_mtime_ns}".encode()).hexdigest()[:32]
        return Stat(stat.st_size, mark, datetime.fromtimestamp(stat.st_mtime, UTC))

    def list(self, prefix: str) -> list[str]:
        """See `Storage`."""
        files = (path for path in self._folder(prefix).rglob("*") if path.is_file())
        return sorted(path.relative_to(self.root).as_posix() for path in files if not _is_unfinished(path))

    def delete_prefix(self, prefix: str) -> None:
        """See `Storage`."""
        if not prefix:
            raise ValueError("a storage is not emptied as a whole")
        try:
            shutil.rmtree(self._folder(prefix))
        except FileNotFoundError:  # nothing there, or removed by somebody else meanwhile
            shutil.rmtree(self._folder(prefix), ignore_errors=True)
        except OSError as error:
            raise _explained(error, self.root) from error

    def presigned(self, key: str, expires_in: int) -> str | None:
        """See `Storage`; a folder answers no requests."""
        return None

    def check(self) -> None:
        """See `Storage`."""
        key = f"check-{uuid4().hex}"
        self.put_bytes(key, b"")
        self._path(key).unlink()

    def _path(self, key: str) -> Path:
        return self.root / checked_key(key)

    def _folder(self, prefix: str) -> Path:
        return self.root / checked_prefix(prefix)

    @contextmanager
    def _written(self, key: str) -> Iterator[Path]:
        """Give a path to write to, and put it in place of the key once everything is on disk."""
        final = self._path(key)
        unfinished = final.with_name(f"{_UNFINISHED}{uuid4().hex}")
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
            yield unfinished
            unfinished.replace(final)
        except OSError as error:
            raise _explained(error, self.root) from error
        finally:
            unfinished.unlink(missing_ok=True) if final.parent.is_dir() else None


def _is_unfinished(path: Path) -> bool:
    return path.name.startswith(_UNFINISHED)


def _pieces(file: BinaryIO, start: int, stop: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        left = stop - start
        while left > 0 and (chunk := file.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk


def _explained(error: OSError, root: Path) -> Exception:
    """Return an error that says what to do about it, where we know."""
    if error.errno in _NO_SPACE:
        return StorageFull(f"the disk of the result storage {root} is full: free some space there")
    if error.errno in _NOT_WRITABLE:
        cure = "give write permission, or set CLEARLEAF_STORAGE_URL"
        return StorageRefused(f"the result storage {root} cannot be written ({error.strerror}): {cure}")
    return error
