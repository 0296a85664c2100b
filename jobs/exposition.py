"""The small HTTP server by which a process without an API of its own shows its metrics."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import disable_created_metrics, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer
from prometheus_client.registry import Collector

from jobs.api_keys import KeyBook, Scope
from jobs.database import Database
from jobs.errors import Unavailable
from jobs.key_ring import KeyRing
from jobs.listening import check_bind
from jobs.settings import JobsSettings

log = logging.getLogger(__name__)

Permits = Callable[[str], bool]
"""Says whether the value of an Authorization header opens the metrics; raises `Unavailable` where it cannot know."""
_PATIENCE_S = 10.0
"""A client that says nothing is not waited for."""
_PLAIN = [("Content-Type", "text/plain; charset=utf-8")]


class _Quiet(WSGIRequestHandler):
    timeout = _PATIENCE_S  # of socketserver

    def log_message(self, format: str, *args: Any) -> None:  # noqa: ANN401 - as the base has it
        """Say nothing: a scrape every few seconds is no news."""


class _OverIPv6(ThreadingWSGIServer):
    address_family = socket.AF_INET6


def permits_of(settings: JobsSettings) -> Permits | None:
    """Return what checks scrapes by the keys of the job book; None where nobody has to show one."""
    if not settings.guarded:
        return None
    keys = KeyRing(KeyBook(Database(settings.database)))
    return partial(keys.permits, scope=Scope.METRICS)


def serve(registry: Collector, host: str, port: int, permits: Permits | None) -> WSGIServer:
    """Serve a registry at `/metrics` from threads of its own; returns the server.

    Args:
        registry: what is shown.
        host: to listen on.
        port: to listen on; 0: any that is free.
        permits: asked for each scrape; None: everybody may look.

    Raises:
        OSError: the address cannot be listened on.
        ValueError: everybody may look, and not only from this machine.
    """
    check_bind(host, guarded=permits is not None)
    disable_created_metrics()  # a second series for each that nobody asks for
    kind = _OverIPv6 if ":" in host else ThreadingWSGIServer
    server = make_server(host.strip("[]"), port, _guarded(make_wsgi_app(registry), permits), kind, _Quiet)
    threading.Thread(target=server.serve_forever, name="clearleaf-metrics", daemon=True).start()
    log.info("metrics are served at http://%s:%d/metrics", host, server.server_port)
    return server


def _guarded(metrics: Callable[..., Any], permits: Permits | None) -> Callable[..., Iterable[bytes]]:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != "/metrics":
            return _answer(start_response, "404 Not Found", "there is /metrics only\n")
        try:
            permitted = permits is None or permits(environ.get("HTTP_AUTHORIZATION", ""))
        except Unavailable as error:
            log.warning("a scrape could not be checked: %s", error)
            return _answer(start_response, "503 Service Unavailable", "keys cannot be checked now\n")
        if not permitted:
            how = ("WWW-Authenticate", "Bearer")
            return _answer(start_response, "401 Unauthorized", "a key with the scope `metrics` is needed\n", how)
        found: Iterable[bytes] = metrics(environ, start_response)
        return found

    return app


def _answer(start_response: Callable[..., Any], status: str, text: str, *headers: tuple[str, str]) -> list[bytes]:
    start_response(status, [*_PLAIN, *headers])
    return [text.encode()]
