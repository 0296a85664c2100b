"""Hrefs to stored files: the API's own URL, signed and short-lived, so that no key is needed to follow them."""

from __future__ import annotations

import time
from http import HTTPStatus
from urllib.parse import quote

from jobs.signing import Signer
from service.errors import HttpProblem

FILES = "/files/"


def signed_href(key: str, signer: Signer, public_url: str, expires_in: int) -> str:
    """Return a URL under which anybody can read one stored file for so many seconds."""
    path = FILES + key
    return f"{public_url}{quote(path)}?{signer.sign(path, expires_in)}"


def check_signature(key: str, expires: str | None, signature: str | None, signer: Signer) -> int:
    """Return for how many more seconds a signed URL holds.

    Raises:
        HttpProblem: 403 whatever is wrong with it: the reason would help nobody but a forger.
    """
    if expires and signature and expires.isascii() and expires.isdecimal() and len(expires) <= 12:
        left = int(expires) - int(time.time())
        if left > 0 and signer.verify(FILES + key, int(expires), signature):
            return left
    raise HttpProblem(
        HTTPStatus.FORBIDDEN,
        "this link has expired or was altered; ask the job's results for a fresh one",
    )
