"""Addresses of this machine: which ports are free, how a host is written in a URL, and whether it is this machine."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
from urllib.parse import urlsplit

from clearleaf.orders import BadOption
from jobs.listening import check_bind

URL, PUBLIC_URL = "CLEARLEAF_URL", "CLEARLEAF_PUBLIC_URL"
"""Variables that tell clients where the service is, the first one first; the second is the service's own."""
DEFAULT_URL = "http://127.0.0.1:8000"


def url_of_environment() -> str:
    """Return where the environment says that the service is."""
    return os.environ.get(URL) or os.environ.get(PUBLIC_URL) or DEFAULT_URL


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on.

    A connection was just closed there, so that the kernel gives it to nobody else who takes any port, for a minute:
    whoever was told of it may take its time to listen.
    """
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        server.accept()[0].close()
        port: int = server.getsockname()[1]
        return port


def bindable(host: str, *, guarded: bool) -> str:
    """Return a host that is safe to listen on, an IPv6 address without brackets.

    Raises:
        BadOption: others could reach it, and nobody would have to show a key.
    """
    try:
        return check_bind(host, guarded=guarded).strip("[]")
    except ValueError as error:
        raise BadOption(str(error)) from error


def is_free(host: str, port: int) -> bool:
    """Return whether nobody listens on a port of a host, which may be an IPv4 or IPv6 address or a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return not any(_in_use(family, address) for family, _, _, _, address in found)


def url_of(host: str, port: int) -> str:
    """Return the URL of a service on a host; an IPv6 address stands in brackets there."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_loopback(url: str) -> bool:
    """Return whether a URL leads to this machine, where no proxy should be asked."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _in_use(family: int, address: tuple[object, ...]) -> bool:
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:  # an address that this machine lacks is not in use; the API's log tells of it
            return error.errno == errno.EADDRINUSE
        return False
