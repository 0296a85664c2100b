"""Objects in a bucket of an S3 service, by boto3; credentials come from boto3's own chain and from nowhere else."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Literal
from uuid import uuid4

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from jobs.errors import StorageRefused
from jobs.media_types import media_type
from jobs.objects import CHUNK_BYTES, Stat, checked_key, checked_prefix
from jobs.s3_errors import BUCKET, ENDPOINT, told

LONGEST_SIGNATURE_S = 7 * 24 * 3600
"""No service takes a longer one (AWS Signature Version 4)."""
_TRANSFER = TransferConfig(
    multipart_threshold=16 * 2**20,
    multipart_chunksize=16 * 2**20,
    max_concurrency=4,
    max_io_queue=16,  # pieces of 256 KiB; boto3 would let a thousand of them wait for a slow disk, in memory
)


@dataclass(frozen=True)
class Patience:
    """How often a request is tried, with pauses that grow to some seconds, and how long each try may be silent."""

    tries: int
    connect_s: float
    read_s: float


PATIENT = Patience(tries=5, connect_s=5, read_s=60)
HURRIED = Patience(tries=2, connect_s=2, read_s=10)
"""Where somebody waits for the answer: threads of an API that all wait for S3 answer nobody."""


class S3Storage:
    """A `Storage` in a bucket.

    Args:
        bucket: its name.
        prefix: what comes before every key, without a slash at its end; may be empty.
        endpoint_url: of the service; None means that of AWS.
        region: of the bucket; None leaves it to boto3.
        addressing: where the bucket's name stands in a URL.
        redirects: hand objects out by presigned URLs.
        patience: with the service.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        endpoint_url: str | None = None,
        region: str | None = None,
        addressing: Literal["auto", "path", "virtual"] = "auto",
        redirects: bool = True,
        patience: Patience = PATIENT,
    ) -> None:
        self._bucket, self._prefix, self._redirects = bucket, f"{prefix}/" if prefix else "", redirects
        self._place = f"s3://{bucket}/{prefix}" + (f" at {endpoint_url}" if endpoint_url else "")
        with told(self._place):
            self._client = _client(endpoint_url, region, addressing, patience)

    def put_bytes(self, key: str, content: bytes) -> None:
        """See `Storage`."""
        self._upload(key, io.BytesIO(content))

    def put_file(self, key: str, path: Path) -> None:
        """See `Storage`."""
        with path.open("rb") as file:
            self._upload(key, file)

    def get_bytes(self, key: str) -> bytes:
        """See `Storage`."""
        buffer = io.BytesIO()
        self._download(key, buffer)
        return buffer.getvalue()

    def read(self, key: str, start: int, stop: int) -> Iterator[bytes]:
        """See `Storage`."""
        if stop <= start:
            return iter(())
        try:
            with told(self._place):
                found = self._client.get_object(**self._object(key), Range=f"bytes={start}-{stop - 1}")
        except ClientError as error:
            if error.response["Error"]["Code"] != "InvalidRange":
                raise
            return iter(())  # the object ends before the start
        return self._pieces(found["Body"])

    def local(self, key: str, folder: Path) -> Path:
        """See `Storage`; a copy in the folder, which the caller removes."""
        checked_key(key)
        name = hashlib.sha256(key.encode()).hexdigest()[:16]
        path = folder / f"{name}-{PurePosixPath(key).name}"
        with path.open("wb") as file:
            self._download(key, file)
        return path

    def head(self, key: str) -> Stat | None:
        """See `Storage`."""
        try:
            with told(self._place):
                found = self._client.head_object(**self._object(key))
        except FileNotFoundError:
            return None
        return Stat(found["ContentLength"], found["ETag"].strip('"'), found["LastModified"].astimezone(UTC))

    def list(self, prefix: str) -> list[str]:
        """See `Storage`."""
        with told(self._place):
            names = [name for page in self._pages(prefix) for name in page]
        return sorted(name.removeprefix(self._prefix) for name in names)

    def delete_prefix(self, prefix: str) -> None:
        """See `Storage`."""
        if not prefix:
            raise ValueError("a storage is not emptied as a whole")
        with told(self._place):
            self._abort_uploads(prefix)
            for names in self._pages(prefix):
                self._delete(names)

    def presigned(self, key: str, expires_in: int) -> str | None:
        """See `Storage`."""
        if not self._redirects:
            return None
        with told(self._place):
            url: str = self._client.generate_presigned_url(
                "get_object", Params=self._object(key), ExpiresIn=min(expires_in, LONGEST_SIGNATURE_S)
            )
        return url

    def check(self) -> None:
        """See `Storage`."""
        probe = self._object(f"check-{uuid4().hex}")
        try:
            with told(self._place):
                self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix, MaxKeys=1)
                self._client.list_multipart_uploads(Bucket=self._bucket, Prefix=self._prefix, MaxUploads=1)
                self._client.put_object(**probe, Body=b"")
                self._client.get_object(**probe)["Body"].read()
                self._client.delete_object(**probe)
        except FileNotFoundError as error:  # not even the bucket's name was understood
            raise StorageRefused(f"there is no bucket {self._place}: {BUCKET}, or {ENDPOINT}") from error

    def _object(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + checked_key(key)}

    def _upload(self, key: str, file: BinaryIO) -> None:
        """Store what a file holds; a large one in parts, which become an object when the last one has arrived."""
        with told(self._place):
            self._client.upload_fileobj(
                file, **self._object(key), ExtraArgs={"ContentType": media_type(key)}, Config=_TRANSFER
            )

    def _download(self, key: str, file: BinaryIO) -> None:
        with told(self._place):
            self._client.download_fileobj(**self._object(key), Fileobj=file, Config=_TRANSFER)

    def _pieces(self, body: Any) -> Iterator[bytes]:  # noqa: ANN401 - botocore's stream
        try:
            with told(self._place):
                yield from body.iter_chunks(CHUNK_BYTES)
        finally:
            body.close()

    def _pages(self, prefix: str) -> Iterator[Sequence[str]]:
        """Yield what the bucket calls the objects below a prefix, a thousand at once; no page is empty."""
        pages = self._client.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + checked_prefix(prefix)):
            if names := [found["Key"] for found in page.get("Contents", ())]:
                yield names

    def _delete(self, names: Sequence[str]) -> None:
        objects = {"Objects": [{"Key": name} for name in names], "Quiet": True}
        for error in self._client.delete_objects(Bucket=self._bucket, Delete=objects).get("Errors", ()):
            status = 403 if error.get("Code") == "AccessDenied" else 503  # of one object, in an answer that is a 200
            raise ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}}, "DeleteObjects")

    def _abort_uploads(self, prefix: str) -> None:
        """Remove the parts that a killed worker has left behind: they are paid for and listed nowhere."""
        pages = self._client.get_paginator("list_multipart_uploads")
        for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + checked_prefix(prefix)):
            for found in page.get("Uploads", ()):
                with suppress(self._client.exceptions.NoSuchUpload):  # another sweeper was first
                    self._client.abort_multipart_upload(
                        Bucket=self._bucket, Key=found["Key"], UploadId=found["UploadId"]
                    )


def _client(endpoint_url: str | None, region: str | None, addressing: str, patience: Patience) -> Any:  # noqa: ANN401 - made by boto3
    """Return a client of the service; threads may share it."""
    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint_url,
        config=Config(
            region_name=region,
            signature_version="s3v4",
            s3={"addressing_style": addressing},
            retries={"mode": "standard", "total_max_attempts": patience.tries},
            connect_timeout=patience.connect_s,
            read_timeout=patience.read_s,
            tcp_keepalive=True,
            max_pool_connections=32,  # the API streams to that many customers at once
            # Trailing checksums, boto3's own choice, are not understood by every service that speaks S3.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
