"""Fit a job to its AOI: adapt the networks on its own clear days, choose what to deliver, calibrate sigma, and report.

Adaptation is by replay: half of every batch are synthetic gaps of the AOI, half are simulated sites, and the weights
    are held near the published ones. Own gaps alone would teach the networks this year's weather by heart.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import torch

from models.calibration import fit_factor, shrink_factor
from models.episodes import Episodes, concatenate, draw_episodes
from models.evaluation.hold_out import HoldOut, choose_days, scorable_days
from models.evaluation.report import Hidden, dates_as_json, hidden_estimates, scores_as_json
from models.evaluation.scenarios import GAP15, GAP30, REAL_CLOUD
from models.fitting import anchor_penalty, losses
from models.prior import mean_curve
from models.reconstruction import LaiReconstructor
from models.series import Site
from models.simulation.regions import REGIONS
from models.simulation.site import SiteSpec, simulate
from models.two_steps import TwoSteps
from models.weights import find_weights

STEPS = 30
BATCH = 8
LEARNING_RATE = 1e-4
HOLD = 1e-2
"""Weight of the penalty on leaving the published weights."""
REPLAY_SITES, REPLAY_SCENES = 6, 6
MIN_GAIN = 0.97
"""Adapted networks replace the published ones only for a gain that a handful of days can show."""
MIN_EPISODES = 6
"""With fewer gaps of its own an AOI teaches only its noise."""

Progress = Callable[[float, str], None]
"""Called with the share done (0..1) and what is being done; may raise to stop."""


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
    """

    method: str
    fell_back: bool
    note: str
    hold_out: HoldOut | None
    hidden: Hidden | None
    weights: str
    trained_on_place: bool
    sigma_factor: float

    def as_json(self) -> dict[str, Any]:
        """Return the report as published in accuracy.json."""
        facts: dict[str, Any] = {
            "method": self.method,
            "fell_back": self.fell_back,
            "note": self.note,
            "weights": self.weights,
            "weights_trained_on_place": self.trained_on_place,
            "sigma_factor": round(self.sigma_factor, 3),
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


def adapt(
    published: LaiReconstructor,
    sites: Sequence[Site],
    *,
    first_day: int,
    last_day: int,
    adapt_networks: bool = True,
    seed: int = 0,
    place: tuple[float, float] | None = None,
    progress: Progress = lambda share, message: None,
) -> tuple[LaiReconstructor, Report]:
    """Return the reconstructor of a job and its accuracy report.

    Args:
        published: with published weights; method "prior" asks for the temporal prior alone.
        sites: sampled windows of the AOI, all of one size; every scene they have.
        first_day: of the output range.
        last_day: of the output range.
        adapt_networks: whether the networks may be adapted.
        seed: of everything random.
        place: longitude and latitude of the AOI, to tell whether the weights saw it.
        progress: see `Progress`.
    """
    everything = published.with_curve(mean_curve([site.observed for site in sites]))
    saw = place is not None and find_weights(published.weights).saw(*place)
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
    if adapt_networks and published.method != "prior":
        adapted = adapt_to(published, [days.for_adaptation(site) for site in sites], seed, _part(progress, 0.05, 0.6))
        candidates += [adapted] if adapted else []
    progress(0.6, "calibrating on hidden days")
    chosen, fell_back, note = _choose(candidates, [days.for_calibration(site) for site in sites], days)
    progress(0.8, "scoring hidden days")
    hidden = hidden_estimates(chosen, sites, days.test)
    report = Report(chosen.method, fell_back, note, days, hidden, published.weights, saw, chosen.sigma_factor)
    return chosen.with_curve(everything.curve), report


def adapt_to(
    published: LaiReconstructor, sites: Sequence[Site], seed: int, progress: Progress
) -> LaiReconstructor | None:
    """Return networks adapted by replay, or None where the AOI has too few clear days to learn from."""
    rng = np.random.default_rng(seed)
    most = max(3, 48 // len(sites))
    scenarios = (GAP15, GAP30, REAL_CLOUD)
    own = [e for site in sites for e in draw_episodes(site, scenarios, 2, rng, most)]
    if len(own) < MIN_EPISODES:
        return None
    progress(0.2, "simulating sites to hold on to")
    replay = concatenate(_replay(rng, own[0].truth.shape[-1]))
    networks = copy.deepcopy(published.networks).train()
    _descend(networks, concatenate(own), replay, seed, published.device, _part(progress, 0.4, 1.0))
    return replace(published, networks=networks.eval(), method="adapted")


def _replay(rng: np.random.Generator, size_px: int) -> list[Episodes]:
    """Return synthetic gaps of simulated sites, of the same size as the AOI's windows."""
    found: list[Episodes] = []
    for region in rng.choice(sorted(REGIONS), REPLAY_SITES):
        spec = SiteSpec(size_px, date(2020, 9, 1), date(2021, 12, 31), str(region), int(rng.integers(2**31)))
        found += draw_episodes(simulate(spec).site(), (GAP15, GAP30, REAL_CLOUD), 1, rng, REPLAY_SCENES)
    return found


def _descend(networks: TwoSteps, own: Episodes, replay: Episodes, seed: int, device: str, progress: Progress) -> None:
    """Adapt the networks in place."""
    generator = torch.Generator().manual_seed(seed)
    anchor = [weight.detach().clone() for weight in networks.parameters()]
    optimizer = torch.optim.Adam(networks.parameters(), LEARNING_RATE)
    for step in range(STEPS):
        progress(step / STEPS, "adapting the networks to this area")
        optimizer.zero_grad()
        for source in (own, replay):
            index = torch.randint(0, len(source), (BATCH,), generator=generator)
            first, second = losses(networks, source.pick(index, device))
            (first + second).backward()  # type: ignore[no-untyped-call]
        (HOLD * anchor_penalty(networks, anchor)).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(networks.parameters(), 1.0)
        optimizer.step()


def _choose(
    candidates: Sequence[LaiReconstructor], sites: Sequence[Site], days: HoldOut
) -> tuple[LaiReconstructor, bool, str]:
    """Return what does best on the calibration days, calibrated: adapted networks, published ones, or the prior.

    Args:
        candidates: the published networks, then the adapted ones where there are any.
        sites: windows of the AOI.
        days: roles of the days.
    """
    found = [(c, hidden_estimates(c, sites, days.calibration)) for c in candidates]
    scored = [(c, h) for c, h in found if h is not None]
    if not scored:
        return candidates[0], False, "no calibration day: published networks and sigma"
    errors = [_by_date_rmse(h, "clearleaf") for _, h in scored]
    best = 1 if len(errors) > 1 and errors[1] < MIN_GAIN * errors[0] else 0
    chosen, hidden = scored[best]
    prior_error = _by_date_rmse(hidden, "prior")
    fell_back = chosen.method != "prior" and errors[best] >= prior_error
    if fell_back:
        chosen = replace(chosen, method="prior")
        hidden = replace(hidden, estimates={**hidden.estimates, "clearleaf": hidden.estimates["prior"]})
        note = f"on calibration days the networks (RMSE {errors[best]:.2f}) did not beat the prior ({prior_error:.2f})"
    else:
        note = f"{chosen.method}: RMSE {errors[best]:.2f} on calibration days, the prior {prior_error:.2f}"
    own = fit_factor(hidden.truth, hidden.estimates["clearleaf"], hidden.spread)
    factor = shrink_factor(chosen.sigma_factor, own, len(np.unique(hidden.days)))
    return replace(chosen, sigma_factor=factor), fell_back, note


def _by_date_rmse(hidden: Hidden, name: str) -> float:
    """Return the root of the mean over dates of the mean squared error: every date weighs the same."""
    squared = (hidden.estimates[name] - hidden.truth) ** 2
    return float(np.sqrt(np.mean([squared[hidden.days == day].mean() for day in np.unique(hidden.days)])))


def _part(progress: Progress, low: float, high: float) -> Progress:
    return lambda share, message: progress(low + (high - low) * share, message)
