"""Addresses of this machine: which ports are free, how a host is written in a URL, and whether it is this machine."""

from __future__ import annotations

import errno
import ipaddress
import socket
from urllib.parse import urlsplit


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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
