"""Commands that talk to a running service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from clearleaf import orders
from clearleaf.addresses import DEFAULT_URL, PUBLIC_URL, URL
from clearleaf.client import Client
from clearleaf.consoles import plain_console
from clearleaf.interrupt import interruptible
from clearleaf.progress import progress_bar, tell_info

Url = Annotated[str, typer.Option("--url", envvar=[URL, PUBLIC_URL], help="Where the service is.")]
JobId = Annotated[str, typer.Argument(metavar="JOB", help="Id of the job.")]
console = plain_console()


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (submit, status, results, log, cancel):
        app.command(rich_help_panel="Ask a running service")(command)


def submit(
    start: orders.Start,
    end: orders.End,
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
    catalog: Annotated[str | None, typer.Option("--catalog", help="Name of a catalogue the service knows.")] = None,
    estimate: Annotated[bool, typer.Option("--estimate", help="Say what it would take; order nothing.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until the job has ended.")] = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Order a job, or say what it would take; prints its id.

    Example: clearleaf submit --aoi field.geojson --start 2018-03-01 --end 2018-09-30 --wait
    """
    order = orders.Order.of(locals()).payload() | ({} if catalog is None else {"catalog": catalog})
    with Client(url) as client:
        if estimate:
            found = client.estimate(order)
            console.print(str(found))
            raise typer.Exit(1 if found.errors else 0)
        job = client.submit(order)
        console.print(job.id)
        if wait:
            left = f"the job goes on; clearleaf status {job.id} shows it, clearleaf cancel {job.id} ends it"
            with interruptible(left), progress_bar() as tell:
                job.wait(tell_info(tell))


def status(
    job: Annotated[str | None, typer.Argument(metavar="[JOB]", help="Id of a job; all jobs without it.")] = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Show a job, or all of them."""
    with Client(url) as client:
        if job is not None:
            console.print_json(json.dumps(client.status(job)))
            return
        for info in client.jobs():  # a line each: an id is there to be copied, so nothing is ever cut
            created = info["created"][:16].replace("T", " ")
            progress = f"{info['progress']} %"
            console.print(f"{info['jobID']}  {info['status']:<10}  {progress:>5}  {created}  {info.get('message', '')}")


def results(
    job: JobId,
    download: Annotated[Path | None, typer.Option("--download", help="Folder to fetch everything into.")] = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Show the results of a job, or fetch them."""
    with Client(url) as client:
        if download is None:
            console.print_json(json.dumps(client.results(job)))
        else:
            console.print(str(client.download(job, download)))


def log(job: JobId, url: Url = DEFAULT_URL) -> None:
    """Show the log of a job."""
    with Client(url) as client:
        for entry in client.log(job):
            console.print(f"{entry['time']}  {entry['level']:<7}  {entry['message']}")


def cancel(job: JobId, url: Url = DEFAULT_URL) -> None:
    """Give a job up; its worker stops and its results are removed."""
    with Client(url) as client:
        console.print(client.cancel(job)["status"])
