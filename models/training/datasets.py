"""What the published weights are trained on: synthetic gaps on simulated sites and on the real patches."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import torch
from torch import Tensor

from models.episodes import Episodes, concatenate, draw_episodes
from models.evaluation.scenarios import GAP0, GAP15, GAP30, REAL_CLOUD, Scenario
from models.series import Site
from models.simulation.regions import REGIONS
from models.simulation.site import SiteSpec, simulate

WINDOW_PX = 32
GAP22 = Scenario("gap22", 22)
CLOUD30 = Scenario("real-cloud-30", 30, partly_visible=True)
TRAINING_SCENARIOS = (GAP0, GAP15, GAP22, GAP30, REAL_CLOUD, CLOUD30)
"""The scenarios of the protocol, and two between and beyond them so that the networks see gaps as a continuum."""
REGION_SHARES = {"belgium": 0.4}
"""Share of sites; the other regions divide the rest evenly."""


def simulated_sites(count: int, seed: int) -> list[Site]:
    """Return simulated sites of 16 months, both hemispheres, all regions."""
    rng = np.random.default_rng(seed)
    names = sorted(REGIONS)
    rest = (1 - sum(REGION_SHARES.values())) / (len(names) - len(REGION_SHARES))
    chances = [REGION_SHARES.get(name, rest) for name in names]
    return [_simulated_site(rng, str(rng.choice(names, p=chances))) for _ in range(count)]


def _simulated_site(rng: np.random.Generator, region: str) -> Site:
    year, month = int(rng.integers(2017, 2025)), int(rng.integers(1, 13))
    start = date(year, month, 1)
    end = date(year + 1 + (month + 3) // 12, (month + 3) % 12 + 1, 28)
    spec = SiteSpec(
        size_px=WINDOW_PX,
        start=start,
        end=end,
        region=region,
        seed=int(rng.integers(2**31)),
        hemisphere="south" if rng.random() < 0.25 else "north",
    )
    return simulate(spec).site()


def episodes_of(sites: Sequence[Site], per_scene: int, seed: int, most: int | None = None) -> Episodes:
    """Return the synthetic gaps of many sites, in all training scenarios.

    Args:
        sites: squares of ground of one size.
        per_scene: examples from each scene.
        seed: of the draws.
        most: scenes per site.
    """
    rng = np.random.default_rng(seed)
    return concatenate([e for site in sites for e in draw_episodes(site, TRAINING_SCENARIOS, per_scene, rng, most)])


def turned(batch: Episodes, turns: int, mirrored: bool) -> Episodes:
    """Return a batch with every map turned by quarters and mirrored: the ground has no preferred direction."""

    def turn(tensor: Tensor) -> Tensor:
        if tensor.ndim < 4:
            return tensor
        tensor = torch.rot90(tensor, turns, (-2, -1))
        return tensor.flip(-1) if mirrored else tensor

    day = type(batch.day)(**{name: turn(tensor) for name, tensor in vars(batch.day).items()})
    return Episodes(day, turn(batch.images), turn(batch.truth), turn(batch.scored))
