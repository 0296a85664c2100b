"""What an S3 service or boto3 says when something is wrong, as errors that name the cure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore import exceptions as boto
from s3transfer.exceptions import RetriesExceededError

from jobs.errors import StorageAway, StorageFull, StorageRefused

CREDENTIALS = (
    "give credentials where boto3 looks for them (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, its files, a role) "
    "that may list, read, write and delete there"
)
BUCKET = "make the bucket, or set CLEARLEAF_STORAGE_URL"
REGION = "set CLEARLEAF_S3_REGION"
ENDPOINT = "set CLEARLEAF_S3_ENDPOINT_URL"

_CURES = {
    **dict.fromkeys(("NoSuchBucket", "InvalidBucketName"), BUCKET),
    **dict.fromkeys(
        ("PermanentRedirect", "301", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"), REGION
    ),
    **dict.fromkeys(("ExpiredToken", "InvalidToken", "TokenRefreshRequired"), CREDENTIALS),
    "RequestTimeTooSkewed": "set this machine's clock",
}
"""By error code; whatever else is forbidden is a matter of credentials."""
_MISSING = ("NoSuchKey", "NotFound", "404")
_FULL = ("QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "507")
_BUSY = ("SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "RequestTimeout", "TooManyRequests")
_WEATHER = (
    *(boto.HTTPClientError, boto.ConnectionError, boto.IncompleteReadError),
    *(boto.ChecksumError, boto.FlexibleChecksumError),
)


@contextmanager
def told(place: str) -> Iterator[None]:
    """Turn what boto3 raises in a block into errors of ours.

    Args:
        place: the storage, for the message.

    Raises:
        FileNotFoundError: there is no such object.
        StorageRefused: settings, credentials or permissions are wrong.
        StorageFull: there is no room.
        StorageAway: the service is away or busy.
    """
    try:
        yield
    except boto.ClientError as error:
        raise _answered(error, error.response, place) from error
    except RetriesExceededError as error:
        raise StorageAway(f"the result storage {place} broke off again and again: {error.last_exception}") from error
    except boto.BotoCoreError as error:
        raise _not_asked(error, place) from error


def _answered(error: Exception, response: dict[str, Any], place: str) -> Exception:
    """Return what an answer of the service means."""
    code, said = str(response.get("Error", {}).get("Code", "")), str(error)
    answer = response.get("ResponseMetadata", {})
    status = int(answer.get("HTTPStatusCode", 0))
    if code in _MISSING:
        return FileNotFoundError(f"there is no such object in the result storage {place}: {said}")
    if code in _CURES:
        return StorageRefused(f"the result storage {place} cannot be used ({said}): {_CURES[code]}")
    if code in _FULL or status == 507:
        return StorageFull(f"the result storage {place} is full ({said}): free some space there")
    if status in (401, 403):
        return StorageRefused(f"the result storage {place} does not let us in ({said}): {CREDENTIALS}")
    if code in _BUSY or status == 429 or status >= 500:
        wait = str(answer.get("HTTPHeaders", {}).get("retry-after", ""))
        return StorageAway(f"the result storage {place} is busy: {said}", float(wait) if wait.isdecimal() else None)
    return error


def _not_asked(error: Exception, place: str) -> Exception:
    """Return what it means that there was no answer."""
    if isinstance(error, _WEATHER):
        return StorageAway(f"the result storage {place} cannot be reached ({error}): if this does not pass, {ENDPOINT}")
    if isinstance(error, boto.NoRegionError | boto.InvalidRegionError):
        cure = REGION
    elif isinstance(error, boto.ParamValidationError):
        cure = BUCKET
    else:  # boto3 has no credentials, or its own files are wrong
        cure = CREDENTIALS
    return StorageRefused(f"the result storage {place} cannot be used ({error}): {cure}")
