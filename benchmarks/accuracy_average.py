"""The average of `accuracy.py`: few fast systems over many simulated sites, up to millions of pixels as in the paper.

Each site leaves only sums behind, so that any number of sites fits in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from accuracy_places import ALL_LAND, COVERS, PAPER_LAND, held_out
from accuracy_systems import chosen

from models.evaluation.baselines import INTERPOLATIONS
from models.evaluation.hidden import Estimator
from models.evaluation.scenarios import HeldOut, Scenario
from models.series import BoolArray, FloatArray
from models.simulation.site import SimulatedSite, SiteSpec, simulate

FEWEST = 1000
"""Scored pixels of a site; fewer say nothing about the site's own R2."""


@dataclass(frozen=True)
class Sums:
    """What scored pixels of one kind of land add up to.

    Attributes:
        pixels: how many.
        dates: hidden days that they come from.
        truth: sums of the hidden LAI and of its square.
        errors: by method, sums of the error, of its absolute value and of its square.
    """

    pixels: int
    dates: int
    truth: np.ndarray
    errors: dict[str, np.ndarray]

    @staticmethod
    def of(truth: FloatArray, estimates: dict[str, FloatArray]) -> Sums:
        """Return the sums of one day's pixels, both (N,) m2/m2."""
        exact = truth.astype(np.float64)
        errors = {}
        for name, lai in estimates.items():
            error = lai - exact
            errors[name] = np.array([error.sum(), np.abs(error).sum(), (error**2).sum()])
        return Sums(truth.size, 1 if truth.size else 0, np.array([exact.sum(), (exact**2).sum()]), errors)

    def __add__(self, other: Sums) -> Sums:
        errors = {name: total + other.errors[name] for name, total in self.errors.items()}
        return Sums(self.pixels + other.pixels, self.dates + other.dates, self.truth + other.truth, errors)

    def figures(self, name: str) -> dict[str, float]:
        """Return what `models.evaluation.metrics.score` would say of a method on all these pixels."""
        bias, mae, mse = self.errors[name] / self.pixels
        mean, square = self.truth / self.pixels
        relative = mse / max(square - mean**2, 1e-12)
        return {"rmse": mse**0.5, "mae": mae, "bias": bias, "r2": 1 - relative, "rmse_over_sd": relative**0.5}


def site_sums(spec: SiteSpec, scenarios: Sequence[Scenario]) -> dict[str, dict[str, Sums]]:
    """Return the sums of every scorable day of a simulated site, by scenario and kind of land."""
    simulated, estimators = simulate(spec), [*chosen("release"), *INTERPOLATIONS]
    site, kinds = simulated.site(), _kinds(simulated)
    found: dict[str, dict[str, Sums]] = {}
    for scenario in scenarios:
        totals: dict[str, Sums] = {}
        for case in held_out(site, scenario):
            for kind, sums in _case_sums(case, estimators, kinds).items():
                totals[kind] = totals[kind] + sums if kind in totals else sums
        found[scenario.name] = totals
    return found


def _kinds(simulated: SimulatedSite) -> dict[str, BoolArray]:
    """Return the (H, W) mask of each kind of land."""
    cover = np.array(simulated.land.land)[simulated.land.parcel]
    masks = {kind: np.isin(cover, covers) for kind, covers in COVERS.items()}
    either = np.logical_or.reduce(list(masks.values()))
    return {PAPER_LAND: either, **masks, ALL_LAND: np.ones_like(either)}


def _case_sums(case: HeldOut, estimators: Sequence[Estimator], kinds: dict[str, BoolArray]) -> dict[str, Sums]:
    estimates = {name: found.lai for estimate in estimators for name, found in estimate(case).items()}
    chosen_of = {kind: case.scored & mask for kind, mask in kinds.items()}
    return {
        kind: Sums.of(case.truth[there], {name: lai[there] for name, lai in estimates.items()})
        for kind, there in chosen_of.items()
    }


def average(sites: Iterable[dict[str, dict[str, Sums]]]) -> list[dict[str, Any]]:
    """Return the figures over all sites, an entry for each scenario and kind of land.

    Every method has its figures on all pixels together, and under "of_sites" the mean of the figures of single sites.
    """
    by_group: dict[tuple[str, str], list[Sums]] = {}
    for site in sites:
        for scenario, kinds in site.items():
            for kind, sums in kinds.items():
                by_group.setdefault((scenario, kind), []).append(sums)
    return [
        _entry(scenario, kind, parts) for (scenario, kind), parts in by_group.items() if any(s.pixels for s in parts)
    ]


def _entry(scenario: str, kind: str, parts: Sequence[Sums]) -> dict[str, Any]:
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    enough = [part for part in parts if part.pixels >= FEWEST]
    methods = {name: _rounded(total.figures(name)) | {"of_sites": _mean_of(enough, name)} for name in total.errors}
    named = {"scenario": scenario, "land": kind}
    return named | {"sites": len(enough), "dates": total.dates, "n": total.pixels, "methods": methods}


def _mean_of(sites: Sequence[Sums], name: str) -> dict[str, float]:
    """Return the mean over sites of their own R2, RMSE and RMSE/σ; empty where no site has enough pixels."""
    each = [site.figures(name) for site in sites]
    keys = ("r2", "rmse", "rmse_over_sd")
    return _rounded({key: float(np.mean([figures[key] for figures in each])) for key in keys}) if each else {}


def _rounded(figures: dict[str, float]) -> dict[str, float]:
    return {key: round(float(value), 4) for key, value in figures.items()}
