"""Answers that can be kept: what a finished job gave never changes while the job stands."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from importlib.metadata import version

from fastapi import Request
from fastapi.responses import Response

from service.etags import has_already

OF_ONE_CALLER = {"Vary": "Authorization"}
"""What a browser keeps of one customer, it does not show to the next one who signs in there."""
KEPT_S = 3600
"""A dismissed job's pictures live on in a browser for at most so long; then it asks, and hears 304 at no cost."""


def freshness(*made_of: object) -> dict[str, str]:
    """Return the headers of an answer made of these things by this version of the software."""
    mark = hashlib.sha256("\n".join(map(str, (version("clearleaf"), *made_of))).encode()).hexdigest()[:32]
    return {"ETag": f'"{mark}"', "Cache-Control": f"private, max-age={KEPT_S}", **OF_ONE_CALLER}


def not_modified(request: Request, headers: dict[str, str]) -> Response | None:
    """Return the answer to somebody who has it already; None to anybody else."""
    if has_already(headers["ETag"], request.headers.get("if-none-match", "")):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return None
