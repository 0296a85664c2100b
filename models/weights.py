"""The published weights: which there are, what they saw in training, and loading them safely."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from safetensors.torch import load as load_tensors

from models.cnn_transformer import CnnTransformer
from models.edcstfn import Edcstfn
from models.paper import PAPER_MODELS, PaperNetworks
from models.two_steps import EXTRAS, TwoSteps

FOLDER = Path(__file__).parent / "published"
STEP2_WIDTHS = (16, 32, 64)
"""Half the width of the published EDCSTFN: a quarter of its cost, and no worse on hidden scenes of the training set."""


class WeightsError(ValueError):
    """Weights that cannot be used: unknown name, or a file that is not what was published."""


@dataclass(frozen=True)
class WeightsFile:
    """What one model of an order needs; the models of a family share a file.

    Attributes:
        file: name in `published/`.
        sha256: of the file.
        sigma_factor: on the model's raw sigma, from places and sites the weights never saw.
        recipe: how long and from which seed they were trained.
    """

    file: str
    sha256: str
    sigma_factor: float
    recipe: dict[str, Any]


@dataclass(frozen=True)
class PublishedWeights:
    """One published set.

    Attributes:
        name: as asked for in an order.
        trained_on: names of the places and simulations seen in training.
        boxes: west, south, east, north (degrees) of the real places seen in training.
        files: by model of an order.
    """

    name: str
    trained_on: tuple[str, ...]
    boxes: tuple[tuple[float, float, float, float], ...]
    files: dict[str, WeightsFile]

    def of(self, model: str) -> WeightsFile:
        """Return what a model of an order needs."""
        return self.files[model]

    def load(self, model: str = "default") -> TwoSteps | PaperNetworks:
        """Return a model's networks in eval mode, on the CPU.

        Raises:
            WeightsError: the file's sha256 is not the published one.
        """
        wanted = self.of(model)
        content = (FOLDER / wanted.file).read_bytes()
        found = hashlib.sha256(content).hexdigest()
        if found != wanted.sha256:
            raise WeightsError(f"weights {self.name!r}: {wanted.file} has sha256 {found}, published is {wanted.sha256}")
        networks = build_networks(model)
        networks.load_state_dict(load_tensors(content))
        return networks.eval()

    def saw(self, west: float, south: float, east: float, north: float) -> bool:
        """Return whether an area, degrees, touches one of the real training places."""
        return any(w <= east and west <= e and s <= north and south <= n for w, s, e, n in self.boxes)


def family(model: str) -> str:
    """Return which networks a model of an order is made of."""
    return "paper" if model in PAPER_MODELS else "default"


def build_networks(model: str = "default") -> TwoSteps | PaperNetworks:
    """Return a model's networks as the published weights expect them; untrained, the default ones return the prior."""
    return PaperNetworks() if family(model) == "paper" else build_two_steps()


def build_two_steps() -> TwoSteps:
    """Return the default networks; untrained, they return the prior."""
    return TwoSteps(CnnTransformer(), Edcstfn(STEP2_WIDTHS, EXTRAS, residual=True))


@cache
def published() -> dict[str, PublishedWeights]:
    """Return the published sets by name."""
    index: dict[str, dict[str, Any]] = json.loads((FOLDER / "index.json").read_text())
    return {
        name: PublishedWeights(
            name=name,
            trained_on=tuple(entry["trained_on"]),
            boxes=tuple(tuple(box) for box in entry["boxes"]),
            files={model: file for facts in entry["files"].values() for model, file in _by_model(**facts).items()},
        )
        for name, entry in index.items()
    }


def _by_model(sigma_factor: dict[str, float], **shared: Any) -> dict[str, WeightsFile]:  # noqa: ANN401 - from JSON
    """Return the facts of a family's file for each of its models."""
    return {model: WeightsFile(sigma_factor=factor, **shared) for model, factor in sigma_factor.items()}


def find_weights(name: str) -> PublishedWeights:
    """Return a published set.

    Raises:
        WeightsError: there is none of that name.
    """
    if name not in published():
        raise WeightsError(f"unknown weights {name!r}: choose one of {', '.join(sorted(published()))}")
    return published()[name]
