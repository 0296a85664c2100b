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
from models.two_steps import EXTRAS, TwoSteps

FOLDER = Path(__file__).parent / "published"
STEP2_WIDTHS = (16, 32, 64)
"""Half the width of the published EDCSTFN: a quarter of its cost, and no worse on hidden scenes of the training set."""


class WeightsError(ValueError):
    """Weights that cannot be used: unknown name, or a file that is not what was published."""


@dataclass(frozen=True)
class PublishedWeights:
    """One published set.

    Attributes:
        name: as asked for in an order.
        file: file name in `published/`.
        sha256: of the file.
        trained_on: names of the places and simulations seen in training.
        boxes: west, south, east, north (degrees) of the real places seen in training.
        sigma_factor: on raw sigma, from places and sites the weights never saw.
    """

    name: str
    file: str
    sha256: str
    trained_on: tuple[str, ...]
    boxes: tuple[tuple[float, float, float, float], ...]
    sigma_factor: float

    def load(self) -> TwoSteps:
        """Return the networks in eval mode, on the CPU.

        Raises:
            WeightsError: the file's sha256 is not the published one.
        """
        content = (FOLDER / self.file).read_bytes()
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            raise WeightsError(f"weights {self.name!r}: {self.file} has sha256 {found}, published is {self.sha256}")
        networks = build_networks()
        networks.load_state_dict(load_tensors(content))
        return networks.eval()

    def saw(self, longitude: float, latitude: float) -> bool:
        """Return whether a place lies in one of the real training places."""
        return any(w <= longitude <= e and s <= latitude <= n for w, s, e, n in self.boxes)


def build_networks() -> TwoSteps:
    """Return the networks as the published weights expect them; untrained, they return the prior."""
    return TwoSteps(CnnTransformer(), Edcstfn(STEP2_WIDTHS, EXTRAS, residual=True))


@cache
def published() -> dict[str, PublishedWeights]:
    """Return the published sets by name."""
    index: dict[str, dict[str, Any]] = json.loads((FOLDER / "index.json").read_text())
    return {
        name: PublishedWeights(
            name=name,
            file=entry["file"],
            sha256=entry["sha256"],
            trained_on=tuple(entry["trained_on"]),
            boxes=tuple(tuple(box) for box in entry["boxes"]),
            sigma_factor=entry["sigma_factor"],
        )
        for name, entry in index.items()
    }


def find_weights(name: str) -> PublishedWeights:
    """Return a published set.

    Raises:
        WeightsError: there is none of that name.
    """
    if name not in published():
        raise WeightsError(f"unknown weights {name!r}: choose one of {', '.join(sorted(published()))}")
    return published()[name]
