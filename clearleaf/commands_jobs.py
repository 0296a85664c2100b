"""Commands that make a job from nothing: `run` in this process, `demo` through the whole system."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from clearleaf import orders
from clearleaf.accuracy import accuracy_table
from clearleaf.consoles import plain_console
from clearleaf.interrupt import interruptible
from clearleaf.progress import overall, progress_bar

out_console = plain_console()


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(rich_help_panel="One job")(run)
    app.command(rich_help_panel="One job")(demo)


def run(
    catalog: Annotated[
        str,
        typer.Option(
            "--catalog",
            help="Configured or built-in name (see `clearleaf catalog list`), or path or URL of a static STAC "
            "catalogue or a STAC API.",
        ),
    ],
    start: orders.Start,
    end: orders.End,
    out: Annotated[Path, typer.Option("--out", help="Folder of the results; appears when everything is done.")],
    aoi: orders.Aoi = None,
    parcels: orders.Parcels = None,
    parcel_id: orders.ParcelId = None,
    dates: orders.Dates = None,
    step_days: orders.StepDays = None,
    context_days: orders.ContextDays = 180,
    resolution: orders.Resolution = 20,
    model: orders.Model = "default",
    weights: orders.Weights = "release",
    adapt: orders.Adapt = True,
    seed: orders.Seed = 0,
    extra_assets: orders.ExtraAssets = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace earlier results in --out.")] = False,
) -> None:
    """Carry out one job in this process, without servers.

    Example: clearleaf run --catalog catalog.json --aoi field.geojson --start 2018-03-01 --end 2018-09-30 --out lai
    """
    order = orders.Order.of(locals())
    started = time.monotonic()
    with interruptible("nothing half-done is left"), progress_bar() as tell:
        from clearleaf.run import run_job  # takes seconds

        collection = run_job(
            order.payload(),
            catalog,
            out,
            lambda stage, share, message: tell(overall(stage, share), stage, message),
            overwrite=overwrite,
        )
    report = json.loads((collection.parent / "accuracy.json").read_text())
    out_console.print(accuracy_table(report))
    out_console.print(f"{report['note']}")
    out_console.print(f"result   {collection}, in {time.monotonic() - started:.0f} s")
    out_console.print(f"picture  {collection.parent / 'season.png'}")


def demo(
    data: Annotated[Path, typer.Option("--data", help="Folder of everything the demo makes.")] = Path("clearleaf-demo"),
) -> None:
    """Show the whole system once, on simulated scenes: service, worker, one job over HTTP, and its result."""
    with interruptible("the service is stopped; the simulated catalogue and the job book stay for the next time"):
        from clearleaf.demo import run_demo

        found = run_demo(data, out_console)
    report = json.loads((found.folder / "accuracy.json").read_text())
    out_console.print(accuracy_table(report))
    out_console.print(f"{report['note']} (simulated scenes: these figures are not accuracy on real land)")
    out_console.print(f"job done in {found.seconds:.0f} s")
    out_console.print(f"result   {found.folder / 'collection.json'}")
    out_console.print(f"picture  {found.folder / 'season.png'}")
    out_console.print("to keep the service running:")
    out_console.print(
        f"  clearleaf up --data {data} --catalog simulated={data / 'simulated-catalogue' / 'catalog.json'}"
    )
