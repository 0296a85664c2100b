"""A storage whose troubles are counted, so that somebody is told before customers tell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import Counter

from jobs.errors import Unavailable
from jobs.objects import Stat

if TYPE_CHECKING:
    from jobs.storage import Storage

ERRORS = Counter("clearleaf_storage_errors", "Operations on the result storage that failed.", ["operation"])
for _name in ("put", "get", "head", "list", "delete", "presign", "check"):
    ERRORS.labels(_name)


@contextmanager
def _counted(operation: str) -> Iterator[None]:
    try:
        yield
    except (Unavailable, OSError) as error:
        if not isinstance(error, FileNotFoundError):  # an object that is not there is an answer
            ERRORS.labels(operation).inc()
        raise


class CountedStorage:
    """A `Storage` in front of another one."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def put_bytes(self, key: str, content: bytes) -> None:
        """See `Storage`."""
        with _counted("put"):
            self._storage.put_bytes(key, content)

    def put_file(self, key: str, path: Path) -> None:
        """See `Storage`."""
        with _counted("put"):
            self._storage.put_file(key, path)

    def get_bytes(self, key: str) -> bytes:
        """See `Storage`."""
        with _counted("get"):
            return self._storage.get_bytes(key)

    def read(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        """See `Storage`."""
        with _counted("get"):
            pieces = self._storage.read(key, start, stop)
        return _counted_pieces(pieces)

    def local(self, key: str, folder: Path) -> Path:
        """See `Storage`."""
        with _counted("get"):
            return self._storage.local(key, folder)

    def head(self, key: str) -> Stat | None:
        """See `Storage`."""
        with _counted("head"):
            return self._storage.head(key)

    def list(self, prefix: str) -> list[str]:
        """See `Storage`."""
        with _counted("list"):
            return self._storage.list(prefix)

    def delete_prefix(self, prefix: str) -> None:
        """See `Storage`."""
        with _counted("delete"):
            self._storage.delete_prefix(prefix)

    def presigned(self, key: str, expires_in: int) -> str | None:
        """See `Storage`."""
        with _counted("presign"):
            return self._storage.presigned(key, expires_in)

    def check(self) -> None:
        """See `Storage`."""
        with _counted("check"):
            self._storage.check()


def _counted_pieces(pieces: Iterator[bytes]) -> Iterator[bytes]:
    with _counted("get"):
        yield from pieces
