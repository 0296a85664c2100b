"""A worker's own folder on the scratch disk: gone when it ends, and swept by the next one where it was killed."""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

log = logging.getLogger(__name__)

_PREFIX = "clearleaf-worker-"
_LOCK = "lock"
"""Locked as long as one of the worker's processes lives; the kernel sees to that, however they end."""


def make_own(scratch: Path) -> Path:
    """Return a new folder for the worker that this process is about to become, once dead workers' are swept.

    Raises:
        OSError: the scratch folder cannot be written.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    sweep(scratch)
    own = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=scratch.absolute()))
    unlocked = own / "unlocked"
    lock = os.open(unlocked, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
    except OSError as error:  # some network disks have none
        log.warning("%s cannot be locked (%s): if this worker is killed, it stays", own, error.strerror)
    else:
        os.set_inheritable(lock, True)  # it stays open, and locked, in whatever this process becomes or forks
        unlocked.rename(own / _LOCK)  # who sweeps never meets a lock that is not held yet
    return own


def remove_own(scratch: Path) -> None:
    """Remove the worker's own folder, where it has one."""
    if scratch.name.startswith(_PREFIX):
        shutil.rmtree(scratch, ignore_errors=True)


def sweep(scratch: Path) -> None:
    """Remove the folders of workers of ours that are dead; a container that is killed and started again finds its own.

    Raises:
        OSError: the scratch folder cannot be read.
    """
    for folder in _ours(scratch):
        try:
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
        except OSError:
            continue  # it has just been made, or somebody else sweeps it
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue  # its worker lives
        else:
            shutil.rmtree(folder, ignore_errors=True)
            log.warning("a worker was killed and left %s: removed", folder)
        finally:
            os.close(lock)


def _ours(scratch: Path) -> Iterator[Path]:
    """Yield folders that workers made; the system's temporary folder is everybody's, and a link may lead anywhere."""
    with os.scandir(scratch) as entries:
        for entry in entries:
            if entry.name.startswith(_PREFIX) and entry.is_dir(follow_symlinks=False):
                try:
                    owner = entry.stat(follow_symlinks=False).st_uid
                except FileNotFoundError:
                    continue
                if owner == os.geteuid():
                    yield Path(entry.path)
