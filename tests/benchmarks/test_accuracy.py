"""The tables of docs/accuracy.md: what they average, what they leave out, and land that training cannot have seen."""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from models.evaluation.hidden import Estimate, Hidden
from models.evaluation.metrics import score
from models.evaluation.scenarios import GAP15, SCENARIOS
from models.simulation.regions import REGIONS
from models.training.datasets import simulated_specs

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import accuracy_average
import accuracy_cells
from accuracy_average import Sums, average, site_sums
from accuracy_paper import SHOWN, average_tables
from accuracy_places import AVERAGED_REGIONS, SIMULATED, average_specs, landscape_specs
from accuracy_systems import AGE
from accuracy_tables import tables

RNG = np.random.default_rng(0)
METHODS = ("linear", "nearest", "2d-cnn-transformer", "paper", "prior", "predicted", "clearleaf")


def hidden(days) -> Hidden:
    n = 10 * len(days)
    truth = RNG.random(n).astype("f4")
    estimates = {name: Estimate(truth + RNG.normal(0, 0.1, n).astype("f4")) for name in METHODS}
    estimates["clearleaf"] = Estimate(estimates["clearleaf"].lai, np.full(n, 0.1, "f4"))
    estimates[AGE] = Estimate(np.full(n, 16, "f4"))
    return Hidden(truth, np.repeat(np.asarray(days, np.int32), 10), estimates, dict.fromkeys((*METHODS, AGE), 1.0))


def document(cells, entries=()) -> dict:
    return {
        "cells": [cell for cell in cells if cell["n"]],
        "left_out": [[cell["place"], cell["scenario"]] for cell in cells if not cell["n"]],
        "average": list(entries),
        "made": "2026-01-01",
        "machine": "here",
        "seconds": 1,
    }


def test_days_of_two_sites_count_apart():
    cell = accuracy_cells.cell("forest", GAP15, [hidden([1, 2]), None, hidden([2, 3])])
    assert (cell["dates"], cell["n"]) == (4, 40)


def test_a_cell_without_a_case_is_left_out_and_said_so():
    cells = [accuracy_cells.cell("forest", s, [hidden([1, 2, 3])] if s == GAP15 else [None]) for s in SCENARIOS]
    page = tables(document(cells))
    assert "no day can be scored: gap0, gap30, real-cloud" in page
    assert "| gap15 | MAE | bias | RMSE/σ | seconds a date |" in page
    assert "gap30:" not in page


def test_a_place_without_any_case_still_has_its_heading():
    page = tables(document([accuracy_cells.cell("A", s, [None, None]) for s in SCENARIOS]))
    assert "### Patch A (real)\n\nLeft out" in page


def test_no_simulated_site_can_be_drawn_by_training():
    specs = [spec for landscape in SIMULATED for spec in landscape_specs(landscape, 3)] + average_specs(300)
    seeds = [spec.seed for spec in specs]
    assert len(set(seeds)) == len(seeds)
    assert min(seeds) > max(spec.seed for spec in simulated_specs(500, 0))
    assert min(seeds) >= 2**31


def test_all_regions_and_both_hemispheres_are_there():
    landscapes = [spec for landscape in SIMULATED for spec in landscape_specs(landscape, 2)]
    assert {spec.region for spec in landscapes} == set(AVERAGED_REGIONS) == set(REGIONS)
    counts = Counter((spec.region, spec.hemisphere) for spec in landscapes)
    assert counts == dict.fromkeys(counts, 1)
    assert len(counts) == 2 * len(REGIONS)
    averaged = Counter((spec.region, spec.hemisphere) for spec in average_specs(80))
    assert set(averaged) == set(counts)
    assert sum(n for (_, where), n in averaged.items() if where == "south") == 20


def test_sums_say_what_the_pixels_would():
    truth, lai = RNG.random(5000).astype("f4"), RNG.random(5000).astype("f4")
    parts = [Sums.of(truth[part], {"m": lai[part]}) for part in (slice(0, 1500), slice(1500, 1500), slice(1500, None))]
    total = parts[0] + parts[1] + parts[2]
    wanted = score(truth, lai)
    assert (total.pixels, total.dates) == (5000, 2)
    for key, value in total.figures("m").items():
        assert value == pytest.approx(getattr(wanted, key), abs=1e-5), key


def test_the_average_of_a_simulated_site(monkeypatch):
    """Kinds of land add up, and every method of the table is there; perfect ones stand for the networks."""

    def perfect(case):
        return dict.fromkeys(set(METHODS) - {"linear", "nearest"}, Estimate(np.nan_to_num(case.truth)))

    real_cases = accuracy_average.held_out
    monkeypatch.setattr(accuracy_average, "chosen", lambda name: [perfect])
    monkeypatch.setattr(accuracy_average, "held_out", lambda site, scenario: real_cases(site, scenario)[:2])
    entries = average([site_sums(average_specs(1)[0], [GAP15])])
    pixels = {entry["land"]: entry["n"] for entry in entries}
    assert pixels["cropland"] + pixels["forest"] == pixels["cropland and forest"] <= pixels["all land"]
    assert "\n".join(average_tables(entries)).count("Li et al. (2025), average") == 1
    for entry in entries:
        assert set(entry["methods"]) == set(METHODS) == set(SHOWN)
        assert entry["methods"]["paper"]["rmse"] == 0 < entry["methods"]["linear"]["rmse"]
    assert tables(document([], entries)).count("average over cropland and forest") == 3
