"""Headers that every answer carries, whoever wrote it; and what a page of ours may load."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # a signed URL must not travel on to other sites
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


def page_policy(pictures: Iterable[str] = (), files: Iterable[str] = ()) -> str:
    """Return the Content-Security-Policy of a page: our own scripts, styles, pictures and answers, and nothing inline.

    Args:
        pictures: origins beside ours from which pictures may come: those of a base map.
        files: origins beside ours to which our hrefs lead: those of the storage.
    """
    parts = {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", *pictures],  # data: is how a library's style sheet carries its cursors
        "connect-src": ["'self'", *files],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
    return "; ".join(f"{name} {' '.join(sources)}" for name, sources in parts.items())


def origin_of(url: str) -> str:
    """Return the origin of a URL as policies name it; a host that is a pattern (`{a-c}.tiles.org`) as a wildcard."""
    split = urlsplit(url)
    host = "*." + split.netloc.partition("}.")[2] if "{" in split.netloc else split.netloc
    return f"{split.scheme}://{host}"


class SecurityHeaders:
    """ASGI middleware that adds what an answer does not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the headers of the answer."""

        async def complete(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, complete if scope["type"] == "http" else send)
