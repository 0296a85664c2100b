"""The files of the page, read once: what is not among them cannot be asked for, however a path is written."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("web")
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".js": "text/javascript; charset=utf-8",
    ".md": "text/markdown; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""What is served, by suffix; the page itself is filled in first."""
_WORTH_PACKING = 1024


@dataclass(frozen=True)
class WebFile:
    """One file as it goes over the wire.

    Attributes:
        packed: the same, gzipped; None where that gains nothing.
        etag: of the content, quoted; the packed form has one of its own.
    """

    content: bytes
    packed: bytes | None
    media_type: str
    etag: str

    @classmethod
    def read(cls, path: Path) -> WebFile:
        """Return a file of the folder."""
        content = path.read_bytes()
        packed = gzip.compress(content, mtime=0) if len(content) > _WORTH_PACKING else None
        return cls(content, packed, _TYPES[path.suffix], f'"{hashlib.sha256(content).hexdigest()[:32]}"')


@cache
def web_files() -> dict[str, WebFile]:
    """Return every file that pages may load, by its path below the folder."""
    paths = (path for path in sorted(FOLDER.rglob("*")) if path.suffix in _TYPES)
    return {path.relative_to(FOLDER).as_posix(): WebFile.read(path) for path in paths}


@cache
def _template() -> str:
    return (FOLDER / "index.html").read_text(encoding="utf-8")


def read_all() -> None:
    """Read the page and its files, so that all that is ever served is of one moment."""
    web_files()
    _template()


def page_text(base: str) -> str:
    """Return the page, its links filled in.

    Args:
        base: path of the service's root, without a slash at its end.
    """
    return _template().replace("{base}", base)
