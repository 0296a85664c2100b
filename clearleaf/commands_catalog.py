"""Commands about catalogues: which there are, and whether one answers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from clearleaf.consoles import plain_console
from clearleaf.findings import tell
from clearleaf.orders import BadOption
from jobs.catalog_http import shown
from jobs.load_settings import load_settings
from jobs.profiles import BUILT_IN, CatalogProfile, profile_of
from worker.settings import WorkerSettings

out_console = plain_console()
catalog = typer.Typer(no_args_is_help=True, help="Catalogues of scenes: which there are, and whether one answers.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(catalog, name="catalog", rich_help_panel="One job")


@catalog.command("list")
def list_catalogs() -> None:
    """List the configured catalogues and the built-in ones."""
    configured = load_settings(WorkerSettings).catalogs
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "from", "sensor", "place", "collection"):
        table.add_column(heading, overflow="fold")
    for origin, profiles in (("configured", configured), ("built in", BUILT_IN)):
        for name, profile in profiles.items():
            for sensor, source in profile.sources.items():
                table.add_row(*map(escape, (name, origin, sensor, shown(source.href), source.collection)))
    out_console.print(table)


@catalog.command("check")
def check(
    name: Annotated[
        str, typer.Argument(help="Configured or built-in name, or path or URL of a static catalogue or a STAC API.")
    ],
) -> None:
    """Say what a catalogue answers and what is missing; exit code 1 where something is.

    Example: clearleaf catalog check earth-search
    """
    from clearleaf.catalog_check import check_catalog
    from worker.runtime import access_of

    settings = load_settings(WorkerSettings)
    profile = settings.catalogs.get(name) or _elsewhere(name)
    missing = tell(check_catalog(profile, access_of(settings, [profile])))
    if missing:
        out_console.print(f"{missing} missing: docs/catalogues.md tells how to configure {name}", markup=False)
        raise typer.Exit(1)


@catalog.command("simulate")
def simulate(
    folder: Annotated[Path, typer.Argument(help="Folder of the catalogue, made if need be; a finished one is kept.")],
) -> None:
    """Write a small catalogue of simulated scenes around a growing season, with an area and parcels to order.

    Example: clearleaf catalog simulate scenes
    """
    from clearleaf.demo import simulated_catalogue

    profile = simulated_catalogue(folder.absolute(), out_console)
    out_console.print(f"the catalogue is {profile.href}", markup=False)
    out_console.print(f"an area to order is {folder / 'aoi.geojson'}", markup=False)


def _elsewhere(name: str) -> CatalogProfile:
    if name not in BUILT_IN and "://" not in name and not Path(name).exists():
        raise BadOption(f"there is no catalogue {name!r}: `clearleaf catalog list` tells which there are")
    return profile_of(name if name in BUILT_IN else "catalog", name)
