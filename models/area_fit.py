"""Fit a job to its area: adapt the networks where that helps, choose what to deliver, calibrate sigma, and report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from models.adaptation import adapt_to
from models.area import area_statistics
from models.calibration import fit_factor, shrink_factor
from models.evaluation.correlation import USUAL, Correlogram, error_correlation
from models.evaluation.hidden import Hidden
from models.evaluation.hold_out import HoldOut, choose_days, scorable_days
from models.evaluation.report import DELIVERED, PRIOR, dates_as_json, hidden_estimates, scores_as_json
from models.evaluation.scenarios import GAP15
from models.progress import Progress, part_of, silent
from models.reconstruction import LaiReconstructor
from models.series import Site
from models.weights import find_weights

MIN_GAIN = 0.97
"""Adapted networks replace the published ones only for a gain that a handful of days can show."""


@dataclass(frozen=True)
class Report:
    """What was chosen for the AOI and how it did on hidden days.

    Attributes:
        method: what is delivered.
        fell_back: the networks were worse than the temporal prior on calibration days, so the prior is delivered.
        note: why, in a sentence a customer can read.
        hold_out: roles of the days; None where there were too few.
        hidden: estimates on the test days; None where there were none.
        weights: name of the published set.
        trained_on_place: the published weights saw this very place in training, so the figures flatter.
        sigma_factor: on raw sigma.
        correlation: of the errors of two pixels over their distance.
    """

    method: str
    fell_back: bool
    note: str
    hold_out: HoldOut | None
    hidden: Hidden | None
    weights: str
    trained_on_place: bool
    sigma_factor: float
    correlation: Correlogram = USUAL

    def as_json(self) -> dict[str, Any]:
        """Return the report as published in accuracy.json."""
        facts: dict[str, Any] = {
            "method": self.method,
            "fell_back": self.fell_back,
            "note": self.note,
            "weights": self.weights,
            "weights_trained_on_place": self.trained_on_place,
            "sigma_factor": round(self.sigma_factor, 3),
            "error_correlation": self.correlation.as_json(),
        }
        if self.hold_out is None or self.hidden is None:
            return {"hidden_dates": [], "reason": self.note, **facts}
        return {
            "hidden_dates": dates_as_json(self.hold_out.test),
            "scenarios": {GAP15.name: scores_as_json(self.hidden)},
            "calibration_dates": dates_as_json(self.hold_out.calibration),
            "adaptation_dates": dates_as_json(self.hold_out.adaptation),
            **facts,
        }


def fit_to_area(
    published: LaiReconstructor,
    sites: Sequence[Site],
    *,
    first_day: int,
    last_day: int,
    adapt_networks: bool = True,
    seed: int = 0,
    bounds: tuple[float, float, float, float] | None = None,
    progress: Progress = silent,
) -> tuple[LaiReconstructor, Report]:
    """Return the reconstructor of a job and its accuracy report.

    Args:
        published: with published weights; only the default model is adapted, or gives way to the prior.
        sites: sampled windows of the AOI, all of one size; every scene they have.
        first_day: of the output range.
        last_day: of the output range.
        adapt_networks: whether the networks may be adapted.
        seed: of everything random.
        bounds: west, south, east, north of the AOI in degrees, to tell whether the weights saw part of it.
        progress: see `Progress`.
    """
    everything = published.with_statistics(area_statistics(sites))
    saw = bounds is not None and find_weights(published.weights).saw(*bounds)
    days = choose_days(sites, first_day, last_day)
    if days is None:
        note = (
            f"only {len(scorable_days(sites))} clear days could be hidden; nothing was adapted, calibrated or tested "
            "on this area: sigma is the published one"
        )
        return everything, Report(
            published.method, False, note, None, None, published.weights, saw, published.sigma_factor
        )
    progress(0.05, "choosing what to hide")
    candidates = [published]
    if adapt_networks and published.model == "default":
        adapted = adapt_to(published, [days.for_adaptation(site) for site in sites], seed, part_of(progress, 0.05, 0.6))
        candidates += [adapted] if adapted else []
    choice = _choose(candidates, [days.for_calibration(site) for site in sites], days, part_of(progress, 0.6, 0.8))
    chosen = choice.reconstructor
    hidden = hidden_estimates(chosen, sites, days.test, part_of(progress, 0.8, 1.0))
    told = error_correlation([part for part in (choice.hidden, hidden) if part is not None], DELIVERED)
    facts = (choice.fell_back, choice.note, days, hidden, published.weights, saw, chosen.sigma_factor, told)
    return chosen.with_statistics(everything.statistics), Report(chosen.method, *facts)


@dataclass(frozen=True)
class _Choice:
    """What is to be delivered.

    Attributes:
        reconstructor: calibrated.
        fell_back: the networks gave way to the prior.
        note: why, in a sentence.
        hidden: what it says of the calibration days; None where there were none.
    """

    reconstructor: LaiReconstructor
    fell_back: bool
    note: str
    hidden: Hidden | None


def _choose(
    candidates: Sequence[LaiReconstructor], sites: Sequence[Site], days: HoldOut, progress: Progress
) -> _Choice:
    """Return what does best on the calibration days, calibrated: adapted networks, published ones, or the prior.

    Args:
        candidates: the published networks, then the adapted ones where there are any.
        sites: windows of the AOI.
        days: roles of the days.
        progress: see `Progress`.
    """
    steps = np.linspace(0, 1, len(candidates) + 1)
    found = [
        (c, hidden_estimates(c, sites, days.calibration, part_of(progress, low, high)))
        for c, low, high in zip(candidates, steps[:-1], steps[1:], strict=True)
    ]
    scored = [(c, h) for c, h in found if h is not None]
    if not scored:
        return _Choice(candidates[0], False, "no calibration day: published networks and sigma", None)
    errors = [_by_date_rmse(h, DELIVERED) for _, h in scored]
    best = 1 if len(errors) > 1 and errors[1] < MIN_GAIN * errors[0] else 0
    chosen, hidden = scored[best]
    prior_error = _by_date_rmse(hidden, PRIOR)
    # Who orders another model by name wants to see what it does, not what would do better.
    fell_back = chosen.model == "default" and errors[best] >= prior_error
    factor_now = chosen.sigma_factor
    if fell_back:
        hidden = replace(hidden, estimates={**hidden.estimates, DELIVERED: hidden.estimates[PRIOR]})
        chosen = replace(chosen, method="prior", sigma_factor=find_weights(chosen.weights).of("prior").sigma_factor)
        note = f"on calibration days the networks (RMSE {errors[best]:.2f}) did not beat the prior ({prior_error:.2f})"
    else:
        what = chosen.method if chosen.model == "default" else chosen.model
        note = f"{what}: RMSE {errors[best]:.2f} on calibration days, the prior {prior_error:.2f}"
    own = _own_factor(hidden, factor_now)
    factor = shrink_factor(chosen.sigma_factor, own, len(np.unique(hidden.days)))
    return _Choice(replace(chosen, sigma_factor=factor), fell_back, note, hidden)


def _own_factor(hidden: Hidden, factor: float) -> float:
    """Return the area's factor on raw sigma, from what hidden days show of what is delivered, with a factor on it."""
    found = hidden.estimates[DELIVERED]
    if found.sigma is None:
        raise ValueError("what is delivered has no sigma to be calibrated")
    return fit_factor(hidden.truth, found.lai, found.sigma / np.float32(factor))


def _by_date_rmse(hidden: Hidden, name: str) -> float:
    """Return the root of the mean over dates of the mean squared error: every date weighs the same."""
    squared = (hidden.estimates[name].lai - hidden.truth) ** 2
    return float(np.sqrt(np.mean([squared[hidden.days == day].mean() for day in np.unique(hidden.days)])))
