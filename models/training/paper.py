"""Train the paper's networks by the same recipe: simulated sites first, then simulated sites and real places together.

Step 2 must learn what step 1 is worth on land that it does not know, since that is what it meets in a job. So no
prediction that step 2 learns from comes from a step 1 that has seen the place: its simulated sites are others than
those of step 1, and a real place is predicted by a step 1 that saw only the other real places of the set.

Losses of EDCSTFN as published (Tan et al. 2019): MSE, MSE of the features of a frozen encoder, and 0.8 (1 - MS-SSIM);
each reference predicts by itself and the losses are averaged. Ours: AdamW with a cosine instead of a plateau schedule,
the encoder's autoencoder learns on simulated maps only, and the mean SSIM of two scales, 5 pixels wide: a window of
640 m has no room for the five scales of MS-SSIM.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from pytorch_msssim import ssim
from torch import Tensor, nn

from models.area import NO_SCENES
from models.bands import LAI_MAX
from models.calibration import fit_factor
from models.edcstfn import Edcstfn
from models.evaluation.hidden import estimate_hidden
from models.evaluation.report import DELIVERED, reconstruction
from models.evaluation.scenarios import GAP15, hide, scorable_scenes
from models.losses import HUBER
from models.paper import CHOSEN, PAPER_MODELS, PER_PIXEL, STEP1, PaperNetworks
from models.reconstruction import LaiReconstructor
from models.series import Site
from models.simulation.site import simulate
from models.training.datasets import simulated_specs
from models.training.descent import descend, say
from models.training.paper_examples import Place, draw_place, places_of, step1_example, step2_example
from models.training.places import read_patch

BATCH = 16
CROPS_PX = dict.fromkeys(STEP1, 16) | dict.fromkeys(PER_PIXEL, 8)
"""Networks of step 1 learn on crops: neighbours are nearly copies of one another, other scenes are not."""
SIGMA_EVERY = 3
"""Sigma is calibrated on every third clear scene of the unseen places."""
SSIM_SHARE, SSIM_WINDOW_PX = 0.8, 5


@dataclass(frozen=True)
class PaperRecipe:
    """How long to train; the second stage takes a third of the learning rate.

    Attributes:
        sites: simulated sites of step 1, the same as for the default networks; a tenth is held out.
        step2_sites: further simulated sites, of which step 1 never hears.
        first_steps: gradient steps of each network on simulated sites.
        second_steps: gradient steps of each network with real places.
        learning_rate: of the first stage.
        seed: everything random follows from it.
    """

    sites: int = 240
    step2_sites: int = 120
    first_steps: int = 1400
    second_steps: int = 120
    learning_rate: float = 1e-3
    seed: int = 2025


@dataclass(frozen=True)
class Land:
    """Simulated sites by what they are for; none serves two ends."""

    unseen: list[Site]
    step1: list[Place]
    step2: list[Place]


def simulated_land(recipe: PaperRecipe) -> Land:
    """Return the simulated sites of a recipe."""
    sites = [simulate(spec).site() for spec in simulated_specs(recipe.sites, recipe.seed)]
    others = (simulate(spec).site() for spec in simulated_specs(recipe.step2_sites, recipe.seed + 7))
    held_out = max(1, recipe.sites // 10)
    return Land(sites[:held_out], places_of(sites[held_out:]), places_of(others))


def train_paper(
    recipe: PaperRecipe, sets: dict[str, tuple[str, ...]], device: str = "cpu"
) -> dict[str, tuple[PaperNetworks, dict[str, float]]]:
    """Return the paper's networks, on the CPU, and the sigma factor of each of its models, by set name.

    Args:
        recipe: how long.
        sets: by set name, the real places it sees.
        device: where the networks learn.
    """
    say(f"paper: simulating {recipe.sites} + {recipe.step2_sites} sites")
    land = simulated_land(recipe)
    real = {name: read_patch(name) for name in sorted({place for places in sets.values() for place in places})}
    start, encoder = first_stage(recipe, land, device)
    say("paper: sigma factors")
    on_simulated = sigma_factors(start, land.unseen)
    on_real = {name: sigma_factors(start, [site]) for name, site in real.items()}
    second = _SecondStage(recipe, land, {name: places_of([site]) for name, site in real.items()}, start, encoder)
    trained = {}
    for name, places in sets.items():
        say(f"paper, {name}: with real places")
        networks = second.networks(places)
        factors = _geometric_means([on_simulated, *(on_real[place] for place in places)])
        say("  sigma factors " + ", ".join(f"{model} {factor:.2f}" for model, factor in factors.items()))
        trained[name] = copy.deepcopy(networks).cpu().eval(), factors
    return trained


def first_stage(
    recipe: PaperRecipe, land: Land, device: str = "cpu", names: Sequence[str] = tuple(STEP1)
) -> tuple[PaperNetworks, nn.Module]:
    """Return networks that know simulated land alone, and the encoder in which step 2 compares features.

    Args:
        recipe: how long.
        land: what to learn from.
        device: where the networks learn.
        names: networks of step 1 to train; without the chosen one step 2 learns nothing of use.
    """
    torch.manual_seed(recipe.seed)
    networks = PaperNetworks().to(device)
    encoder = _encoder([land.step2], recipe.first_steps // 2, recipe.seed, device)
    rate, steps = recipe.learning_rate, recipe.first_steps
    for name in names:
        networks.step1[name] = train_step1(name, networks.step1[name], [land.step1], steps, rate, recipe.seed)
    known = [predictions_of(networks.step1[CHOSEN], land.step2)]
    networks.step2 = train_step2(networks.step2, encoder, [land.step2], known, steps, rate, recipe.seed)
    return networks, encoder


@dataclass(frozen=True)
class _SecondStage:
    """Goes on with real places, from networks that know simulated land alone.

    Attributes:
        recipe: how long.
        land: the simulated half of what is learnt from.
        real: places by name.
        start: networks of the first stage.
        encoder: that of the first stage.
        trained: networks of step 1 by their name and the real places they have seen.
    """

    recipe: PaperRecipe
    land: Land
    real: dict[str, list[Place]]
    start: PaperNetworks
    encoder: nn.Module
    trained: dict[tuple[str, tuple[str, ...]], nn.Module] = field(default_factory=dict)

    def networks(self, places: tuple[str, ...]) -> PaperNetworks:
        """Return all networks, having seen these real places."""
        networks = copy.deepcopy(self.start)
        for name in STEP1:
            networks.step1[name] = self._step1(name, places)
        known = [predictions_of(self._step1(CHOSEN, places), self.land.step2)]
        for place in places:
            others = tuple(other for other in places if other != place)
            known.append(predictions_of(self._step1(CHOSEN, others), self.real[place]))
        sources = self._with(self.land.step2, places)
        networks.step2 = train_step2(networks.step2, self.encoder, sources, known, *self._pace())
        return networks

    def _step1(self, name: str, places: tuple[str, ...]) -> nn.Module:
        if not places:
            return self.start.step1[name]
        if (name, places) not in self.trained:
            network = copy.deepcopy(self.start.step1[name])
            sources = self._with(self.land.step1, places)
            self.trained[name, places] = train_step1(name, network, sources, *self._pace())
        return self.trained[name, places]

    def _with(self, simulated: list[Place], places: tuple[str, ...]) -> list[list[Place]]:
        return [simulated, *(self.real[place] for place in places)]

    def _pace(self) -> tuple[int, float, int]:
        """Return steps, learning rate and seed."""
        return self.recipe.second_steps, self.recipe.learning_rate / 3, self.recipe.seed + 1


def train_step1(
    name: str, network: nn.Module, sources: list[list[Place]], steps: int, rate: float, seed: int
) -> nn.Module:
    """Return a network of step 1 after learning from the clear scenes of the sources."""
    say(name)
    return descend(network, partial(step1_loss, sources=sources, crop_px=CROPS_PX[name]), steps, rate, seed)


def train_step2(
    network: Edcstfn,
    encoder: nn.Module,
    sources: list[list[Place]],
    predictions: list[list[Tensor]],
    steps: int,
    rate: float,
    seed: int,
) -> Edcstfn:
    """Return EDCSTFN after learning from pairs of clear scenes and what step 1 says of their days."""
    say("EDCSTFN")
    loss_of = partial(step2_loss, encoder=encoder, sources=sources, predictions=predictions)
    return descend(network, loss_of, steps, rate, seed)


def sigma_factors(networks: PaperNetworks, unseen: Sequence[Site]) -> dict[str, float]:
    """Return the factor on raw sigma of each model, from hidden days of sites that the networks never saw.

    Raises:
        ValueError: no day of these sites can be hidden.
    """
    hidings = (
        hide(site, scene, GAP15, np.random.default_rng(0))
        for site in unseen
        for scene in scorable_scenes(site.observed)[::SIGMA_EVERY]
    )
    cases = [case for case in hidings if case is not None]
    factors = {}
    for model in PAPER_MODELS:
        raw = LaiReconstructor(networks.eval(), NO_SCENES, 1.0, "published", "", model)
        hidden = estimate_hidden(cases, [reconstruction(raw)])
        if hidden is None:
            raise ValueError("no day to fit sigma on: simulate more sites")
        fused = hidden.estimates[DELIVERED]
        factors[model] = fit_factor(hidden.truth, fused.lai, np.asarray(fused.sigma))
    return factors


def _geometric_means(of_places: Sequence[dict[str, float]]) -> dict[str, float]:
    """Return each model's factor over places; simulated land counts as one of them."""
    return {model: float(np.exp(np.mean([np.log(factors[model]) for factors in of_places]))) for model in of_places[0]}


def step1_loss(network: nn.Module, rng: np.random.Generator, sources: list[list[Place]], crop_px: int) -> Tensor:
    """Return the Huber loss of a network of step 1 on clear scenes drawn from the sources."""
    batch = [step1_example(draw_place(sources, i, rng), rng, crop_px) for i in range(BATCH)]
    images, lags, present, truth, usable = _columns(batch, _device(network))
    estimate = network(images, lags, present)[:, 0]
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
    reference, expected, predicted, truth, usable = _columns(batch, _device(network))
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


def _columns(batch: Sequence[tuple[Tensor, ...]], device: torch.device) -> list[Tensor]:
    return [torch.stack(column).to(device) for column in zip(*batch, strict=True)]


def _device(network: nn.Module) -> torch.device:
    return next(network.parameters()).device


@torch.no_grad()
def predictions_of(network: nn.Module, places: Sequence[Place]) -> list[Tensor]:
    """Return LAI / 8 (D, H, W) of step 1 on the clear days of each place, on the CPU."""
    device = _device(network)

    def on(place: Place, d: int) -> Tensor:
        found: Tensor = network(*(tensor.to(device) for tensor in place.levels.day(d)))
        return found[:, 0].clamp(0, 1).cpu()

    return [torch.cat([on(place, d) for d in range(len(place.days))]) for place in places]


def _encoder(sources: list[list[Place]], steps: int, seed: int, device: str) -> nn.Module:
    """Return the frozen encoder of an autoencoder of LAI maps, in which features are compared."""
    torch.manual_seed(seed)
    autoencoder = _Autoencoder().to(device)

    def loss_of(network: _Autoencoder, rng: np.random.Generator) -> Tensor:
        places = [draw_place(sources, i, rng) for i in range(BATCH)]
        maps = torch.stack([place.lai[int(rng.integers(len(place.days)))] for place in places])[:, None].to(device)
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
