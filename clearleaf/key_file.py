"""An API key in a file of its own, for containers and scripts: readable by its owner alone."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from clearleaf.orders import BadOption
from jobs.api_keys import KeyBook, Scope, opens

_ROOM_BYTES = 128
"""More than any key."""


@contextmanager
def new_key_file(path: Path) -> Iterator[TextIO]:
    """Open a new file for a key that is made while the block runs: where there can be no file, none is made and lost.

    Raises:
        BadOption: there is one already, or it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise BadOption(f"--out {path} cannot be written ({error.strerror}); no key was made") from error
    try:
        with os.fdopen(number, "w") as file:
            _reserve(path, number)
            yield file
            file.truncate()
    except BaseException:
        path.unlink()
        raise


def _reserve(path: Path, number: int) -> None:
    """Take the room beforehand: a full disk must not be found when the key is made."""
    try:
        os.posix_fallocate(number, 0, _ROOM_BYTES)
    except OSError as error:
        raise BadOption(f"--out {path} cannot be written ({error.strerror}); no key was made") from error


def holds_good_key(path: Path, book: KeyBook, tenant: str, scopes: Collection[Scope]) -> bool:
    """Return whether a file holds a key of this tenant that opens all of this; so a set-up may run twice.

    Raises:
        BadOption: it cannot be read.
    """
    try:
        with path.open(errors="replace") as file:
            text = file.read(_ROOM_BYTES).strip()
    except OSError as error:
        raise BadOption(f"--out {path} exists and cannot be read ({error.strerror}): give another file") from error
    key = book.check(text)
    return key is not None and key.tenant == tenant and all(opens(key.scopes, scope) for scope in scopes)
