"""Is everything read that was set? A misspelt name leaves its setting at the default, silently."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator
from pathlib import Path

from clearleaf.findings import Finding
from clearleaf.settings_list import settings as all_settings
from jobs.load_settings import SECRETS_DIR

OF_TESTS = ("CLEARLEAF_REAL_DATA",)
ALIKE = 0.85
"""Other people's secrets may lie in the same folder: only a name that is nearly one of ours is taken for one."""


def check_names() -> Iterator[Finding]:
    """Tell which variables, and which files of secrets, nobody reads."""
    known = {setting.variable for setting in all_settings()} | set(OF_TESTS)
    for name in sorted(os.environ):
        if name.startswith("CLEARLEAF_") and name not in known:
            yield _unread(name, name, known)
    for file in _secrets():
        name = file.name.upper()
        meant = f"CLEARLEAF_{name}" in known or difflib.get_close_matches(name, known, n=1, cutoff=ALIKE)
        if name not in known and (name.startswith("CLEARLEAF_") or meant):
            yield _unread(str(file), name, known)


def _secrets() -> list[Path]:
    """Return the files of secrets; a folder that cannot be read is told where the settings are loaded."""
    folder = os.environ.get(SECRETS_DIR)
    if not folder or not Path(folder).is_dir():
        return []
    return sorted(file for file in Path(folder).iterdir() if file.is_file())


def _unread(what: str, name: str, known: set[str]) -> Finding:
    alike = difflib.get_close_matches(name, known, n=1)
    return Finding(False, what, "is read by nobody" + (f"; {alike[0]} is" if alike else ": take it out"))
