"""What every request leaves behind: a count, a duration and, where traces are recorded, a span; never its path."""

from __future__ import annotations

import time

from opentelemetry.trace import Span, SpanKind, StatusCode
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobs.tracing import context_of, tracer

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
OTHER = "other"
"""A method that HTTP does not know, or a path that no route has: callers must not be able to make up series."""
REQUESTS = Counter("clearleaf_http_requests", "Requests that were answered.", ["method", "route", "status"])
DURATION = Histogram(
    "clearleaf_http_request_duration_seconds",
    "From a request to the last byte of its answer; one that waits for a job (`?wait=`) takes as long as told.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)


class Observed:
    """ASGI middleware that measures what the others and the routes do."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and note what became of it."""
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        method = _method(scope)
        status, began = 500, time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        context = context_of(Headers(scope=scope))
        with tracer.start_as_current_span(method, context, SpanKind.SERVER, record_exception=False) as span:
            try:
                await self.app(scope, receive, watched)
            finally:
                route = _route(scope)
                REQUESTS.labels(method, route, str(status)).inc()
                DURATION.labels(method, route).observe(time.perf_counter() - began)
                _describe(span, method, route, status)
        return None


def told(scope: Scope) -> str:
    """Return which request this is, as a log may tell: callers must not be able to make up lines either."""
    return f"{_method(scope)} {_route(scope)}"


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in METHODS else OTHER


def _route(scope: Scope) -> str:
    """Return the template of the route that took a request."""
    return str(getattr(scope.get("route"), "path", OTHER))


def _describe(span: Span, method: str, route: str, status: int) -> None:
    span.update_name(f"{method} {route}")
    span.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})
    if status >= 500:
        span.set_status(StatusCode.ERROR)
