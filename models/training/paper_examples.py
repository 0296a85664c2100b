"""Clear scenes of simulated sites and real places as examples for the paper's networks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.bands import LAI_MAX
from models.evaluation.scenarios import scorable_scenes
from models.radar_levels import RadarLevels, radar_levels
from models.series import IntArray, Site

GAPS_DAYS = (0, 15, 30)
"""References lie at least this far from the target, drawn for each example."""


@dataclass(frozen=True)
class Place:
    """The clear scenes of one square of ground, as the paper's networks learn from them.

    Attributes:
        levels: radar around each clear day.
        lai: (D, H, W) observed LAI / 8; 0 where not usable.
        usable: (D, H, W).
        days: (D,).
    """

    levels: RadarLevels
    lai: Tensor
    usable: Tensor
    days: IntArray


def place_of(site: Site) -> Place | None:
    """Return a site's clear scenes, or None where it has fewer than three."""
    scenes = scorable_scenes(site.observed)
    if len(scenes) < 3:
        return None
    days = site.observed.days[scenes]
    lai = torch.from_numpy(site.observed.lai[scenes] / np.float32(LAI_MAX))
    levels = radar_levels(site.radar, days)
    return Place(levels, torch.nan_to_num(lai), torch.isfinite(lai), days)


def places_of(sites: Iterable[Site]) -> list[Place]:
    """Return the places that have enough clear scenes."""
    return [place for place in map(place_of, sites) if place is not None]


def draw_place(sources: list[list[Place]], i: int, rng: np.random.Generator) -> Place:
    """Return a place: half of a batch is simulated once there are real ones, which share the other half."""
    source, place = _draw(sources, i, rng)
    return sources[source][place]


def _draw(sources: list[list[Place]], i: int, rng: np.random.Generator) -> tuple[int, int]:
    source = 0 if len(sources) == 1 or i % 2 == 0 else 1 + (i // 2) % (len(sources) - 1)
    return source, int(rng.integers(len(sources[source])))


def step1_example(place: Place, rng: np.random.Generator, crop_px: int) -> tuple[Tensor, ...]:
    """Return images, lags, which dates exist, target and where it is usable: of a part of one clear scene, turned."""
    d = int(rng.integers(len(place.days)))
    images, lags, present = place.levels.day(d)
    top, left = rng.integers(0, np.array(place.lai.shape[1:]) - crop_px + 1)
    part = np.s_[..., top : top + crop_px, left : left + crop_px]
    turns, mirrored = int(rng.integers(4)), bool(rng.integers(2))
    maps = (images[part], place.lai[d][part], place.usable[d][part])
    images, truth, usable = (_turned(tensor, turns, mirrored) for tensor in maps)
    return images[0], lags[0], present[0], truth, usable


def _turned(tensor: Tensor, turns: int, mirrored: bool) -> Tensor:
    turned = torch.rot90(tensor, turns, (-2, -1))
    return turned.flip(-1) if mirrored else turned


def step2_example(
    sources: list[list[Place]], predictions: list[list[Tensor]], i: int, rng: np.random.Generator
) -> tuple[Tensor, ...]:
    """Return reference, prediction on its day, prediction on the target's day, target and where that is usable."""
    source, p = _draw(sources, i, rng)
    place, predicted = sources[source][p], predictions[source][p]
    target = int(rng.integers(len(place.days)))
    lags = np.abs(place.days - place.days[target])
    far = lags[lags > int(rng.choice(GAPS_DAYS))]
    far = far if len(far) else lags[lags > 0]
    reference = int(rng.choice(np.flatnonzero(lags == far.min())))
    columns = (place.lai[reference], predicted[reference], predicted[target], place.lai[target], place.usable[target])
    # Where the reference is not usable, its prediction stands in, as in a composite of clear pixels.
    seen = torch.where(place.usable[reference], columns[0], columns[1])
    turns, mirrored = int(rng.integers(4)), bool(rng.integers(2))
    return tuple(_turned(tensor, turns, mirrored) for tensor in (seen, *columns[1:]))
