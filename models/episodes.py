"""Synthetic gaps as training examples: a hidden clear scene, and everything the networks may see of it.

The same episodes train the published weights and adapt them to an AOI.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from models.area import area_statistics
from models.evaluation.scenarios import HeldOut, Scenario, hide, scorable_scenes
from models.features import DayFeatures, day_features, site_features
from models.prior import temporal_prior
from models.radar import RadarAnomalies, anomalies
from models.series import Site

STORED = torch.float16
"""Thousands of episodes are kept in memory; features are rounded far below their noise."""


@dataclass(frozen=True)
class Episodes:
    """E examples of one size.

    Attributes:
        day: features of the hidden days, stacked over E.
        images: (E, N, 6, H, W) the radar dates around each day.
        truth: (E, 1, H, W) m2/m2; 0 where not scored.
        scored: (E, 1, H, W) 1 where the example counts.
    """

    day: DayFeatures
    images: Tensor
    truth: Tensor
    scored: Tensor

    def __len__(self) -> int:
        """Return E."""
        return len(self.truth)

    def arrays(self) -> dict[str, np.ndarray]:
        """Return everything as arrays by name, to be sent or stored."""
        rest = {name: getattr(self, name).numpy() for name in ("images", "truth", "scored")}
        return rest | {f.name: getattr(self.day, f.name).numpy() for f in fields(DayFeatures)}

    @classmethod
    def from_arrays(cls, arrays: dict[str, np.ndarray]) -> Episodes:
        """Return what `arrays` took apart."""
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
        rest = {name: tensors.pop(name) for name in ("images", "truth", "scored")}
        return cls(day=DayFeatures(**tensors), **rest)

    def pick(self, index: Tensor, device: torch.device | str = "cpu") -> Episodes:
        """Return some of the examples in full precision, on a device."""

        def take(tensor: Tensor) -> Tensor:
            picked = tensor[index].to(device)
            return picked.float() if picked.is_floating_point() else picked

        day = DayFeatures(**{f.name: take(getattr(self.day, f.name)) for f in fields(DayFeatures)})
        return Episodes(day, take(self.images), take(self.truth), take(self.scored))


def episode(held_out: HeldOut, radar: RadarAnomalies | None = None) -> Episodes:
    """Return one example (E = 1) from a held-out scene.

    Args:
        held_out: the scene and what is visible of its site.
        radar: the site's anomalies, where they are known already: no radar is ever hidden.
    """
    radar = radar or anomalies(held_out.site.radar)
    statistics = area_statistics([held_out.site], [radar])
    days = np.array([held_out.day], np.int32)
    site = site_features(held_out.site.observed, radar)
    day = day_features(site, days, temporal_prior(held_out.site.observed, radar, days, statistics))
    index = day.token_index[0]
    images = (
        site.images[index.clamp(min=0).long()] if len(site.images) else torch.zeros(len(index), *site.images.shape[1:])
    )
    scored = torch.from_numpy(held_out.scored[None, None].astype(np.float32))
    truth = torch.from_numpy(np.where(held_out.scored, held_out.truth, 0)[None, None].astype(np.float32))
    return _stored(Episodes(day, images[None], truth, scored))


def concatenate(parts: Sequence[Episodes]) -> Episodes:
    """Return all examples as one; they must agree in size."""
    day = {f.name: torch.cat([getattr(part.day, f.name) for part in parts]) for f in fields(DayFeatures)}
    rest = (torch.cat([getattr(part, name) for part in parts]) for name in ("images", "truth", "scored"))
    return Episodes(DayFeatures(**day), *rest)


def draw_episodes(
    site: Site, scenarios: Sequence[Scenario], per_scene: int, rng: np.random.Generator, most: int | None = None
) -> list[Episodes]:
    """Return examples from a site: every scorable scene, hidden in randomly drawn ways.

    Args:
        site: a square of ground.
        scenarios: drawn from, evenly.
        per_scene: examples from each scene.
        rng: of the draws.
        most: at most so many scenes, drawn without repeating.
    """
    scenes = scorable_scenes(site.observed)
    if most is not None and len(scenes) > most:
        scenes = sorted(int(s) for s in rng.choice(scenes, most, replace=False))
    found = []
    radar = anomalies(site.radar)
    for index in scenes:
        chosen = rng.choice(len(scenarios), min(per_scene, len(scenarios)), replace=False)
        cases = (hide(site, index, scenarios[c], rng) for c in chosen)
        found += [episode(case, radar) for case in cases if case is not None]
    return found


def _stored(parts: Episodes) -> Episodes:
    def shrink(tensor: Tensor) -> Tensor:
        return tensor.to(STORED) if tensor.is_floating_point() else tensor

    day = DayFeatures(**{f.name: shrink(getattr(parts.day, f.name)) for f in fields(DayFeatures)})
    return Episodes(day, shrink(parts.images), shrink(parts.truth), shrink(parts.scored))
