"""Which web pages may use the service, and under which names it answers: browsers reach the loopback of their machine.

Where callers show a key, any page may ask, for no credential travels by itself. Where they need not, a page of somebody
else that is open in a browser here could order and delete: only pages of our own, and those of the settings, may then
read answers and change anything. A page whose host name was made to point here (DNS rebinding) would pass as our own:
so the name is looked at, too.
"""

from __future__ import annotations

import ipaddress
from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import HttpProblem, problem_response
from service.headers import origin_of
from service.settings import ApiSettings

_READS_ONLY = ("GET", "HEAD", "OPTIONS")


def install(app: FastAPI, settings: ApiSettings) -> None:
    """Let pages in as the settings allow; no credentials travel with their requests."""
    known = [origin_of(settings.public_url), *settings.cors_origins]
    if not settings.guarded:
        app.add_middleware(OwnPagesOnly, public_host=urlsplit(settings.public_url).hostname or "", origins=known)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=["*"] if settings.guarded else known,
        allow_methods=["GET", "HEAD", "POST", "DELETE"],
        allow_headers=[
            "Authorization",
            "Idempotency-Key",
            "If-None-Match",
            "If-Range",
            "Last-Event-ID",
            "Prefer",
            "Range",
        ],
        expose_headers=["Location", "ETag", "Retry-After", "Link", "Content-Range", "Accept-Ranges"],
    )


class OwnPagesOnly:
    """ASGI middleware that refuses requests under a foreign name, and changes that a foreign page asks for.

    Args:
        app: what comes behind it.
        public_host: host name of the public URL.
        origins: of pages that may change things, beside those that the service gave out itself.
    """

    def __init__(self, app: ASGIApp, public_host: str, origins: list[str]) -> None:
        self.app = app
        self._public_host = public_host
        self._origins = {origin.lower() for origin in origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer why not."""
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (problem_response(refusal) if refusal else self.app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> HttpProblem | None:
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._is_ours(host):
            return HttpProblem(
                HTTPStatus.MISDIRECTED_REQUEST,
                f"Host {host[:80]!r} is no name of this service, which is open to this machine without a key: ask it "
                f"as {self._public_host}, localhost or 127.0.0.1, or have CLEARLEAF_PUBLIC_URL set to the name",
            )
        if origin is None or scope["method"] in _READS_ONLY or self._is_known(origin.lower(), host.lower()):
            return None
        return HttpProblem(
            HTTPStatus.FORBIDDEN,
            f"a page of {origin[:80]!r} may change nothing here, for this service asks nobody for a key: have the "
            "origin added to CLEARLEAF_CORS_ORIGINS",
        )

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
            return name in ("localhost", self._public_host) or ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False

    def _is_known(self, origin: str, host: str) -> bool:
        """Return whether a page may change things: a known one, or one that came from here under this very name."""
        return origin in self._origins or origin.partition("://")[2] == host
