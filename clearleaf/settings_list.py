"""Every setting there is, read from the classes that read them: as a page of the docs and as an example for `.env`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from clearleaf.addresses import DEFAULT_URL, PUBLIC_URL, URL
from clearleaf.client_key import VARIABLE as API_KEY
from jobs.load_settings import SECRETS_DIR
from jobs.settings import JobsSettings
from service.settings import ApiSettings
from worker.settings import WorkerSettings

READERS: dict[str, type[BaseSettings]] = {"all": JobsSettings, "API": ApiSettings, "worker": WorkerSettings}
"""Who reads which class, in the order of the page; the later ones add to the first."""


@dataclass(frozen=True)
class Setting:
    """One variable.

    Attributes:
        variable: its name in the environment.
        reader: all processes, the API, the worker, or the client.
        default: as it would be written; empty where there is none.
        purpose: what it is for.
        is_secret: its value is never shown.
    """

    variable: str
    reader: str
    default: str
    purpose: str
    is_secret: bool


ELSEWHERE = (
    Setting(
        SECRETS_DIR,
        "all",
        "",
        "folder with one file for each setting that is a secret, named as the variable in lower case",
        is_secret=False,
    ),
    Setting(URL, "client", DEFAULT_URL, f"where the service is; {PUBLIC_URL} where not set", is_secret=False),
    Setting(API_KEY, "client", "", "key that is shown to the service, and to nobody else", is_secret=True),
)
"""Variables that no class of settings reads."""


def settings() -> Iterator[Setting]:
    """Yield every setting, those of all processes first."""
    seen: set[str] = set()
    for reader, kind in READERS.items():
        for name, field in kind.model_fields.items():
            if name not in seen:
                seen.add(name)
                yield _setting(name, field, reader)
    yield from ELSEWHERE


def markdown() -> str:
    """Return a table of all settings for each kind of reader."""
    known = list(settings())
    parts = [_table(title, [found for found in known if found.reader == reader]) for reader, title in _TITLES.items()]
    return "\n\n".join(parts)


def example() -> str:
    """Return an example of `.env` in which everything is left as it is."""
    known = list(settings())
    parts = []
    for reader, title in _TITLES.items():
        lines = [f"# {title}"]
        lines += [f"# {found.purpose}\n#{found.variable}={found.default}" for found in known if found.reader == reader]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


_TITLES = {
    "all": "All processes",
    "API": "The API",
    "worker": "Workers",
    "client": "Commands that ask a service, and the Python client",
}


def _setting(name: str, field: FieldInfo, reader: str) -> Setting:
    alias = field.validation_alias
    variable = alias if isinstance(alias, str) else f"CLEARLEAF_{name.upper()}"
    is_secret = "SecretStr" in str(field.annotation)
    return Setting(variable, reader, _text(field.get_default(call_default_factory=True)), _purpose(field), is_secret)


def _purpose(field: FieldInfo) -> str:
    assert field.description, "every setting says what it is for"
    return field.description


def _text(default: Any) -> str:  # noqa: ANN401 - of any setting
    if default is None or default is PydanticUndefined or isinstance(default, SecretStr):
        return ""
    if isinstance(default, Path):
        return "" if default == Path(tempfile.gettempdir()) else str(default)
    if isinstance(default, bool):
        return str(default).lower()
    if is_dataclass(default) and not isinstance(default, type):
        default = asdict(default)
    if isinstance(default, BaseModel):
        default = default.model_dump(mode="json")
    return json.dumps(default) if isinstance(default, dict | list | tuple) else str(default)


def _table(title: str, listed: list[Setting]) -> str:
    rows = [f"| `{found.variable}` | {_cell(found)} | {found.purpose} |" for found in listed]
    return "\n".join([f"## {title}", "", "| variable | default | what for |", "|---|---|---|", *rows])


def _cell(found: Setting) -> str:
    if found.is_secret:
        return "secret"
    return f"`{found.default}`" if found.default else ""
