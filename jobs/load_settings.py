"""Settings from the environment and from files of secrets; what is wrong is told by the variable's name."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsError

S = TypeVar("S", bound=BaseSettings)

SECRETS_DIR = "CLEARLEAF_SECRETS_DIR"
"""Names a folder with one file per setting, as orchestrators mount secrets: `clearleaf_database_url` for one."""


class BadSettings(ValueError):
    """Settings that cannot be used: one sentence for each, with the variable's name and never with its value."""


def load_settings(kind: type[S], **given: Any) -> S:  # noqa: ANN401 - members of the settings
    """Return settings: the given ones before the environment's, and those before files in CLEARLEAF_SECRETS_DIR.

    Raises:
        BadSettings: some are wrong.
    """
    try:
        settings = kind(_secrets_dir=_secrets_dir(), **given)
    except ValidationError as error:
        raise BadSettings("\n".join(_sentence(wrong["loc"], wrong["msg"]) for wrong in error.errors())) from None
    except SettingsError as error:  # a value that should be JSON
        found = re.search(r'field "(\w+)"', str(error))
        raise BadSettings(_sentence((found[1],) if found else (), "is no JSON")) from None
    return settings


def _secrets_dir() -> Path | None:
    folder = os.environ.get(SECRETS_DIR)
    if not folder:
        return None
    if not Path(folder).is_dir():
        raise BadSettings(f"{SECRETS_DIR}: there is no folder {folder}: mount the secrets there, or leave it out")
    return Path(folder)


def _sentence(place: tuple[int | str, ...], what: str) -> str:
    if not place:  # several settings at once: the words name them
        return f"CLEARLEAF_* settings: {what.removeprefix('Value error, ')}"
    name, *inside = (str(part) for part in place)
    where = f" ({'.'.join(inside)})" if inside else ""
    return f"CLEARLEAF_{name.upper()}{where}: {what.removeprefix('Value error, ')}"
