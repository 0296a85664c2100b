"""The tables of places in `accuracy.py`: every method on the hidden pixels of a place, a cell for each scenario."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from accuracy_places import DAYS_PER_SITE, REAL, held_out, landscape_specs
from accuracy_systems import AGE, adapted, age, trained

from models.evaluation.baselines import estimator
from models.evaluation.classical import classical
from models.evaluation.hidden import Estimator, Hidden, estimate_hidden, of_all_sites
from models.evaluation.metrics import score, skill_interval
from models.evaluation.report import DELIVERED, PRIOR
from models.evaluation.scenarios import SCENARIOS, Scenario
from models.series import FloatArray, Site
from models.simulation.site import simulate
from models.training.places import read_patch

AGES = (0, 5, 10, 20, 30, 45, 60, 400)
MIN_OF_AGE = 500
"""Pixels; an RMSE over fewer is not shown."""
SHOWN_BY_AGE = ("linear", PRIOR, DELIVERED, "paper")


def cells_of(place: str, sites_per_region: int, scenarios: Sequence[Scenario] = SCENARIOS) -> list[dict[str, Any]]:
    """Return the figures of every method on a patch or landscape, a cell for each scenario.

    Args:
        place: of `accuracy_places`.
        sites_per_region: of a landscape.
        scenarios: how its days are hidden; a cell without any day that can be scored has no methods.
    """
    if place in REAL:
        site, name = read_patch(place.lower()), REAL[place]
        networks = [*trained(name), adapted(site, name)]
        return [cell(place, scenario, [_estimates(site, scenario, networks)]) for scenario in scenarios]
    sites = [simulate(spec).site() for spec in landscape_specs(place, sites_per_region)]
    networks = trained("release")
    return [cell(place, s, [_estimates(site, s, networks, DAYS_PER_SITE) for site in sites]) for s in scenarios]


def cell(place: str, scenario: Scenario, parts: Sequence[Hidden | None]) -> dict[str, Any]:
    """Return the figures of every method on the hidden pixels of a place's sites; none where no day can be scored."""
    named = {"place": place, "scenario": scenario.name}
    hidden = of_all_sites([part for part in parts if part is not None])
    if hidden is None:
        return named | {"dates": 0, "n": 0, "methods": {}}
    estimates = dict(hidden.estimates)
    ages = estimates.pop(AGE).lai
    best = _best_classical(hidden, scenario)
    return named | {
        "dates": len(np.unique(hidden.days)),
        "n": int(hidden.truth.size),
        "sd": round(float(hidden.truth.std()), 3),
        "best_classical": best,
        "methods": {name: _figures(hidden, name, best) for name in estimates},
        "rmse_by_age": {name: _by_age(hidden, name, ages) for name in SHOWN_BY_AGE if name in estimates},
    }


def _estimates(
    site: Site, scenario: Scenario, networks: Sequence[Estimator], most_days: int | None = None
) -> Hidden | None:
    methods = [estimator(name, method) for name, method in classical(scenario).items()]
    return estimate_hidden(held_out(site, scenario, most_days), [*networks, age, *methods])


def _best_classical(hidden: Hidden, scenario: Scenario) -> str:
    names = [name for name in classical(scenario) if name in hidden.estimates]
    return min(names, key=lambda name: score(hidden.truth, hidden.estimates[name].lai).rmse)


def _figures(hidden: Hidden, name: str, best: str) -> dict[str, Any]:
    estimate = hidden.estimates[name]
    found = score(hidden.truth, estimate.lai, estimate.sigma).as_json()
    skill = skill_interval(hidden.truth, estimate.lai, hidden.estimates[best].lai, hidden.days)
    cases = len(np.unique(hidden.days))
    return found | {"skill": [round(v, 4) for v in skill], "seconds": round(hidden.seconds[name] / cases, 3)}


def _by_age(hidden: Hidden, name: str, ages: FloatArray) -> list[list[float]]:
    """Return lower age, number of pixels and RMSE for each bin of ages."""
    error = hidden.estimates[name].lai - hidden.truth
    rows = []
    for low, high in itertools.pairwise(AGES):
        there = (ages > low) & (ages <= high)
        if there.sum() > MIN_OF_AGE:
            rows.append([low, int(there.sum()), round(float(np.sqrt((error[there] ** 2).mean())), 4)])
    return rows
