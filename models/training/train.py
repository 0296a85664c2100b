"""One recipe for all published sets: learn on simulated sites, then on simulated sites and real places together.

The first stage is shared, as it sees no real place; the sets differ in the real places of the second stage.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.bands import LAI_MAX
from models.calibration import fit_factor, raw_sigma
from models.episodes import Episodes, concatenate
from models.losses import apply, losses
from models.training.datasets import episodes_of, simulated_episodes, simulated_specs, turned
from models.training.descent import descend, say
from models.training.places import read_patch
from models.two_steps import TwoSteps
from models.weights import build_two_steps

SETS: dict[str, tuple[str, ...]] = {"release": ("a", "c"), "without-a": ("c",), "without-c": ("a",)}
"""Real places that each published set sees."""
MODELS = {"default": "fused", "prior": "prior"}
"""Models of these weights, and which estimate each delivers."""
BATCH = 16


@dataclass(frozen=True)
class Recipe:
    """How long to train.

    Attributes:
        sites: simulated sites.
        scenes: scenes drawn per simulated site.
        first_steps: gradient steps on simulated sites.
        second_steps: gradient steps with real places.
        learning_rate: of the first stage; the second uses a fifth of it: one real place more is soon known by heart.
        seed: everything random follows from it.
    """

    sites: int = 240
    scenes: int = 14
    first_steps: int = 1400
    second_steps: int = 120
    learning_rate: float = 1.5e-3
    seed: int = 2025


def train_sets(
    recipe: Recipe, names: Sequence[str], device: str = "cpu", processes: int = 1
) -> dict[str, tuple[TwoSteps, dict[str, float]]]:
    """Return trained networks and the sigma factor of each of their models by set name."""
    say(f"simulating {recipe.sites} sites")
    sites = simulated_episodes(simulated_specs(recipe.sites, recipe.seed), 2, recipe.seed, recipe.scenes, processes)
    held_out = max(1, recipe.sites // 10)
    simulated, unseen = concatenate(sites[held_out:]), concatenate(sites[:held_out])
    real = {place: episodes_of([read_patch(place)], 6, recipe.seed) for name in names for place in SETS[name]}
    say(f"{len(simulated)} episodes, {len(unseen)} held out")
    torch.manual_seed(recipe.seed)

    def on(sources: list[Episodes]) -> Callable[[TwoSteps, np.random.Generator], Tensor]:
        return lambda networks, rng: loss_on(networks, sources, rng, device)

    rate, steps = recipe.learning_rate, recipe.first_steps
    start = descend(build_two_steps().to(device), on([simulated]), steps, rate, recipe.seed)
    say(f"first stage done; simulated held-out sites: {_summary(start, unseen, device)}")
    trained = {}
    for name in names:
        places = [real[place] for place in SETS[name]]
        loss_of = on([simulated, *places])
        networks = descend(copy.deepcopy(start), loss_of, recipe.second_steps, rate / 5, recipe.seed + 1)
        say(f"{name}: {_summary(networks, unseen, device)}")
        trained[name] = networks.cpu().eval(), pooled_sigma_factors(start, [unseen, *places], device)
    return trained


def loss_on(networks: TwoSteps, sources: Sequence[Episodes], rng: np.random.Generator, device: str = "cpu") -> Tensor:
    """Return the loss of both steps on a batch drawn from the sources, turned and mirrored at random.

    Half of the batch comes from the first source, the others share the other half.
    """
    total = torch.zeros((), device=device)
    for source, index in _draw(sources, rng):
        batch = turned(source.pick(torch.from_numpy(index), device), int(rng.integers(4)), bool(rng.integers(2)))
        first, second = losses(networks, batch)
        total = total + (first + second) * (len(batch) / BATCH)
    return total


def _draw(sources: Sequence[Episodes], rng: np.random.Generator) -> list[tuple[Episodes, np.ndarray]]:
    """Return which examples of each source go into one step: places weigh the same, whatever their number of scenes."""
    if len(sources) == 1:
        return [(sources[0], rng.integers(0, len(sources[0]), BATCH))]
    share = BATCH // 2 // (len(sources) - 1)
    return [(s, rng.integers(0, len(s), BATCH // 2 if i == 0 else share)) for i, s in enumerate(sources)]


@torch.inference_mode()
def estimates(networks: TwoSteps, episodes: Episodes, device: str = "cpu") -> dict[str, np.ndarray]:
    """Return columns of the scored pixels of all examples, (N,): truth, prior, predicted, fused, `told` and sd.

    The prior is what `--model prior` delivers, moved as the day's own scene shows; sd is of the prior.
    """
    networks = networks.to(device).eval()
    columns: dict[str, list[np.ndarray]] = {k: [] for k in ("truth", "prior", "predicted", "fused", "told", "sd")}
    for index in torch.split(torch.arange(len(episodes)), BATCH):
        batch = episodes.pick(index, device)
        prior = torch.clamp(batch.day.mean + batch.day.shift, 0, LAI_MAX)
        maps = (batch.truth, prior, *apply(networks, batch), batch.day.told, batch.day.sd)
        for key, values in zip(columns, maps, strict=True):
            columns[key].append(values[batch.scored > 0].cpu().numpy())
    return {key: np.concatenate(parts) for key, parts in columns.items()}


def pooled_sigma_factors(networks: TwoSteps, unseen: Sequence[Episodes], device: str = "cpu") -> dict[str, float]:
    """Return each model's factor on raw sigma: the geometric mean over places that the networks never saw.

    Args:
        networks: after the first stage, which sees no real place; the published ones saw theirs, and would flatter.
        unseen: held-out simulated sites, then each real place of the set.
        device: where the networks run.
    """
    tables = [estimates(networks, episodes, device) for episodes in unseen]
    pooled = {}
    for model, column in MODELS.items():
        raw = [raw_sigma(table[column], table["sd"], table["told"]) for table in tables]
        factors = [fit_factor(t["truth"], t[column], sigma) for t, sigma in zip(tables, raw, strict=True)]
        say(f"  sigma factors of {model}: " + ", ".join(f"{factor:.2f}" for factor in factors))
        pooled[model] = float(np.exp(np.mean(np.log(factors))))
    return pooled


def _summary(networks: TwoSteps, unseen: Episodes, device: str) -> str:
    found = estimates(networks, unseen, device)
    rmse = {k: float(np.sqrt(np.mean((found[k] - found["truth"]) ** 2))) for k in ("prior", "predicted", "fused")}
    return "RMSE " + ", ".join(f"{k} {v:.3f}" for k, v in rmse.items())
