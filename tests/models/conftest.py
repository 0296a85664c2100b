"""Small simulated sites that the laws of the science are tested on."""

from datetime import date

import numpy as np
import pytest
import torch

from models.area import area_statistics
from models.reconstruction import LaiReconstructor
from models.series import Site
from models.simulation.site import SiteSpec, simulate
from models.weights import build_two_steps


@pytest.fixture(scope="session")
def site() -> Site:
    """A Belgian-like site of 32 x 32 pixels over 16 months."""
    return simulate(SiteSpec(32, date(2020, 8, 1), date(2021, 11, 30), "belgium", seed=4)).site()


@pytest.fixture(scope="session")
def reconstructor(site: Site) -> LaiReconstructor:
    """Networks with random weights: laws must hold for any weights, and zero-started ones would hide a broken one."""
    torch.manual_seed(1)
    networks = build_two_steps()
    for layer in (networks.step1.decoder[-1], networks.step2.decoder[-1]):
        torch.nn.init.normal_(layer.weight, std=0.1)
    torch.nn.init.normal_(networks.step2.preference.weight, std=0.3)
    return LaiReconstructor(networks.eval(), area_statistics([site]), 1.0, "published", "random")


@pytest.fixture(scope="session")
def target_days(site: Site) -> np.ndarray:
    """A few days of the growing season, one of them the day of a clear scene."""
    clear = site.observed.days[np.isfinite(site.observed.lai).mean(axis=(1, 2)) > 0.5]
    return np.array(sorted({int(clear[len(clear) // 2]), int(clear[0]) + 3, int(clear[-1]) - 40}), np.int32)
