"""Where results lie, and what steps hand over to one another: a folder, or a bucket of an S3 service."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from jobs.counted_storage import CountedStorage
from jobs.errors import StorageRefused, Unavailable
from jobs.file_storage import FileStorage
from jobs.objects import Stat
from jobs.settings import JobsSettings

log = logging.getLogger(__name__)


class Storage(Protocol):
    """Objects by key. An object appears whole or not at all; every method may raise `Unavailable`.

    A key has the parts of a relative path; any other is a `ValueError`. A prefix ends with a slash.
    """

    def put_bytes(self, key: str, content: bytes) -> None:
        """Store an object, in place of an earlier one.

        Raises:
            StorageFull: there is no room.
        """

    def put_file(self, key: str, path: Path) -> None:
        """Store a copy of a local file; raises as `put_bytes`."""

    def get_bytes(self, key: str) -> bytes:
        """Return an object.

        Raises:
            FileNotFoundError: there is none.
        """

    def read(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        """Return the bytes from start to stop (exclusive) in pieces; raises as `get_bytes`, before the first piece.

        An object that ends before gives what it has.
        """

    def local(self, key: str, folder: Path) -> Path:
        """Return an object as a local file that is only read: where it lies, or a copy in a folder.

        Raises:
            FileNotFoundError: there is none.
            OSError: the copy cannot be written.
        """

    def head(self, key: str) -> Stat | None:
        """Return what is known of an object, or None where there is none."""

    def list(self, prefix: str) -> list[str]:
        """Return the keys below a prefix, sorted."""

    def delete_prefix(self, prefix: str) -> None:
        """Remove every object below a prefix, and what is half uploaded there; it may be empty."""

    def presigned(self, key: str, expires_in: int) -> str | None:
        """Return a URL from which an object can be got for so many seconds; None where objects go through us."""

    def check(self) -> None:
        """Try the storage out: list, write, read and remove.

        Raises:
            StorageRefused: it will not do before somebody mends settings, credentials or permissions.
        """


def open_storage(settings: JobsSettings, *, hurried: bool = False) -> Storage:
    """Return the storage that settings name, its errors counted; a hurried one gives up soon: somebody waits for it."""
    if settings.bucket is None:
        return CountedStorage(FileStorage(settings.storage_root))
    # Imported here: boto3 takes half a second, and who stores in a folder has no use for it.
    from jobs.s3_storage import HURRIED, PATIENT, S3Storage

    bucket, prefix = settings.bucket
    return CountedStorage(
        S3Storage(
            bucket,
            prefix,
            endpoint_url=settings.s3_endpoint_url,
            region=settings.s3_region,
            addressing=settings.s3_addressing,
            redirects=settings.s3_redirects,
            patience=HURRIED if hurried else PATIENT,
        )
    )


def open_checked_storage(settings: JobsSettings, *, hurried: bool = False) -> Storage:
    """Return the storage, tried out; one that is only away is told in the log, for it may come back.

    Raises:
        StorageRefused: it cannot be used; the message names the cure.
    """
    storage = open_storage(settings, hurried=hurried)
    try:
        storage.check()
    except StorageRefused:
        raise
    except Unavailable as error:
        log.warning("starting all the same, jobs will wait: %s", error)
    return storage
