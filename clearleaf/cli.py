"""The command line: `clearleaf --help` is enough to begin."""

from __future__ import annotations

import logging
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from clearleaf import (
    commands_catalog,
    commands_client,
    commands_config,
    commands_jobs,
    commands_keys,
    commands_service,
)
from clearleaf.broker import NoBroker
from clearleaf.client_errors import ClientError
from clearleaf.consoles import plain_console, told_error
from clearleaf.embedded import CannotStart
from clearleaf.interrupt import Interrupted
from clearleaf.orders import BadOption
from clearleaf.outputs import BadOutput
from clearleaf.processes import ChildFailed
from jobs.errors import ClearleafError, InvalidJob, StorageRefused
from jobs.load_settings import BadSettings

EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130

app = typer.Typer(
    name="clearleaf",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Cloud-free leaf area index with its uncertainty, from Sentinel-1 and Sentinel-2.\n\n"
    "Begin with [bold]clearleaf demo[/bold], or with [bold]clearleaf run --help[/bold] for one job without servers.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted.",
)


def _tell_version(asked: bool) -> None:
    if asked:
        plain_console().print(f"clearleaf {version('clearleaf')}")
        raise typer.Exit


@app.callback()
def common(
    told: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Take what goes before any command."""


commands_jobs.register(app)
commands_catalog.register(app)
commands_service.register(app)
commands_config.register(app)
commands_client.register(app)
commands_keys.register(app)


def main() -> None:
    """Run the command line; what goes wrong is told in a sentence."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s", stream=sys.stderr)
    console = plain_console(stderr=True)
    try:
        app()
    except (BadOption, BadSettings, InvalidJob, StorageRefused) as error:
        console.print(told_error(error))
        sys.exit(EXIT_USAGE)
    except (ClearleafError, ClientError, CannotStart, ChildFailed, NoBroker, BadOutput) as error:
        console.print(told_error(error))
        sys.exit(EXIT_FAILED)
    except Interrupted as interrupted:
        console.print(str(interrupted))
        sys.exit(EXIT_INTERRUPTED)
