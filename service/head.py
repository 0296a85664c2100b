"""HEAD, answered as GET without its body, for every route that does not answer it itself."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Heads:
    """ASGI middleware.

    Args:
        app: what comes behind it.
        routers: know which paths answer HEAD themselves.
    """

    def __init__(self, app: ASGIApp, routers: Sequence[APIRouter]) -> None:
        self.app = app
        self._routers = routers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, a HEAD as GET, and let only the head of its answer through."""
        if scope["type"] != "http" or scope["method"] != "HEAD" or self._is_answered(scope):
            await self.app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self.app({**scope, "method": "GET"}, receive, without_body)

    def _is_answered(self, scope: Scope) -> bool:
        routes = (route for router in self._routers for route in router.routes if isinstance(route, Route))
        return any(route.matches(scope)[0] is Match.FULL for route in routes)
