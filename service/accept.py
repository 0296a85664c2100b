"""What a caller would rather have: a page to look at, or JSON to work with."""

from __future__ import annotations


def prefers_html(accept: str) -> bool:
    """Return whether an Accept header asks for HTML more than for JSON; a browser's does, that of `curl` does not."""
    wanted = [_range_of(part) for part in accept.split(",") if part.strip()]
    return _quality("text", "html", wanted) > _quality("application", "json", wanted)


def _range_of(text: str) -> tuple[str, str, float]:
    """Return type, subtype and quality of one range; what cannot be read counts for nothing."""
    media, *parameters = (part.strip().lower() for part in text.split(";"))
    kind, _, subtype = media.partition("/")
    quality = next((p.partition("=")[2] for p in parameters if p.startswith("q=")), "1")
    try:
        return kind, subtype, float(quality)
    except ValueError:
        return kind, subtype, 0.0


def _quality(kind: str, subtype: str, wanted: list[tuple[str, str, float]]) -> float:
    """Return the quality that a type has: that of the most specific range it falls into."""
    for pattern in ((kind, subtype), (kind, "*"), ("*", "*")):
        found = [q for k, s, q in wanted if (k, s) == pattern]
        if found:
            return max(found)
    return 0.0
