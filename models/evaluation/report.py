"""The accuracy report of a job: the delivered method beside the baselines on hidden days of its own AOI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.evaluation.baselines import baseline_estimates
from models.evaluation.hold_out import cases
from models.evaluation.metrics import score, skill_interval
from models.prior import mean_curve
from models.reconstruction import LaiReconstructor
from models.series import FloatArray, IntArray, Site, day_date


@dataclass(frozen=True)
class Hidden:
    """What methods say of hidden pixels, all (N,) on the same ones.

    Attributes:
        truth: hidden observations, m2/m2.
        days: day of each pixel.
        estimates: LAI by method name, m2/m2; "clearleaf" is the delivered one, "prior" its temporal prior.
        sigma: of the delivered LAI.
        spread: standard deviation of the temporal prior.
    """

    truth: FloatArray
    days: IntArray
    estimates: dict[str, FloatArray]
    sigma: FloatArray
    spread: FloatArray


def hidden_estimates(reconstructor: LaiReconstructor, sites: Sequence[Site], days: Sequence[int]) -> Hidden | None:
    """Return what the delivered method and the baselines say of hidden days, or None where no pixel can be scored.

    Args:
        reconstructor: as it will deliver; its mean curve is made anew from what stays visible.
        sites: windows of the AOI.
        days: each hidden in turn with ±15 days.
    """
    columns: dict[str, list[np.ndarray]] = {}
    for day in days:
        held_out = cases(sites, day)
        curve = mean_curve([case.site.observed for case in held_out])
        for case in held_out:
            found = reconstructor.with_curve(curve).reconstruct(case.site, np.array([day], np.int32))
            maps = {"truth": case.truth, "clearleaf": found.fused[0], "prior": found.prior[0], "sigma": found.sigma[0]}
            maps |= baseline_estimates(case) | {"spread": found.spread[0]}
            for name, values in maps.items():
                columns.setdefault(name, []).append(values[case.scored])
            columns.setdefault("days", []).append(np.full(int(case.scored.sum()), day, np.int32))
    if not columns:
        return None
    arrays = {name: np.concatenate(parts) for name, parts in columns.items()}
    truth, when, sigma, spread = (arrays.pop(name) for name in ("truth", "days", "sigma", "spread"))
    return Hidden(truth, when, arrays, sigma, spread)


def scores_as_json(hidden: Hidden) -> dict[str, Any]:
    """Return every method's figures on the same pixels, with the skill against linear interpolation."""
    figures: dict[str, Any] = {
        name: score(hidden.truth, values, hidden.sigma if name == "clearleaf" else None).as_json()
        for name, values in hidden.estimates.items()
    }
    skill, low, high = skill_interval(
        hidden.truth, hidden.estimates["clearleaf"], hidden.estimates["linear"], hidden.days
    )
    figures["clearleaf"]["skill_over_linear"] = {
        "value": round(skill, 4),
        "low90": round(low, 4),
        "high90": round(high, 4),
    }
    return figures


def dates_as_json(days: Sequence[int]) -> list[str]:
    """Return day numbers as ISO dates."""
    return [str(day_date(day)) for day in days]
