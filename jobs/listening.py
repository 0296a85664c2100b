"""Where a process may listen: on this machine alone, unless whoever comes has to show a key."""

from __future__ import annotations

import ipaddress
import socket


def check_bind(host: str, *, guarded: bool) -> str:
    """Return the host to listen on.

    Args:
        host: address or name.
        guarded: whether callers must show a credential.

    Raises:
        ValueError: anybody on the network could order and read, for nobody has to sign in; or there is no such host.
    """
    addresses = {host.strip("[]")}
    try:
        if not _is_address(host.strip("[]")):
            addresses = {str(found[4][0]) for found in socket.getaddrinfo(host, None)} if host else {"0.0.0.0"}  # noqa: S104 - what an empty host means
    except OSError as error:
        raise ValueError(f"cannot listen on {host!r}: {error}") from None
    if not guarded and not all(ipaddress.ip_address(address).is_loopback for address in addresses):
        raise ValueError(
            f"refusing to listen on {host!r}: without authentication the service may be reached from this machine "
            "only; set CLEARLEAF_AUTHENTICATION=keys and make a key with `clearleaf keys create`, or use 127.0.0.1"
        )
    return host


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
