"""Train the paper's networks by the same recipe: simulated sites first, then simulated sites and real places together.

Losses of EDCSTFN as published (Tan et al. 2019): MSE, MSE of the features of a frozen encoder, and 0.8 (1 - MS-SSIM);
each reference predicts by itself and the losses are averaged. Ours: AdamW with a cosine instead of a plateau schedule,
and the mean SSIM of two scales, 5 pixels wide: a window of 640 m has no room for the five scales of MS-SSIM.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from pytorch_msssim import ssim
from torch import Tensor, nn

from models.bands import LAI_MAX
from models.calibration import fit_factor
from models.edcstfn import Edcstfn
from models.evaluation.hidden import estimate_hidden
from models.evaluation.report import DELIVERED, reconstruction
from models.evaluation.scenarios import GAP15, hide, scorable_scenes
from models.losses import HUBER
from models.paper import CHOSEN, PER_PIXEL, STEP1, PaperNetworks
from models.reconstruction import NO_SCENES, LaiReconstructor
from models.series import Site
from models.simulation.site import simulate
from models.training.datasets import simulated_specs
from models.training.descent import descend, say
from models.training.paper_examples import Place, draw_place, places_of, step1_example, step2_example
from models.training.places import read_patch

BATCH, CROP_PX = 16, 8
"""Networks of single pixels learn on crops: neighbours are nearly copies of one another."""
SIGMA_EVERY = 3
"""Sigma is calibrated on every third clear scene of the unseen places."""
SSIM_SHARE, SSIM_WINDOW_PX = 0.8, 5


@dataclass(frozen=True)
class PaperRecipe:
    """How long to train; the second stage takes a third of the learning rate."""

    sites: int = 120
    unseen: int = 8
    first_steps: int = 350
    second_steps: int = 100
    learning_rate: float = 1e-3
    seed: int = 2025


def train_paper(recipe: PaperRecipe, sets: dict[str, tuple[str, ...]]) -> dict[str, tuple[PaperNetworks, float]]:
    """Return the paper's networks and sigma factor by set name.

    Args:
        recipe: how long.
        sets: by set name, the real places it sees.
    """
    say(f"paper: simulating {recipe.sites} sites")
    specs = simulated_specs(recipe.sites, recipe.seed + 7)
    sites = [simulate(spec).site() for spec in specs]
    unseen, simulated = sites[: recipe.unseen], places_of(sites[recipe.unseen :])
    real = {name: read_patch(name) for name in sorted({place for places in sets.values() for place in places})}
    torch.manual_seed(recipe.seed)
    start = PaperNetworks()
    _train(start, [simulated], recipe.first_steps, recipe.learning_rate, recipe.seed)
    trained = {}
    for name, places in sets.items():
        say(f"paper, {name}: with real places")
        networks = copy.deepcopy(start)
        sources = [simulated, *(places_of([real[place]]) for place in places)]
        _train(networks, sources, recipe.second_steps, recipe.learning_rate / 3, recipe.seed + 1)
        factor = _sigma_factor(start, [*unseen, *(real[place] for place in places)])
        say(f"paper, {name}: sigma factor {factor:.2f}")
        trained[name] = networks.eval(), factor
    return trained


def _sigma_factor(networks: PaperNetworks, unseen: Sequence[Site]) -> float:
    """Return the factor on raw sigma: the geometric mean over places that the networks never saw."""
    model = LaiReconstructor(networks.eval(), NO_SCENES, 1.0, "published", "", "paper")
    factors = []
    for site in unseen:
        scenes = scorable_scenes(site.observed)[::SIGMA_EVERY]
        cases = [hide(site, scene, GAP15, np.random.default_rng(0)) for scene in scenes]
        hidden = estimate_hidden([case for case in cases if case is not None], [reconstruction(model)])
        if hidden is not None:
            fused = hidden.estimates[DELIVERED]
            factors.append(fit_factor(hidden.truth, fused.lai, np.asarray(fused.sigma)))
    return float(np.exp(np.mean(np.log(factors))))


def _train(networks: PaperNetworks, sources: list[list[Place]], steps: int, rate: float, seed: int) -> None:
    """Train every network of the paper in place; step 2 learns on the predictions of the trained step 1."""
    for name in STEP1:
        say(f"{name}")
        loss_of = partial(step1_loss, sources=sources, crop_px=CROP_PX if name in PER_PIXEL else None)
        networks.step1[name] = descend(networks.step1[name], loss_of, steps, rate, seed)
    say("EDCSTFN")
    predictions = [[_predictions(networks.step1[CHOSEN], place) for place in places] for places in sources]
    encoder = _encoder(sources, max(50, steps // 2), seed)
    loss = partial(step2_loss, encoder=encoder, sources=sources, predictions=predictions)
    networks.step2 = descend(networks.step2, loss, steps, rate, seed)


def step1_loss(network: nn.Module, rng: np.random.Generator, sources: list[list[Place]], crop_px: int | None) -> Tensor:
    """Return the Huber loss of a network of step 1 on clear scenes drawn from the sources."""
    batch = [step1_example(draw_place(sources, i, rng), rng, crop_px) for i in range(BATCH)]
    images, lags, present, truth, usable = (torch.stack(column) for column in zip(*batch, strict=True))
    estimate = network(images.float(), lags, present)[:, 0]
    error = nn.functional.smooth_l1_loss(estimate, truth, reduction="none", beta=HUBER / LAI_MAX)
    loss: Tensor = LAI_MAX * (error * usable).sum() / usable.sum().clamp(min=1)
    return loss


def step2_loss(
    network: Edcstfn,
    rng: np.random.Generator,
    encoder: nn.Module,
    sources: list[list[Place]],
    predictions: list[list[Tensor]],
) -> Tensor:
    """Return the published loss of EDCSTFN, averaged over single references."""
    batch = [step2_example(sources, predictions, i, rng) for i in range(BATCH // 2)]
    reference, expected, predicted, truth, usable = (torch.stack(column) for column in zip(*batch, strict=True))
    fused = network(reference[:, None], expected[:, None], predicted[:, None])
    filled = torch.where(usable[:, None], truth[:, None], fused.detach())  # what cannot be known costs nothing
    mse = ((fused - filled) ** 2).mean()
    features = ((encoder(fused) - encoder(filled)) ** 2).mean()
    loss: Tensor = mse + features + SSIM_SHARE * (1 - _likeness(fused.clamp(0, 1), filled.clamp(0, 1)))
    return loss


def _likeness(one: Tensor, other: Tensor) -> Tensor:
    """Return the structural similarity of maps in 0..1, the mean over two scales."""
    halves = (nn.functional.avg_pool2d(maps, 2) for maps in (one, other))
    scales: list[Tensor] = [ssim(*pair, data_range=1.0, win_size=SSIM_WINDOW_PX) for pair in ((one, other), halves)]
    return torch.stack(scales).mean()


@torch.no_grad()
def _predictions(network: nn.Module, place: Place) -> Tensor:
    """Return LAI / 8 (D, H, W) of step 1 on a place's clear days."""
    days = (place.levels.day(d) for d in range(len(place.days)))
    maps = [network(images.float(), lags, present)[:, 0] for images, lags, present in days]
    return torch.cat(maps).clamp(0, 1)


def _encoder(sources: list[list[Place]], steps: int, seed: int) -> nn.Module:
    """Return the frozen encoder of an autoencoder of LAI maps, in which features are compared."""
    torch.manual_seed(seed)
    autoencoder = _Autoencoder()

    def loss_of(network: _Autoencoder, rng: np.random.Generator) -> Tensor:
        places = [draw_place(sources, i, rng) for i in range(BATCH)]
        maps = torch.stack([place.lai[int(rng.integers(len(place.days)))] for place in places])[:, None]
        loss: Tensor = ((network(maps) - maps) ** 2).mean()
        return loss

    encoder = descend(autoencoder, loss_of, steps, 1e-3, seed).encoder
    return encoder.requires_grad_(False)


class _Autoencoder(nn.Module):
    """Encoder and decoder as in EDCSTFN, for one map."""

    def __init__(self) -> None:
        super().__init__()
        like = Edcstfn()
        self.encoder, self.decoder = like.fine, like.decoder

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps (B, 1, H, W) as they come back from their features."""
        return self.decoder(self.encoder(maps))  # type: ignore[no-any-return]
