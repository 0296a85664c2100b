"""Entity tags: whether a caller has an answer already (RFC 9110, section 13.1.2)."""

from __future__ import annotations

import re

_TAG = re.compile(r'(?:W/)?("[^"]*")')


def has_already(etag: str, if_none_match: str) -> bool:
    """Return whether the header If-None-Match names an entity tag, weakly or not, or any (`*`).

    Args:
        etag: of the answer, quoted.
        if_none_match: the header; empty where there is none.
    """
    return if_none_match.strip() == "*" or etag.removeprefix("W/") in _TAG.findall(if_none_match)
