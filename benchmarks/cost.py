"""The coefficients of `jobs/cost.py`: CPU seconds and bytes of real jobs, and a line of many variables through them.

python benchmarks/cost.py              # fits to the jobs in benchmarks/cost.json, and tries the fit on each left out
python benchmarks/cost.py --measure    # runs the jobs first; needs the real scenes, and half an hour of a CPU

Jobs differ in scenes, dates, tiles and pixels. They run by `benchmarks/tiles.py` on one thread; CPU seconds count, for
other programs of a busy machine lengthen them much less than the time on the clock.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import least_squares

from jobs import cost
from jobs.cost import Quantities, Work

MEASURED = Path(__file__).with_suffix(".json")
ORDERS = {
    "few-scenes": "--patches 3 --tile-px 48 --start 2018-06-24 --end 2018-07-04 --step-days 5 --context-days 30",
    "many-dates": "--patches 2 --tile-px 64 --start 2018-06-01 --end 2018-07-01 --step-days 3 --context-days 45 "
    "--adapt",
    "many-scenes": "--patches 3 --tile-px 48 --start 2018-06-01 --end 2018-07-01 --step-days 30 --context-days 120",
    "one-tile": "--patches 6 --tile-px 192 --start 2018-06-24 --end 2018-07-04 --step-days 10 --context-days 30",
    "adapted": "--patches 3 --tile-px 96 --start 2018-05-01 --end 2018-07-30 --step-days 45 --context-days 90 --adapt",
    "default-order": "--patches 2 --tile-px 64 --context-days 180 --adapt",
    "four-tiles": "--patches 8 --tile-px 128 --adapt",
    "whole-tile": "--patches 8 --tile-px 256 --step-days 20 --context-days 30",
}
ONE_WINDOW = "--patches 1 --tile-px 32 --start 2018-06-14 --end 2018-07-04 --step-days 10 --context-days 30"
"""Of which each model makes a map, to be compared with ours."""


@dataclass(frozen=True)
class Job:
    """One measured job.

    Attributes:
        name: of its order.
        work: that there was to do.
        prepare: CPU seconds of what comes before the tiles.
        tiles: of all tiles.
        finish: of the last step.
        bytes: of its results, by files' names.
    """

    name: str
    work: Work
    prepare: float
    tiles: float
    finish: float
    bytes: dict[str, int]

    @classmethod
    def of(cls, name: str, figures: dict[str, Any]) -> Job:
        """Return what `benchmarks/tiles.py` measured."""
        work = Work(
            shape=tuple(figures["shape"]),
            tile_px=figures["tile_px"],
            dates=figures["dates"],
            scenes=figures["scenes"],
            looks=figures["scenes"],  # every scene of the mosaic shows all of it
            model=figures["model"],
            adapt=figures["adapt"],
        )
        took = {step["name"]: step["cpu_seconds"] for step in figures["steps"]}
        before, after = took.pop("plan") + took.pop("prepare"), took.pop("finish")
        return cls(name, work, before, sum(took.values()), after, figures["bytes"])

    @property
    def seconds(self) -> float:
        """CPU seconds of the whole job."""
        return self.prepare + self.tiles + self.finish

    def rows(self) -> list[tuple[Quantities, float]]:
        """Return what there was to do beside the CPU seconds that it took, step by step.

        A job of one tile reads its scenes before it, so that the two are told together.
        """
        before, tiles = cost.preparing(self.work), cost.tiling(self.work)
        steps = [(before, self.prepare), (tiles, self.tiles)]
        if self.work.tiles == 1:
            steps = [(together([before, tiles]), self.prepare + self.tiles)]
        return [*steps, (cost.finishing(self.work), self.finish)]


def fitted(rows: Sequence[tuple[Quantities, float]]) -> dict[str, float]:
    """Return the coefficients, none below zero: of all, those with which the logarithms of the sums are least off."""
    names = sorted({name for quantities, _ in rows for name, n in quantities.items() if n})
    measured = np.array([value for _, value in rows])
    table = np.array([[quantities.get(name, 0.0) for name in names] for quantities, _ in rows])
    scale = (table / measured[:, None]).max(axis=0)  # seconds of a step and of a pixel differ by a million
    begin = np.full(len(names), 1 / len(names))

    def off(share: np.ndarray) -> np.ndarray:
        return np.asarray(np.log(table / scale @ share + 1e-9) - np.log(measured))

    found = least_squares(off, begin, bounds=(0, np.inf)).x / scale
    return {name: round(float(f"{value:.2g}"), 10) for name, value in zip(names, found, strict=True)}


def seconds_of(jobs: Sequence[Job]) -> dict[str, float]:
    """Return the coefficients of CPU seconds; a whole job weighs as much as its steps together."""
    rows: list[tuple[Quantities, float]] = []
    for job in jobs:
        steps = job.rows()
        rows += steps + [(together([quantities for quantities, _ in steps]), job.seconds)] * len(steps)
    return fitted(rows)


def together(parts: Sequence[Quantities]) -> Quantities:
    """Return the sum of quantities."""
    found: Counter[str] = Counter()
    for part in parts:
        found.update(part)
    return dict(found)


def bytes_of(jobs: Sequence[Job]) -> dict[str, float]:
    """Return the coefficients of bytes; a further raster is as large as that of LAI."""
    found = fitted([(cost.storing(job.work), sum(job.bytes.values())) for job in jobs])
    known = [job for job in jobs if "lai.tif" in job.bytes]
    pixels = sum(job.work.core_px * job.work.dates for job in known)
    return found | {"extra_px": float(f"{sum(job.bytes['lai.tif'] for job in known) / pixels:.2g}")}


def models_of(jobs: Sequence[Job], seconds: dict[str, float]) -> dict[str, float]:
    """Return what a date of a pixel takes by every model, beside ours."""
    ours = {job.work.model: job for job in jobs}["default"]
    dates = cost.tiling(ours.work)["date_look_px"] * seconds["date_look_px"]
    return {job.work.model: float(f"{max(0.0, 1 + (job.tiles - ours.tiles) / dates):.2g}") for job in jobs}


def measure() -> dict[str, Any]:
    """Run every job, and return what it took."""
    models = {name: f"{ONE_WINDOW} --model {name}" for name in cost.MODELS}
    jobs = {name: _figures(words) for name, words in ORDERS.items()}
    by_model = {name: _figures(words) for name, words in models.items()}
    return {"when": f"{datetime.now(UTC):%Y-%m-%d}", "where": platform.machine(), "jobs": jobs, "models": by_model}


def _figures(words: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.json"
        script = [sys.executable, str(Path(__file__).with_name("tiles.py"))]
        subprocess.run([*script, *words.split(), "--threads", "1", "--json", str(path)], check=True)
        figures: dict[str, Any] = json.loads(path.read_text())
        return figures


def read() -> tuple[list[Job], list[Job]]:
    """Return the measured jobs, and those of every model."""
    document = json.loads(MEASURED.read_text())
    jobs, models = ([Job.of(name, run) for name, run in document[key].items()] for key in ("jobs", "models"))
    return jobs, models


def left_out(jobs: Sequence[Job], job: Job) -> tuple[float, float]:
    """Return seconds and bytes of a job by coefficients that know the other jobs only."""
    others = [other for other in jobs if other is not job]
    seconds, sizes = seconds_of(others), bytes_of(others)
    steps = (cost.preparing(job.work), cost.tiling(job.work), cost.finishing(job.work))
    return cost.total(together(steps), seconds), cost.total(cost.storing(job.work), sizes)


def main() -> None:
    """Print the coefficients, and how far they are from jobs that they do not know."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", action="store_true", help="run the jobs first")
    if parser.parse_args().measure:
        MEASURED.write_text(json.dumps(measure(), indent=1) + "\n")
    jobs, models = read()
    seconds = seconds_of(jobs)
    print("MODELS =", models_of(models, seconds))
    print("SECONDS =", seconds)
    print("BYTES =", bytes_of(jobs))
    print(f"{'left out':14} {'CPU s':>8} {'estimate':>9} {'kB':>8} {'estimate':>9}")
    for job in jobs:
        time_s, size = left_out(jobs, job)
        print(f"{job.name:14} {job.seconds:8.0f} {time_s:9.0f} {sum(job.bytes.values()) / 1e3:8.0f} {size / 1e3:9.0f}")


if __name__ == "__main__":
    main()
