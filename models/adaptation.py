"""Adapt the published networks to an area on its own clear days.

Adaptation is by replay: half of every batch are synthetic gaps of the AOI, half are simulated sites, and the weights
are held near the published ones. Own gaps alone would teach the networks this year's weather by heart.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import torch

from models.episodes import Episodes, concatenate, draw_episodes
from models.evaluation.scenarios import GAP15, GAP30, REAL_CLOUD
from models.losses import anchor_penalty, losses
from models.progress import Progress, part_of
from models.reconstruction import LaiReconstructor
from models.series import Site
from models.simulation.regions import REGIONS
from models.simulation.site import SiteSpec, simulate
from models.two_steps import TwoSteps

STEPS = 30
BATCH = 8
LEARNING_RATE = 1e-4
HOLD = 1e-2
"""Weight of the penalty on leaving the published weights."""
REPLAY_SITES, REPLAY_SCENES = 6, 6
MIN_EPISODES = 6
"""With fewer gaps of its own an AOI teaches only its noise."""


def adapt_to(
    published: LaiReconstructor, sites: Sequence[Site], seed: int, progress: Progress
) -> LaiReconstructor | None:
    """Return networks adapted by replay, or None where the AOI has too few clear days to learn from.

    Raises:
        TypeError: the model is not the default one; no other is adapted.
    """
    if not isinstance(published.networks, TwoSteps):
        raise TypeError(f"model {published.model!r} cannot be adapted")
    rng = np.random.default_rng(seed)
    most = max(3, 48 // len(sites))
    scenarios = (GAP15, GAP30, REAL_CLOUD)
    own: list[Episodes] = []
    for i, site in enumerate(sites):
        progress(0.2 * i / len(sites), "hiding days to learn from")
        own += draw_episodes(site, scenarios, 2, rng, most)
    if len(own) < MIN_EPISODES:
        return None
    replay = concatenate(_replay(rng, own[0].truth.shape[-1], part_of(progress, 0.2, 0.4)))
    networks = copy.deepcopy(published.networks).train()
    _descend(networks, concatenate(own), replay, seed, published.device, part_of(progress, 0.4, 1.0))
    return replace(published, networks=networks.eval(), method="adapted")


def _replay(rng: np.random.Generator, size_px: int, progress: Progress) -> list[Episodes]:
    """Return synthetic gaps of simulated sites, of the same size as the AOI's windows."""
    found: list[Episodes] = []
    for i, region in enumerate(rng.choice(sorted(REGIONS), REPLAY_SITES)):
        progress(i / REPLAY_SITES, "simulating sites to hold on to")
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
