"""What the published weights are trained on: synthetic gaps on simulated sites and on the real patches."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import date
from functools import partial

import numpy as np
import torch
from torch import Tensor

from models.episodes import Episodes, concatenate, draw_episodes
from models.evaluation.scenarios import GAP0, GAP15, GAP30, REAL_CLOUD, Scenario
from models.series import Site
from models.simulation.regions import REGIONS
from models.simulation.site import SiteSpec, simulate

WINDOW_PX = 32
GAP22 = Scenario("gap22", 22)
CLOUD0 = Scenario("real-cloud-0", 0, partly_visible=True)
CLOUD30 = Scenario("real-cloud-30", 30, partly_visible=True)
TRAINING_SCENARIOS = (GAP0, GAP15, GAP22, GAP30, CLOUD0, REAL_CLOUD, CLOUD30)
"""The scenarios of the protocol, and some between and beyond them so that the networks see gaps as a continuum."""
REGION_SHARES = {"belgium": 0.3}
"""Share of sites; the other regions divide the rest evenly."""


def simulated_specs(count: int, seed: int) -> list[SiteSpec]:
    """Return what to simulate: sites of 16 months, both hemispheres, all regions."""
    rng = np.random.default_rng(seed)
    names = sorted(REGIONS)
    rest = (1 - sum(REGION_SHARES.values())) / (len(names) - len(REGION_SHARES))
    chances = [REGION_SHARES.get(name, rest) for name in names]
    return [_spec(rng, str(rng.choice(names, p=chances))) for _ in range(count)]


def _spec(rng: np.random.Generator, region: str) -> SiteSpec:
    year, month = int(rng.integers(2017, 2025)), int(rng.integers(1, 13))
    return SiteSpec(
        size_px=WINDOW_PX,
        start=date(year, month, 1),
        end=date(year + 1 + (month + 3) // 12, (month + 3) % 12 + 1, 28),
        region=region,
        seed=int(rng.integers(2**31)),
        hemisphere="south" if rng.random() < 0.25 else "north",
    )


def simulated_episodes(
    specs: Sequence[SiteSpec], per_scene: int, seed: int, most: int, processes: int = 1
) -> list[Episodes]:
    """Return the synthetic gaps of each simulated site; the same ones for any number of processes.

    Args:
        specs: what to simulate.
        per_scene: examples from each scene.
        seed: of the draws.
        most: scenes per site.
        processes: that share the work.
    """
    make = partial(_episodes_of_spec, per_scene=per_scene, seed=seed, most=most)
    # Tensors would travel through one open file each; arrays are simply copied. Forked threads of torch hang: spawn.
    with _one_thread_each(), ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        return [Episodes.from_arrays(arrays) for arrays in pool.map(partial(_arrays_of_spec, make), specs)]


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes started meanwhile calculate with one thread: pools on the same cores fight, at half the speed."""
    before = dict(os.environ)
    os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before


def _episodes_of_spec(spec: SiteSpec, per_scene: int, seed: int, most: int) -> Episodes:
    return episodes_of([simulate(spec).site()], per_scene, seed ^ spec.seed, most)


def _arrays_of_spec(make: partial[Episodes], spec: SiteSpec) -> dict[str, np.ndarray]:
    return make(spec).arrays()


def episodes_of(sites: Sequence[Site], per_scene: int, seed: int, most: int | None = None) -> Episodes:
    """Return the synthetic gaps of many sites, in all training scenarios.

    Args:
        sites: squares of ground of one size.
        per_scene: examples from each scene.
        seed: of the draws.
        most: scenes per site.
    """
    rng = np.random.default_rng(seed)
    return concatenate([e for site in sites for e in draw_episodes(site, TRAINING_SCENARIOS, per_scene, rng, most)])


def turned(batch: Episodes, turns: int, mirrored: bool) -> Episodes:
    """Return a batch with every map turned by quarters and mirrored: the ground has no preferred direction."""

    def turn(tensor: Tensor) -> Tensor:
        if tensor.ndim < 4:
            return tensor
        tensor = torch.rot90(tensor, turns, (-2, -1))
        return tensor.flip(-1) if mirrored else tensor

    day = type(batch.day)(**{name: turn(tensor) for name, tensor in vars(batch.day).items()})
    return Episodes(day, turn(batch.images), turn(batch.truth), turn(batch.scored))
