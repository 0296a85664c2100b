"""The accuracy report of a job: the delivered method beside interpolation on hidden days of its own AOI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np

from models.area import AreaStatistics, area_statistics
from models.evaluation.baselines import INTERPOLATIONS
from models.evaluation.hidden import Estimate, Estimator, Hidden, estimate_hidden
from models.evaluation.hold_out import cases, without_days
from models.evaluation.metrics import score, skill_interval
from models.evaluation.scenarios import HeldOut
from models.progress import Progress, silent
from models.reconstruction import LaiReconstructor
from models.series import Site, day_date

DELIVERED, STEP1, PRIOR = "clearleaf", "predicted", "prior"
"""Names in reports and tables: what is delivered, its step 1, and what `--model prior` would deliver."""


def reconstruction(reconstructor: LaiReconstructor, statistics: AreaStatistics | None = None) -> Estimator:
    """Return a reconstructor as an estimator of hidden days.

    Args:
        reconstructor: as it will deliver; its own statistics are not used, since they have seen the hidden days.
        statistics: of what stays visible of the area; made from the case's own site where left out.
    """

    def estimate(case: HeldOut) -> dict[str, Estimate]:
        fresh = reconstructor.with_statistics(statistics or area_statistics([case.site]))
        days = np.array([case.day], np.int32)
        found = fresh.reconstruct(case.site, days)
        alone = replace(fresh, method="prior").reconstruct(case.site, days)
        return {
            DELIVERED: Estimate(found.fused[0], found.sigma[0]),
            STEP1: Estimate(found.predicted[0]),
            PRIOR: Estimate(alone.fused[0], alone.sigma[0]),
        }

    return estimate


def hidden_estimates(
    reconstructor: LaiReconstructor, sites: Sequence[Site], days: Sequence[int], progress: Progress = silent
) -> Hidden | None:
    """Return what the delivered method and interpolation say of hidden days, or None where no pixel can be scored.

    Args:
        reconstructor: as it will deliver.
        sites: windows of the AOI; the area's statistics are made from what stays visible of all of them.
        days: each hidden in turn with ±15 days.
        progress: see `Progress`.
    """
    held_out: list[HeldOut] = []
    statistics: dict[int, AreaStatistics] = {}
    for i, day in enumerate(days):
        progress(0.3 * i / len(days), "hiding days")
        held_out += cases(sites, day)
        statistics[day] = area_statistics([without_days(site, [day]) for site in sites])

    asked = count()

    def delivered(case: HeldOut) -> dict[str, Estimate]:
        progress(0.3 + 0.7 * next(asked) / len(held_out), "estimating hidden days")
        return reconstruction(reconstructor, statistics[case.day])(case)

    return estimate_hidden(held_out, [delivered, *INTERPOLATIONS])


def scores_as_json(hidden: Hidden) -> dict[str, Any]:
    """Return every method's figures on the same pixels, with the skill against linear interpolation."""
    figures: dict[str, Any] = {
        name: score(hidden.truth, estimate.lai, estimate.sigma if name == DELIVERED else None).as_json()
        for name, estimate in hidden.estimates.items()
    }
    ours, theirs = (hidden.estimates[name].lai for name in (DELIVERED, "linear"))
    skill, low, high = skill_interval(hidden.truth, ours, theirs, hidden.days)
    told = {"value": skill, "low90": low, "high90": high}
    figures[DELIVERED]["skill_over_linear"] = {k: round(v, 4) for k, v in told.items() if np.isfinite(v)}
    return figures


def dates_as_json(days: Sequence[int]) -> list[str]:
    """Return day numbers as ISO dates."""
    return [str(day_date(day)) for day in days]
