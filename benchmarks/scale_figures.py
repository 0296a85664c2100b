"""What a large service is made of, measured in small: verbs of the job book, wake-ups, and requests to the storage.

python benchmarks/scale_figures.py --database-url postgresql://user:password@host/empty --broker-url redis://host/0

Needs an empty database and a broker of their own on this machine: what is in them afterwards is of no use to anybody.
The figures are written to benchmarks/scale_figures.json, from which benchmarks/scale_sim.py plays larger services.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from clearleaf.simulated import write_catalogue
from jobs.job import ClaimedStep, JobRequest, Limits, QueuedStep
from jobs.load_settings import load_settings
from jobs.profiles import CatalogProfile
from jobs.queue import JobQueue, make_celery
from jobs.settings import JobsSettings
from jobs.store import JobStore
from jobs.tables import steps as rows
from models.progress import silent
from models.simulation.site import SiteSpec
from worker import steps
from worker.runtime import build_parts
from worker.settings import WorkerSettings

OUT = Path(__file__).with_name("scale_figures.json")
TILES = 100
"""Of a job of 50 km x 50 km, the largest that an order may ask for."""
CLIENTS = 8
SECONDS = 10.0
SQUARE = {"type": "Polygon", "coordinates": [[[3.0, 50.8], [3.1, 50.8], [3.1, 50.9], [3.0, 50.9], [3.0, 50.8]]]}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database-url", required=True, help="an empty PostgreSQL database")
    parser.add_argument("--broker-url", required=True, help="a Redis or Valkey that nobody else uses")
    given = parser.parse_args()
    figures = {
        "measured": datetime.now(UTC).strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {cores()} cores, clients and servers on the same",
        "job_book": job_book(given.database_url),
        "broker": broker(given.broker_url),
        "storage": storage_requests(),
    }
    print(json.dumps(figures, indent=1))
    OUT.write_text(json.dumps(figures, indent=1) + "\n")


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def job_book(url: str) -> dict[str, Any]:
    """Return milliseconds of each verb for one client alone, and transactions per second of many at once."""
    store = open_book(url)
    store.migrate()
    alone = ended_tiles(store, jobs_with_tiles(store, 2), SECONDS)
    return {
        "alone_ms": {verb: round(1000 * statistics.median(found), 2) for verb, found in alone.items()},
        "round_ms": rounds_of_wake_ups(store),
        "beats_per_s_many_jobs": beats(url, jobs=CLIENTS),
        "beats_per_s_one_job": beats(url, jobs=1),
        "clients": CLIENTS,
    }


def rounds_of_wake_ups(store: JobStore) -> dict[str, float]:
    """Return milliseconds of a round of wake-ups, as a straight line over the steps that wait."""
    found: list[tuple[int, float]] = []
    window = 0
    for jobs in (2, 30):
        made, rounds = sum(map(len, jobs_with_tiles(store, jobs))), []
        for _ in range(20):
            window += 32  # nobody claims what the round before has sent
            rounds.append(timed(partial(store.steps_to_wake, window, ())))
        found.append((made, 1000 * statistics.median(rounds)))
    (few, short), (more, long) = found[0], (found[0][0] + found[1][0], found[1][1])
    slope = max(0.0, (long - short) / (more - few))
    return {"base": round(short - slope * few, 2), "per_1000_waiting": round(1000 * slope, 2)}


def open_book(url: str) -> JobStore:
    """Return the job book as a process of a service has it."""
    settings = load_settings(JobsSettings, database_url=url)
    return JobStore(settings.database, settings)


def jobs_with_tiles(store: JobStore, count: int) -> list[list[UUID]]:
    """Return the ids of the tile steps of so many new jobs, each of the largest size."""
    request = JobRequest.parse({"aoi": SQUARE, "start": "2023-01-01", "end": "2023-12-31"}, Limits())
    made = []
    for _ in range(count):
        job = store.create(request)
        for end in (lambda step: store.end_plan(step, "plan", names()), lambda step: store.end_prepare(step, "state")):
            (step_id,) = [row.id for row in queued(store, job.id)]
            end(claimed(store, step_id))
        made.append([step.id for step in queued(store, job.id)])
    return made


def names() -> list[str]:
    """Return the names of the tiles of a job."""
    return [f"{i // 10}-{i % 10}" for i in range(TILES)]


def queued(store: JobStore, job_id: UUID) -> list[QueuedStep]:
    """Return the steps of a job that wait."""
    with store.database.read() as db:
        waiting = select(rows).where(rows.c.job_id == str(job_id), rows.c.state == "queued")
        return [QueuedStep(id=UUID(row.id), kind=row.kind) for row in db.execute(waiting)]


def claimed(store: JobStore, step_id: UUID) -> ClaimedStep:
    """Return a step as its worker has it."""
    step = store.claim(step_id, f"scale:{uuid4().hex[:8]}")
    assert step is not None
    return step


def ended_tiles(store: JobStore, tiles: list[list[UUID]], seconds: float) -> dict[str, list[float]]:
    """Return the seconds of each verb of tiles that are claimed, kept and ended, one after the other."""
    found: dict[str, list[float]] = {"claim": [], "heartbeat": [], "end_tile": []}
    stop = time.monotonic() + seconds
    for step_id in random.Random(0).sample([step for job in tiles for step in job], sum(map(len, tiles))):
        if time.monotonic() > stop:
            break
        began = time.perf_counter()
        step = claimed(store, step_id)
        found["claim"].append(time.perf_counter() - began)
        found["heartbeat"].append(timed(lambda step=step: store.heartbeat(step, fraction=0.5, message="half")))
        found["end_tile"].append(timed(lambda step=step: store.end_tile(step, "piece")))
    return found


def timed(call: Callable[[], Any]) -> float:
    """Return the seconds of a call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def beats(url: str, jobs: int) -> float:
    """Return how many heartbeats per second the book takes from all clients together, on so many jobs."""
    store = open_book(url)
    tiles = jobs_with_tiles(store, jobs)
    held = [claimed(store, tiles[i % jobs][i]) for i in range(CLIENTS)]
    with ProcessPoolExecutor(CLIENTS) as pool:
        counts = list(pool.map(beaten, [url] * CLIENTS, held))
    return round(sum(counts) / SECONDS, 1)


def beaten(url: str, step: ClaimedStep) -> int:
    """Return how many heartbeats one client gets through."""
    store = open_book(url)
    stop, count = time.monotonic() + SECONDS, 0
    while time.monotonic() < stop:
        store.heartbeat(step, fraction=0.5, message="half")
        count += 1
    return count


def broker(url: str) -> dict[str, float]:
    """Return milliseconds of a wake-up and of the question whether queues have run dry."""
    queue = JobQueue(make_celery(load_settings(JobsSettings, broker_url=url)))
    step = QueuedStep(id=uuid4(), kind="tile")
    wakes = [timed(lambda: queue.wake(step)) for _ in range(200)]
    dry = [timed(queue.run_dry) for _ in range(50)]
    return {
        "wake_ms": round(1000 * statistics.median(wakes), 2),
        "run_dry_ms": round(1000 * statistics.median(dry), 2),
    }


class Counted:
    """A storage that counts what is asked of it."""

    def __init__(self, storage: Any) -> None:  # noqa: ANN401 - any storage
        self._storage = storage
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the storage has
        """Return a method that counts."""
        asked = getattr(self._storage, name)
        if not callable(asked):
            return asked

        def call(*given: Any, **named: Any) -> Any:  # noqa: ANN401
            self.calls[name] += 1
            return asked(*given, **named)

        return call


def storage_requests() -> dict[str, Any]:
    """Return what each step of a job asks of the storage: a small job of four tiles."""
    with tempfile.TemporaryDirectory() as folder:
        spec = SiteSpec(size_px=64, start=date(2023, 3, 1), end=date(2023, 9, 30), region="belgium", seed=1)
        catalogue = write_catalogue(spec, Path(folder) / "catalogue")
        profile = CatalogProfile(name="sim", href=str(catalogue))
        place = {"storage_url": f"file://{folder}/results", "scratch_dir": f"{folder}/scratch", "tile_px": 32}
        settings = load_settings(WorkerSettings, catalogs={"sim": profile}, default_catalog="sim", **place)
        parts = build_parts(settings)
        counted = Counted(parts.storage)
        return walked(JobRequest.parse(order_on(catalogue), Limits()), replace(parts, storage=counted), counted)


def order_on(catalogue: Path) -> dict[str, Any]:
    """Return an order over a whole catalogue."""
    footprint = json.loads(next(catalogue.parent.glob("*/*/*.json")).read_text())["geometry"]
    return {"aoi": footprint, "start": "2023-05-01", "end": "2023-06-30", "step_days": 10, "adapt": False}


def walked(request: JobRequest, parts: Any, counted: Counted) -> dict[str, Any]:  # noqa: ANN401 - with a counted storage
    """Return the requests of each step of a job."""
    asked: dict[str, Any] = {}

    def step(name: str, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the step gives
        counted.calls.clear()
        given = call()
        asked[name] = dict(counted.calls)
        return given

    key, tile_ids = step("plan", lambda: steps.plan_step(UUID(int=0), request, parts, "plan/"))
    plan = steps.load_plan(key, parts)
    state = step("prepare", lambda: steps.prepare_step(plan, parts, "prepare/", silent))
    pieces = [step("tile", piece_of(plan, name, state, parts)) for name in tile_ids]
    step("finish", lambda: steps.finish_step(plan, state, pieces, parts, "results/", silent))
    return {"tiles": len(tile_ids), "dates": len(plan.target_dates), "calls": asked}


def piece_of(plan: Any, name: str, state: str, parts: Any) -> Callable[[], str]:  # noqa: ANN401 - as the steps take them
    """Return a tile step that waits to be called."""
    return lambda: steps.tile_step(plan, name, state, parts, f"{name}/", silent)


if __name__ == "__main__":
    main()
