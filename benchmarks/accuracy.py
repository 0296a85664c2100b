"""Every system of the paper and every classical method on the same hidden pixels, from the published weights.

    python benchmarks/accuracy.py                       # prints the tables; some ten minutes on two cores
    python benchmarks/accuracy.py --docs                # and writes them, with pictures, into docs/accuracy.md
    python benchmarks/accuracy.py --simulated-sites 20  # more simulated land

The target is observed LAI (SL2P-type) of single clear scenes. Each real patch is scored with weights that never saw it;
simulated sites have seeds that training does not draw.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import platform
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accuracy_tables import in_docs, tables
from model_cards import write_cards

from models import weights
from models.adaptation import adapt_to
from models.brackets import find_brackets
from models.evaluation.baselines import estimator
from models.evaluation.classical import classical
from models.evaluation.hidden import Estimate, Estimator, Hidden, estimate_hidden
from models.evaluation.metrics import score, skill_interval
from models.evaluation.report import DELIVERED, PRIOR, reconstruction
from models.evaluation.scenarios import GAP30, SCENARIOS, HeldOut, Scenario, hide, scorable_scenes
from models.paper import CHOSEN, PAPER_MODELS, PaperNetworks
from models.paper import STEP1 as PAPER_STEP1
from models.progress import silent
from models.reconstruction import LaiReconstructor
from models.series import Site
from models.simulation.site import SiteSpec, simulate
from models.training.places import read_patch
from models.weights import find_weights

REAL = {"A": "without-a", "C": "without-c"}
"""Patch → weights that never saw it."""
SIMULATED = {
    "cropland": ("belgium", "continental", "plains"),
    "forest": ("forest", "boreal"),
    "semi-arid": ("semi-arid", "mediterranean", "dryland"),
}
SIMULATED_SEED = 900_000_000
"""Of the simulated table, which uses the release weights; training draws its seeds at random from 0 to 2³¹."""
PERIOD = (date(2021, 3, 1), date(2022, 6, 30))
DAYS_PER_SITE = 5
FOLDS = 5
"""Blocks of time: the networks adapt to a patch without the block, and without 30 days around it, then are scored."""
AGES = (0, 5, 10, 20, 30, 45, 60, 400)
SEED = 1  # of the cloud masks in real-cloud
ADAPTED, AGE = "clearleaf, adapted", "age"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", action="store_true", help="write docs/accuracy.md and its pictures too")
    parser.add_argument("--simulated-sites", type=int, default=1, help="simulated sites per region")
    parser.add_argument("--weights-folder", type=Path, default=weights.FOLDER, help="default: the published ones")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    if arguments.docs and arguments.weights_folder.resolve() != weights.FOLDER:
        parser.error("--docs shows the published weights: leave --weights-folder out")
    started = time.monotonic()
    spawn, folder = multiprocessing.get_context("spawn"), arguments.weights_folder.resolve()
    with ProcessPoolExecutor(arguments.processes, spawn, _begin, (folder,)) as pool:
        sheets = pool.map(partial(sheet, simulated_sites=arguments.simulated_sites), (*REAL, *SIMULATED))
        found = [cell for cells in sheets for cell in cells]
    document = {
        "made": datetime.now(UTC).date().isoformat(),
        "machine": f"{arguments.processes} cores ({platform.machine()}), torch {torch.__version__}",
        "seconds": round(time.monotonic() - started),
        "cells": found,
    }
    print(tables(document))
    if arguments.out:
        arguments.out.write_text(json.dumps(document, indent=1) + "\n")
    if arguments.docs:
        in_docs(document, Path(__file__).parents[1] / "docs")
        write_cards(document, folder, REAL)


def _begin(folder: Path) -> None:
    torch.set_num_threads(1)  # the processes share the cores
    weights.FOLDER = folder


def sheet(place: str, simulated_sites: int) -> list[dict[str, Any]]:
    """Return the figures of every method on a place or landscape, a cell for each scenario."""
    if place in REAL:
        site, name = read_patch(place.lower()), REAL[place]
        networks = [*_networks(name), _adapted(site, name)]
        return [figures(place, scenario, [_real(site, scenario, networks)]) for scenario in SCENARIOS]
    regions = SIMULATED[place] * simulated_sites
    specs = [SiteSpec(32, *PERIOD, region, SIMULATED_SEED + k) for k, region in enumerate(regions)]
    sites = [simulate(spec).site() for spec in specs]
    networks = _networks("release")
    return [figures(place, s, [_simulated(site, s, networks) for site in sites]) for s in SCENARIOS]


def figures(place: str, scenario: Scenario, parts: Sequence[Hidden | None]) -> dict[str, Any]:
    """Return the figures of every method in one cell."""
    hidden = _joined([part for part in parts if part is not None])
    ages = hidden.estimates.pop(AGE).lai
    best = _best_classical(hidden, scenario)
    methods = {name: _figures(hidden, name, best) for name in hidden.estimates}
    by_age = {name: _by_age(hidden, name, ages) for name in ("linear", PRIOR, DELIVERED, "paper") if name in methods}
    dates = len(np.unique(hidden.days))
    return {
        "place": place,
        "scenario": scenario.name,
        "dates": dates,
        "n": int(hidden.truth.size),
        "sd": round(float(hidden.truth.std()), 3),
        "best_classical": best,
        "methods": methods,
        "rmse_by_age": by_age,
    }


def held_out(site: Site, scenario: Scenario) -> list[HeldOut]:
    """Return every case of a scenario."""
    found = (hide(site, i, scenario, np.random.default_rng([SEED, i])) for i in scorable_scenes(site.observed))
    return [case for case in found if case is not None]


def _real(site: Site, scenario: Scenario, networks: Sequence[Estimator]) -> Hidden | None:
    methods = [estimator(name, method) for name, method in classical(scenario).items()]
    return estimate_hidden(held_out(site, scenario), [*networks, _age, *methods])


def _simulated(site: Site, scenario: Scenario, networks: Sequence[Estimator]) -> Hidden | None:
    """Return the estimates of some days of a simulated site; the costly multi-output process is left out."""
    methods = [estimator(n, method) for n, method in classical(scenario).items() if not n.startswith("multi")]
    cases = held_out(site, scenario)
    return estimate_hidden(cases[:: -(-len(cases) // DAYS_PER_SITE) or 1], [*networks, _age, *methods])


def _networks(name: str) -> list[Estimator]:
    networks = find_weights(name).load("paper")
    if not isinstance(networks, PaperNetworks):
        raise TypeError("these are not the paper's networks")
    return [reconstruction(LaiReconstructor.load(name)), *_papers(networks)]


def _papers(networks: PaperNetworks) -> list[Estimator]:
    """Return the paper's systems; the two that fuse share the predictions of their references."""

    def rival(name: str) -> Estimator:
        return estimator(name, lambda site, days: networks.predict(site, days, name))

    def fused(case: HeldOut) -> dict[str, Estimate]:
        days = np.array([case.day], np.int32)
        predicted, references = networks.predict(case.site, days), networks.references(case.site, days)
        both = {name: networks.fuse(references, predicted, count) for name, count in PAPER_MODELS.items() if count}
        return {CHOSEN: Estimate(predicted[0])} | {name: Estimate(lai[0]) for name, lai in both.items()}

    return [*(rival(name) for name in PAPER_STEP1 if name != CHOSEN), fused]


def _adapted(site: Site, name: str) -> Estimator:
    """Return the default model adapted to a patch as a job would, without the days that it is scored on."""
    published = LaiReconstructor.load(name)
    days = site.observed.days[scorable_scenes(site.observed)]
    model_of: dict[int, LaiReconstructor] = {}
    for block in np.array_split(days, FOLDS):
        near = (np.abs(site.observed.days[:, None] - block[None]) <= GAP30.half_width_days).any(axis=1)
        rest = Site(site.observed.hide(near), site.radar)
        model_of |= dict.fromkeys(block.tolist(), adapt_to(published, [rest], 0, silent) or published)

    def estimate(case: HeldOut) -> dict[str, Estimate]:
        return {ADAPTED: reconstruction(model_of[case.day])(case)[DELIVERED]}

    return estimate


def _age(case: HeldOut) -> dict[str, Estimate]:
    """Return days to the nearest visible observation, to sort errors by."""
    observed = case.site.observed
    ages = find_brackets(observed.lai, observed.days, np.array([case.day], np.int32)).days_to_other[0]
    return {AGE: Estimate(ages.astype(np.float32))}


def _joined(parts: Sequence[Hidden]) -> Hidden:
    """Return the hidden pixels of several sites as one; days of different sites stay apart."""

    def join(column: Callable[[Hidden], np.ndarray]) -> np.ndarray:
        return np.concatenate([column(part) for part in parts])

    estimates = {
        name: Estimate(
            join(lambda part, n=name: part.estimates[n].lai),
            None if parts[0].estimates[name].sigma is None else join(lambda part, n=name: part.estimates[n].sigma),
        )
        for name in parts[0].estimates
    }
    days = np.concatenate([part.days + 100_000 * i for i, part in enumerate(parts)])
    seconds = {name: sum(part.seconds[name] for part in parts) for name in parts[0].seconds}
    return Hidden(join(lambda part: part.truth), days, estimates, seconds)


def _best_classical(hidden: Hidden, scenario: Scenario) -> str:
    names = [name for name in classical(scenario) if name in hidden.estimates]
    return min(names, key=lambda name: score(hidden.truth, hidden.estimates[name].lai).rmse)


def _figures(hidden: Hidden, name: str, best: str) -> dict[str, Any]:
    estimate = hidden.estimates[name]
    found = score(hidden.truth, estimate.lai, estimate.sigma).as_json()
    skill = skill_interval(hidden.truth, estimate.lai, hidden.estimates[best].lai, hidden.days)
    cases = len(np.unique(hidden.days))
    return found | {"skill": [round(v, 4) for v in skill], "seconds": round(hidden.seconds[name] / cases, 3)}


def _by_age(hidden: Hidden, name: str, ages: np.ndarray) -> list[list[float]]:
    """Return lower age, number of pixels and RMSE for each bin of ages."""
    error = hidden.estimates[name].lai - hidden.truth
    rows = []
    for low, high in itertools.pairwise(AGES):
        there = (ages > low) & (ages <= high)
        if there.sum() > 500:
            rows.append([low, int(there.sum()), round(float(np.sqrt((error[there] ** 2).mean())), 4)])
    return rows


if __name__ == "__main__":
    main()
