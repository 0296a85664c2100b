"""The whole system shown once: a simulated catalogue, a service, one job over HTTP, and what comes out of it."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from clearleaf.client import Client
from clearleaf.embedded import Embedded
from clearleaf.progress import progress_bar, tell_info
from jobs.catalog import CatalogProfile

CATALOGUE = "simulated"
START, END, STEP_DAYS = "2024-04-16", "2024-09-03", 5
"""Every fifth day from a pass of Sentinel-2 on: the dates show observed, mixed and reconstructed maps."""


@dataclass(frozen=True)
class DemoResult:
    """What a demo leaves behind; seconds from the POST to the end of the job."""

    folder: Path
    seconds: float


def simulated_catalogue(folder: Path, console: Console) -> CatalogProfile:
    """Return the simulated catalogue, written once."""
    from clearleaf.simulated import DEMO, write_catalogue

    catalog = folder / "catalog.json"
    if not catalog.exists():
        console.print("writing the simulated catalogue")
        unfinished = folder.with_name("unfinished-" + folder.name)  # no dot: pystac takes a suffix for a file
        shutil.rmtree(unfinished, ignore_errors=True)
        write_catalogue(DEMO, unfinished)
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    return CatalogProfile(name=CATALOGUE, href=str(catalog), title="Simulated scenes", simulated=True)


def demo_order(folder: Path) -> dict[str, Any]:
    """Return the demo's order over the whole simulated area, with its parcels."""
    return {
        "aoi": json.loads((folder / "aoi.geojson").read_text()),
        "parcels": json.loads((folder / "parcels.geojson").read_text()),
        "start": START,
        "end": END,
        "step_days": STEP_DAYS,
        "catalog": CATALOGUE,
    }


def run_demo(data: Path, console: Console) -> DemoResult:
    """Carry out the demo and return what it made.

    Raises:
        ClientError: the job failed, or the service refused it.
        CannotStart: the service does not start.
        ChildFailed: a part of it dies again and again.
    """
    scenes = data / "simulated-catalogue"
    profile = simulated_catalogue(scenes.absolute(), console)
    order = demo_order(scenes)
    service = Embedded(data, [profile], example={k: v for k, v in order.items() if k != "parcels"})
    with service.running(console.print), Client(service.url) as client:
        started = time.monotonic()
        job = client.submit(order)
        console.print(f"POST {service.url}/jobs → {job.id}")
        with progress_bar() as tell:
            job.wait(tell_info(tell), meanwhile=service.watch)
        seconds = time.monotonic() - started
        folder = job.download(data / "results" / job.id).parent
    return DemoResult(folder, seconds)
