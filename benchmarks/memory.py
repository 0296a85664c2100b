"""Memory of a tile: how many bytes of each of its pixels a pass, a look and a date take at the worst moment.

python benchmarks/memory.py

Scenes are made up: their values do not matter here, only how many there are. Each is measured in a process of its own.
Needs Linux.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from jobs.planning import Plan
from models import inference, pixel_process
from models.reconstruction import LaiReconstructor
from models.series import OpticalSeries, RadarSeries, day_date
from worker.rasters import S1Stack, S2Stack
from worker.reconstruct import SceneStack, reconstruct_tile

SIDE_PX = 64
FEW, MANY = {"radar": 10, "optical": 10, "dates": 4}, {"radar": (250, 500), "optical": (250, 500), "dates": (100, 200)}
NUMBERS_AT_ONCE = 300_000
"""Arrays of the process are bounded whatever the tile; here so low that they do not hide what grows with it."""
FIRST_DAY, DAYS_BETWEEN = 17_000, 3
"""Of the scenes; days since 1970."""


def main() -> None:
    """Print the table and the fit, or measure one row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--row", type=json.loads, help="measure these counts alone")
    parser.add_argument("--model", default="default", help="reconstruction (default)")
    arguments = parser.parse_args()
    if arguments.row:
        print(measured(**arguments.row, model=arguments.model))
        return
    slopes = {}
    for name, counts in MANY.items():
        fewer, more = (peak(FEW | {name: count}, arguments.model) for count in counts)
        slopes[name] = (more - fewer) / (counts[1] - counts[0]) / SIDE_PX**2
        print(f"{name:8} {fewer / 1e6:5,.0f} MB at {counts[0]}, {more / 1e6:5,.0f} MB at {counts[1]}: ", end="")
        print(f"{slopes[name]:.0f} bytes of each pixel", flush=True)
    together = {name: counts[0] for name, counts in MANY.items()}
    found, told = peak(together, arguments.model), sum(slopes[name] * n for name, n in together.items()) * SIDE_PX**2
    print(f"together {found / 1e6:,.0f} MB; by the sum of these {told / 1e6:,.0f} MB, without what each tile takes")


def peak(counts: dict[str, int], model: str) -> int:
    """Return the bytes that a tile takes in a process of its own."""
    command = [sys.executable, __file__, "--row", json.dumps(counts), "--model", model]
    return int(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def measured(radar: int, optical: int, dates: int, model: str) -> int:
    """Return the bytes that a tile takes beyond an idle process, those of its stack among them."""
    lai = LaiReconstructor.load("release", model)
    side = SIDE_PX
    before = memory_bytes("VmRSS")
    days = FIRST_DAY + np.arange(max(radar, optical)) * DAYS_BETWEEN
    stack = made_up(side, days[:radar], days[:optical])
    last = int(days[-1])
    targets = tuple(day_date(int(day)).item() for day in np.linspace(FIRST_DAY, last, dates).astype(int))
    plan = cast("Plan", SimpleNamespace(target_dates=targets))
    tile: Any = SimpleNamespace(inner=(slice(0, side), slice(0, side)))
    pixel_process.NUMBERS_AT_ONCE = NUMBERS_AT_ONCE
    inference.PIXELS_AT_ONCE = side**2  # as in a whole tile: one date at a time
    Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
    reconstruct_tile(tile, plan, stack, lai)
    return memory_bytes("VmHWM") - before


def made_up(side: int, radar_days: np.ndarray, optical_days: np.ndarray) -> SceneStack:
    """Return a stack of scenes of noise, a fifth of whose pixels are clear."""
    rng = np.random.default_rng(0)
    s1, s2 = len(radar_days), len(optical_days)
    power = rng.uniform(0.01, 0.2, (s1, 2, side, side)).astype(np.float32)
    clear = rng.random((s2, side, side)) < 0.2
    nothing = np.zeros_like(clear)
    reflectance = rng.uniform(0.02, 0.4, (s2, 8, side, side)).astype(np.float32)
    one = np.ones(s1, np.float32)
    radar = RadarSeries(power, radar_days.astype(np.int32), np.full(s1, 37, np.int32), one > 0, 0.78 * one)
    cosines = np.full((s2, 3), 0.8, np.float32)
    days = optical_days.astype(np.int32)
    optical = OpticalSeries(reflectance, clear, clear, nothing, nothing, days, cosines, ("S2A",) * s2)
    nowhere: Any = None
    return SceneStack(S1Stack(nowhere, radar, ()), S2Stack(nowhere, optical, ()))


def memory_bytes(what: str) -> int:
    """Return a figure of this process: VmRSS what it holds, VmHWM the most that it has held."""
    found = re.search(rf"{what}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


if __name__ == "__main__":
    main()
