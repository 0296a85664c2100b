"""What `accuracy.py` scores on: the real patches, simulated landscapes, and which of their days are hidden."""

from __future__ import annotations

from datetime import date
from typing import Literal

import numpy as np

from models.evaluation.scenarios import HeldOut, Scenario, hide, scorable_scenes
from models.series import Site
from models.simulation.site import SiteSpec

REAL = {"A": "without-a", "C": "without-c"}
"""Patch → weights that never saw it."""
SIMULATED = {
    "cropland": ("belgium", "continental", "plains"),
    "forest": ("boreal", "forest"),
    "grassland": ("grassland", "atlantic"),
    "semi-arid": ("semi-arid", "mediterranean", "dryland"),
}
"""Landscape → regions, of which every second one lies in the south; the weights are `release`."""
AVERAGED_REGIONS = (
    *("belgium", "forest", "semi-arid", "grassland", "continental"),
    *("boreal", "mediterranean", "atlantic", "plains", "dryland"),
)
"""Every region; the first few are unlike already."""
COVERS = {"cropland": ("arable",), "forest": ("deciduous forest", "evergreen forest")}
PAPER_LAND, ALL_LAND = "cropland and forest", "all land"
"""Kinds of pixels in the average; the paper averages over croplands and forests."""
PERIOD = (date(2021, 3, 1), date(2022, 6, 30))
WINDOW_PX = 32
LANDSCAPE_SEED, AVERAGE_SEED = 2**31, 2**32
"""Training draws its seeds below 2³¹ (`models/training/datasets.py`): it has seen none of these sites."""
DAYS_PER_SITE = 5
"""Hidden days of a simulated site, where not all are scored."""
MASK_SEED = 1  # of the cloud masks in real-cloud


def landscape_specs(landscape: str, per_region: int) -> list[SiteSpec]:
    """Return the simulated sites of a landscape; a region's sites lie in the north and in the south by turns."""
    first = LANDSCAPE_SEED + 100_000 * list(SIMULATED).index(landscape)
    turns = ((turn, place) for turn in range(per_region) for place in range(len(SIMULATED[landscape])))
    return [
        _spec(SIMULATED[landscape][place], first + k, (turn + place) % 2 == 1) for k, (turn, place) in enumerate(turns)
    ]


def average_specs(count: int) -> list[SiteSpec]:
    """Return sites of all regions by turns, a quarter of them in the south as in training."""
    turns = (divmod(k, len(AVERAGED_REGIONS)) for k in range(count))
    return [
        _spec(AVERAGED_REGIONS[place], AVERAGE_SEED + k, (turn + place) % 4 == 3)
        for k, (turn, place) in enumerate(turns)
    ]


def _spec(region: str, seed: int, southern: bool) -> SiteSpec:
    hemisphere: Literal["north", "south"] = "south" if southern else "north"
    return SiteSpec(WINDOW_PX, *PERIOD, region, seed, hemisphere)


def held_out(site: Site, scenario: Scenario, most: int | None = None) -> list[HeldOut]:
    """Return every case of a scenario, or up to so many, evenly spread."""
    found = (hide(site, i, scenario, np.random.default_rng([MASK_SEED, i])) for i in scorable_scenes(site.observed))
    cases = [case for case in found if case is not None]
    return cases if most is None else cases[:: -(-len(cases) // most) or 1]
