"""Accuracy on the two real patches with weights that never saw them: every scorable date, every scenario.

    python benchmarks/accuracy_real.py            # prints a Markdown table
    CLEARLEAF_REAL_DATA=DIR python benchmarks/accuracy_real.py

Published weights without adaptation to the place; the target is observed LAI (SL2P-type) of single clear scenes.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from models.episodes import Episodes, concatenate, episode
from models.evaluation.baselines import baseline_estimates
from models.evaluation.metrics import score, skill_interval
from models.evaluation.scenarios import SCENARIOS, HeldOut, Scenario, hide, scorable_scenes
from models.series import Site
from models.training.places import read_patch
from models.training.train import estimates
from models.weights import find_weights

WEIGHTS = {"a": "without-a", "c": "without-c"}
SEED = 1  # of the cloud masks in real-cloud


def held_out(site: Site, scenario: Scenario) -> list[HeldOut]:
    """Return every case of a scenario."""
    found = (hide(site, i, scenario, np.random.default_rng([SEED, i])) for i in scorable_scenes(site.observed))
    return [case for case in found if case is not None]


def row(place: str, scenario: Scenario, cases: list[HeldOut], episodes: Episodes) -> str:
    """Return one line of the table."""
    ours = estimates(find_weights(WEIGHTS[place]).load(), episodes)
    truth = ours["truth"]
    days = np.concatenate([np.full(int(case.scored.sum()), case.day) for case in cases])
    tables = [{k: v[case.scored] for k, v in baseline_estimates(case).items()} for case in cases]
    linear, nearest = (np.concatenate([table[name] for table in tables]) for name in ("linear", "nearest"))
    columns = [nearest, linear, ours["prior"], ours["predicted"], ours["fused"]]
    rmse = " | ".join(f"{score(truth, values).rmse:.2f}" for values in columns)
    fused = score(truth, ours["fused"])
    skill, low, high = skill_interval(truth, ours["fused"], linear, days)
    interval = f"{skill:+.0%} ({low:+.0%} to {high:+.0%})"
    case = f"{place.upper()} | {scenario.name} | {len(cases)} | {truth.size:,}"
    return f"| {case} | {rmse} | {fused.r2:.2f} | {interval} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    torch.set_num_threads(parser.parse_args().threads)
    started = time.monotonic()
    columns = ["place", "hidden", "dates", "pixels", "nearest", "linear", "prior", "predicted", "fused", "R²"]
    columns.append("skill over linear (90 % interval)")
    print("| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|")
    for place in WEIGHTS:
        site = read_patch(place)
        for scenario in SCENARIOS:
            cases = held_out(site, scenario)
            print(row(place, scenario, cases, concatenate([episode(case) for case in cases])), flush=True)
    print(f"\n{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
