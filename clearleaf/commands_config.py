"""Commands about settings: which there are, and whether a process would work with those of this environment."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from clearleaf import settings_list
from clearleaf.consoles import plain_console
from clearleaf.findings import tell

out_console = plain_console()
config = typer.Typer(
    no_args_is_help=True, help="Settings: which there are, and whether processes would work with them."
)


class Form(StrEnum):
    """How settings are written."""

    MARKDOWN = "markdown"
    ENV = "env"


class Checked(StrEnum):
    """Whose settings are checked."""

    API = "api"
    WORKER = "worker"
    RECONCILER = "reconciler"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(config, name="config", rich_help_panel="Single processes, configured by CLEARLEAF_*")


@config.command("list")
def list_settings(
    form: Annotated[Form, typer.Option("--form", help="A table, or an example of .env.")] = Form.MARKDOWN,
) -> None:
    """List every setting with its default and what it is for.

    Example: clearleaf config list --form env > .env
    """
    out_console.print(settings_list.markdown() if form is Form.MARKDOWN else settings_list.example())


@config.command("check")
def check(
    process: Annotated[Checked, typer.Argument(help="Which process is to be started here.")],
) -> None:
    """Say whether a process would work with the settings of this environment; exit code 1 where it would not.

    Example: clearleaf config check worker
    """
    from clearleaf.config_check import check_config

    missing = tell(check_config(process.value))
    if missing:
        out_console.print(f"{missing} missing: docs/settings.md tells what each setting is for")
        raise typer.Exit(1)
