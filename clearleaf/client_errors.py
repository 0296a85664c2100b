"""What can go wrong between the Python client and the service, as types that a caller can act on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import httpx

RESULT_NOT_READY = "result-not-ready"
CURE = "set CLEARLEAF_API_KEY, or give Client(api_key=...)"


class ClientError(Exception):
    """The service refused, or could not be asked.

    Attributes:
        status: HTTP status of the answer; None where there was none.
        title: the kind of problem.
        detail: what happened, in the service's words.
        errors: one `{"pointer", "detail"}` for each wrong member of an order.
        retry_after_s: when asking again makes sense, where the service said so.
    """

    def __init__(
        self,
        title: str,
        detail: str,
        *,
        status: int | None = None,
        errors: Sequence[dict[str, str]] = (),
        retry_after_s: float | None = None,
    ) -> None:
        each = [f"  {error['pointer']}: {error['detail']}" for error in errors]  # what `detail` says in one line
        super().__init__("\n".join([f"{title}:", *each]) if each else f"{title}: {detail}")
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = tuple(errors)
        self.retry_after_s = retry_after_s


class InvalidOrder(ClientError):
    """The order is wrong; `errors` names each member and the cure."""


class NotSignedIn(ClientError):
    """The service wants a key, and there was none or none that is good."""


class NotAllowed(ClientError):
    """The key does not open this; one with the scope that `detail` names would."""


class TooMany(ClientError):
    """More than this customer may ask for or have at once; `retry_after_s` says when it is worth asking again."""


class LinkExpired(ClientError):
    """A signed link is too old; fresh ones come with the results."""


class NoSuchJob(ClientError):
    """The service knows no such job."""


class NotReady(ClientError):
    """The job has not ended yet, so that there is no result."""


class Gone(ClientError):
    """The job was cancelled or its results were removed."""


class Unreachable(ClientError):
    """The service, or its database, is away; asking again later may help."""


class JobFailed(ClientError):
    """The job ended without a result; `detail` is the reason."""


class NotOrdered(ClientError):
    """The job does not give what was asked for: it was ordered without it."""


class WaitTimeout(ClientError):
    """The job has not ended within the time that the caller gave it; it goes on."""


_TYPE_OF: dict[int, type[ClientError]] = {
    400: InvalidOrder,
    401: NotSignedIn,
    403: LinkExpired,
    404: NoSuchJob,
    410: Gone,
    413: InvalidOrder,
    422: InvalidOrder,
    429: TooMany,
    502: Unreachable,
    503: Unreachable,
    504: Unreachable,
}


def error_of(response: httpx.Response) -> ClientError:
    """Return the typed error of an answer that is no success, whoever gave it."""
    problem = _problem(response)
    kind = _TYPE_OF.get(response.status_code, ClientError)
    if str(problem.get("type", "")).endswith(RESULT_NOT_READY):
        kind = NotReady
    detail = str(problem.get("detail", f"{response.request.method} {response.url.path} was refused"))
    if kind is NotSignedIn:
        detail += f" ({CURE})"
    if kind is LinkExpired and "www-authenticate" in response.headers:
        kind = NotAllowed
    return kind(
        str(problem.get("title", response.reason_phrase or f"HTTP {response.status_code}")),
        detail,
        status=response.status_code,
        errors=problem.get("errors", ()),
        retry_after_s=seconds(response.headers.get("retry-after")),
    )


def seconds(header: str | None) -> float | None:
    """Return a Retry-After given in seconds; a date is not worth parsing here and counts as absent."""
    return float(header) if header and header.isdecimal() else None


def _problem(response: httpx.Response) -> dict[str, Any]:
    """Return the problem document, or nothing where a proxy or another server answered."""
    if "json" not in response.headers.get("content-type", ""):
        return {}
    try:
        document = response.json()
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
