"""The one way in which JSON documents are written: who has a document's content can write the same bytes again."""

from __future__ import annotations

import json
from typing import Any


def document_bytes(document: dict[str, Any]) -> bytes:
    """Return a published document as bytes; the manifest's checksums hold for these."""
    return (json.dumps(document, indent=1, default=str) + "\n").encode()
