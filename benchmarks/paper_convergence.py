"""Whether the paper's networks have been trained for long enough: both steps with more and more gradient steps.

    python benchmarks/paper_convergence.py                         # 350, 700 and 1400 steps each; prints a table
    python benchmarks/paper_convergence.py --patches               # scores the real patches too
    python benchmarks/paper_convergence.py --steps 100 --sites 40  # a small trial

Step 1 is the 2D CNN-Transformer, step 2 EDCSTFN with two references. Both learn on simulated land alone, as in the
first stage of the published recipe: no real patch has been seen, and a tenth of the simulated sites is held out. Every
row starts from the same weights and anneals its own learning rate: none is a longer row cut short.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import torch
from accuracy_places import DAYS_PER_SITE, held_out

from models.evaluation.hidden import Estimate, estimate_hidden
from models.evaluation.metrics import score
from models.evaluation.scenarios import GAP0, GAP15, HeldOut, Scenario
from models.paper import CHOSEN, PaperNetworks
from models.series import Site
from models.training.paper import Land, PaperRecipe, first_stage, simulated_land
from models.training.places import read_patch

SCENARIOS = (GAP0, GAP15)
COLUMNS = {"step 1, any gap": (GAP0, 0), "both, gap0": (GAP0, 1), "both, gap15": (GAP15, 1)}
"""Heading → scenario and step; step 1 sees radar alone, so a gap in the optical scenes is nothing to it."""


def main() -> None:
    """Print the table."""
    recipe = PaperRecipe()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, nargs="+", default=[350, 700, 1400], help="gradient steps, a row each")
    parser.add_argument("--sites", type=int, default=recipe.sites, help=f"simulated sites (default {recipe.sites})")
    parser.add_argument("--patches", action="store_true", help="score patches A and C (needs the real scenes)")
    parser.add_argument("--seed", type=int, default=recipe.seed, help=f"of everything random (default {recipe.seed})")
    parser.add_argument("--device", default="cpu", help="where the networks run (default cpu)")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default 1)")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    share = arguments.sites / recipe.sites
    recipe = replace(
        recipe, sites=arguments.sites, step2_sites=max(1, round(recipe.step2_sites * share)), seed=arguments.seed
    )
    land = simulated_land(recipe)
    places = {"simulated land": land.unseen}
    if arguments.patches:
        places |= {f"patch {name.upper()}": [read_patch(name)] for name in ("a", "c")}
    cases = {place: {s: cases_of(sites, s) for s in SCENARIOS} for place, sites in places.items()}
    headings = [f"{place}: {column}" for place in places for column in COLUMNS]
    print(f"| steps | seconds | {' | '.join(headings)} |\n{'|---' * (len(headings) + 2)}|", flush=True)
    for steps in arguments.steps:
        started = time.monotonic()
        networks = train(replace(recipe, first_steps=steps), land, arguments.device)
        seconds = time.monotonic() - started
        found = [figure for place in places for figure in figures(networks, cases[place])]
        print(f"| {steps} | {seconds:.0f} | {' | '.join(found)} |", flush=True)
    print(
        f"\nRMSE in m² m⁻² / R², seed {recipe.seed}, {len(land.step1)} + {len(land.step2)} simulated sites for step 1 "
        f"and step 2, {len(land.unseen)} held out; {arguments.threads} thread(s) ({platform.machine()}), "
        f"torch {torch.__version__}, {datetime.now(UTC).date()}."
    )


def train(recipe: PaperRecipe, land: Land, device: str) -> PaperNetworks:
    """Return networks of which the paper's own two steps have been trained; progress goes to standard error."""
    with redirect_stdout(sys.stderr):
        networks, _ = first_stage(recipe, land, device, names=(CHOSEN,))
    return networks.eval()


def cases_of(sites: Sequence[Site], scenario: Scenario) -> list[HeldOut]:
    """Return hidden days of one patch, or some of each of several simulated sites."""
    most = None if len(sites) == 1 else DAYS_PER_SITE
    return [case for site in sites for case in held_out(site, scenario, most)]


def figures(networks: PaperNetworks, cases: dict[Scenario, list[HeldOut]]) -> list[str]:
    """Return RMSE / R² for each of `COLUMNS`."""

    def both(case: HeldOut) -> dict[str, Estimate]:
        steps = networks.reconstruct(case.site, np.array([case.day], np.int32), "paper")
        return {f"step {i}": Estimate(lai[0]) for i, lai in enumerate(steps)}

    hidden = {scenario: estimate_hidden(found, [both]) for scenario, found in cases.items()}
    texts = []
    for scenario, step in COLUMNS.values():
        known = hidden[scenario]
        if known is None:
            raise SystemExit("no held-out site has a day to hide: take more sites")
        scores = score(known.truth, known.estimates[f"step {step}"].lai)
        texts.append(f"{scores.rmse:.3f} / {scores.r2:.2f}")
    return texts


if __name__ == "__main__":
    main()
