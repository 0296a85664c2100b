"""Time and memory of each step of a large area: a real patch, mirrored into a mosaic and cut into tiles.

python benchmarks/tiles.py                             # 12.8 km x 12.8 km, nine tiles
python benchmarks/tiles.py --patches 6 --tile-px 96    # 3.8 km x 3.8 km
python benchmarks/tiles.py --patches 40 --step-days 30

Steps run one after the other in this process, as they do in a worker. Memory is what the process holds before a step,
and the most that it holds during the step. Needs Linux, and the real scenes in CLEARLEAF_REAL_DATA.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import torch

from jobs.job import JobRequest, Limits
from jobs.load_settings import load_settings
from jobs.profiles import CatalogProfile
from models.progress import silent
from worker import steps
from worker.runtime import Parts, build_parts
from worker.settings import WorkerSettings


@dataclass(frozen=True)
class Measured:
    """One step.

    Attributes:
        name: of the step, or of the tile.
        seconds: that it took.
        cpu_seconds: of all threads together; other programs of a busy machine do not lengthen them.
        before_mb: memory of the process before it.
        peak_mb: the most during it.
    """

    name: str
    seconds: float
    cpu_seconds: float
    before_mb: float
    peak_mb: float


class Meter:
    """Measures steps, and says each as it ends."""

    def __init__(self) -> None:
        self.found: list[Measured] = []

    def __call__(self, name: str, step: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the step gives
        """Return what a step gives."""
        Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
        before, started, worked = memory_mb("VmRSS"), time.monotonic(), time.process_time()
        given = step()
        took = time.monotonic() - started, time.process_time() - worked
        self.found.append(Measured(name, *took, before, memory_mb("VmHWM")))
        last = self.found[-1]
        print(f"{last.name:12} {last.seconds:8.1f} s {last.before_mb:8,.0f} MB {last.peak_mb:8,.0f} MB", flush=True)
        return given


def memory_mb(what: str) -> float:
    """Return a figure of this process: VmRSS what it holds, VmHWM the most that it has held."""
    found = re.search(rf"{what}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def main() -> None:
    """Run the job and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patches", type=int, default=20, help="side of the mosaic, patches of 640 m (20)")
    parser.add_argument("--tile-px", type=int, default=256, help="side of a tile, pixels of 20 m (256)")
    parser.add_argument("--start", type=date.fromisoformat, default=date(2018, 5, 1), help="first day (2018-05-01)")
    parser.add_argument("--end", type=date.fromisoformat, default=date(2018, 6, 30), help="last day (2018-06-30)")
    parser.add_argument("--step-days", type=int, default=10, help="days between dates (10)")
    parser.add_argument("--context-days", type=int, default=60, help="days read before and after (60)")
    parser.add_argument("--model", default="default", help="reconstruction (default)")
    parser.add_argument("--adapt", action="store_true", help="adapt the networks in prepare")
    parser.add_argument("--threads", type=int, default=0, help="CPU threads; 0: one per core")
    parser.add_argument("--json", type=Path, help="write the figures to a file too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        catalogue = mosaic(arguments, Path(folder) / "catalogue")
        figures = measure(arguments, catalogue, Path(folder) / "work")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1))


def mosaic(arguments: argparse.Namespace, folder: Path) -> Path:
    """Return the folder of a catalogue of the scenes that the order needs."""
    real = Path(os.environ.get("CLEARLEAF_REAL_DATA", "../shared/real")).resolve()
    context = timedelta(days=arguments.context_days)
    command = [sys.executable, str(real / "make_catalogue.py"), str(real / "training" / "patch-a"), str(folder)]
    command += ["--mosaic", str(arguments.patches)]
    command += ["--start", str(arguments.start - context), "--end", str(arguments.end + context)]
    subprocess.run(command, check=True)
    return folder


def measure(arguments: argparse.Namespace, catalogue: Path, work: Path) -> dict[str, Any]:
    """Return the figures of every step of a job on the whole catalogue."""
    footprint = json.loads(next(catalogue.glob("*/*/*.json")).read_text())["geometry"]
    days = {"start": str(arguments.start), "end": str(arguments.end), "step_days": arguments.step_days}
    order = {"aoi": footprint, **days, "context_days": arguments.context_days, "adapt": arguments.adapt}
    order["model"] = arguments.model
    request = JobRequest.parse(order, Limits())
    parts = made_parts(arguments, catalogue, work)
    meter = Meter()
    key, tile_ids = meter("plan", lambda: steps.plan_step(UUID(int=0), request, parts, "plan/"))
    plan = steps.load_plan(key, parts)
    shape = f"{plan.shape[0]} x {plan.shape[1]} pixels, {len(tile_ids)} tiles with a halo of {plan.halo}"
    scenes = f"{len(plan.s1_scenes)} radar and {len(plan.s2_scenes)} optical scenes, {len(plan.target_dates)} dates"
    print(f"{shape}; {scenes}; {parts.device}, {torch.get_num_threads()} threads")
    facts = meter("prepare", lambda: steps.prepare_step(plan, parts, "prepare/", silent))
    pieces = []
    for name in tile_ids:
        piece = meter(name, lambda name=name: steps.tile_step(plan, name, facts, parts, f"{name}/", silent))
        pieces.append(piece)
    meter("finish", lambda: steps.finish_step(plan, facts, pieces, parts, "results/", silent))
    return {
        "shape": plan.shape,
        "tile_px": plan.tile_px,
        "adapt": arguments.adapt,
        "model": arguments.model,
        "method": json.loads(parts.storage.get_bytes(facts))["method"],
        "dates": len(plan.target_dates),
        "scenes": len(plan.scenes),
        "radar_scenes": len(plan.s1_scenes),
        "bytes": sizes(work / "results"),
        "steps": [asdict(found) for found in meter.found],
    }


def sizes(results: Path) -> dict[str, int]:
    """Return the bytes of a job's files by their names without dates."""
    found: Counter[str] = Counter()
    for path in results.iterdir():
        found[re.sub(r"-?\d{4}-\d\d-\d\d", "", path.name)] += path.stat().st_size
    return dict(found)


def made_parts(arguments: argparse.Namespace, catalogue: Path, work: Path) -> Parts:
    """Return the parts of a worker that keeps everything below one folder."""
    return build_parts(
        load_settings(
            WorkerSettings,
            storage_url=f"file://{work}",
            scratch_dir=work / "scratch",
            catalogs={"mosaic": CatalogProfile(name="mosaic", href=str(catalogue))},
            default_catalog="mosaic",
            tile_px=arguments.tile_px,
            torch_threads=arguments.threads,
        )
    )


if __name__ == "__main__":
    main()
