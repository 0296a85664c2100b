"""The worker's door to the science: observed LAI, then LAI on every target day with its sigma."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor

from models.area import NO_SCENES, AreaStatistics
from models.biophysical import observed_lai
from models.calibration import raw_sigma
from models.features import site_features
from models.inference import run, without_networks
from models.noise import observation_noise
from models.paper import PaperNetworks
from models.prior import temporal_prior
from models.progress import Progress, part_of, silent
from models.radar import anomalies
from models.series import FloatArray, IntArray, ObservedLai, OpticalSeries, Reconstruction, Site
from models.two_steps import TwoSteps
from models.weights import build_networks, find_weights

HALO_PX = 48
"""Pixels around a tile that its result depends on: kriging looks at 40 from a border on the lattice of blocks, local
offsets at 20 beyond step 1's 12 and step 2's 5; radar averages and edges, and the clouds' margin, take some 6 more. A
multiple of `own_scene.BLOCK_PX`, as tiles are: their lattices agree."""

Method = Literal["published", "adapted", "prior"]
"""Which LAI is delivered: by the published networks, by networks adapted to the AOI, or by the temporal prior alone."""


@dataclass(frozen=True)
class LaiReconstructor:
    """The networks and statistics of one job.

    Attributes:
        networks: of the model, in eval mode.
        statistics: of the AOI.
        sigma_factor: on raw sigma.
        method: which LAI is delivered.
        weights: name of the published set it started from.
        model: as ordered: "default", "prior", or one of `paper.PAPER_MODELS`.
        device: where the networks run.
    """

    networks: TwoSteps | PaperNetworks
    statistics: AreaStatistics
    sigma_factor: float
    method: Method
    weights: str
    model: str = "default"
    device: str = "cpu"

    @classmethod
    def load(cls, weights: str, model: str = "default", device: str = "cpu") -> LaiReconstructor:
        """Return a model with published weights that knows nothing of an AOI yet.

        Raises:
            WeightsError: there is no such set, or its file was tampered with.
        """
        found = find_weights(weights)
        method: Method = "prior" if model == "prior" else "published"
        factor = found.of(model).sigma_factor
        return cls(found.load(model).to(device), NO_SCENES, factor, method, weights, model, device)

    @classmethod
    def from_state(cls, state: bytes, device: str = "cpu") -> LaiReconstructor:
        """Return the reconstructor that `state` wrote."""
        tensors = load_tensors(state)
        facts = json.loads(bytes(tensors.pop("facts").numpy()).decode())
        mean, covariance = (tensors.pop(f"statistics.{key}").numpy() for key in ("mean", "covariance"))
        networks = build_networks(facts["model"])
        networks.load_state_dict(tensors)
        return cls(networks.eval().to(device), AreaStatistics(mean, covariance), device=device, **facts)

    def state(self) -> bytes:
        """Return everything a tile needs, as safetensors; the same state gives the same bytes."""
        tensors: dict[str, Tensor] = {k: v.cpu() for k, v in self.networks.state_dict().items()}
        for key, values in vars(self.statistics).items():
            tensors[f"statistics.{key}"] = torch.from_numpy(values)
        facts = {"sigma_factor": self.sigma_factor, "method": self.method, "weights": self.weights}
        facts["model"] = self.model
        tensors["facts"] = torch.tensor(list(json.dumps(facts, sort_keys=True).encode()), dtype=torch.uint8)
        return save_tensors(tensors)

    def with_statistics(self, statistics: AreaStatistics) -> LaiReconstructor:
        """Return the same networks for an area of other statistics."""
        return replace(self, statistics=statistics)

    def observe(self, optical: OpticalSeries) -> ObservedLai:
        """Return observed LAI of the usable pixels."""
        return observed_lai(optical)

    def noise_of_observation(self, lai: FloatArray) -> FloatArray:
        """Return sigma of an observed pixel: the noise of a single scene at that level of LAI, m2/m2."""
        return observation_noise(lai)

    def reconstruct(self, site: Site, target_days: IntArray, progress: Progress = silent) -> Reconstruction:
        """Return LAI on every target day and pixel, finite everywhere.

        Args:
            site: observed LAI and radar of a tile with its halo.
            target_days: (D,).
            progress: asked every second or so whether to go on.
        """
        radar = anomalies(site.radar)
        part = part_of(progress, 0.0, 0.3)
        prior = temporal_prior(site.observed, radar, target_days, self.statistics, progress=part)
        progress = part_of(progress, 0.3, 1.0)
        if self.method == "prior":
            predicted = prior.mean
            fused, told = without_networks(site_features(site.observed, radar), prior, target_days, progress)
        elif isinstance(self.networks, PaperNetworks):
            predicted, fused = self.networks.reconstruct(site, target_days, self.model, progress)
            told = None
        else:
            features = site_features(site.observed, radar)
            predicted, fused, told = run(self.networks, features, prior, target_days, progress)
        sigma = np.float32(self.sigma_factor) * raw_sigma(fused, prior.sd, told)
        days_to_clear = np.where(np.isfinite(site.observed.on(target_days)), 0, prior.brackets.days_to_other)
        return Reconstruction(target_days, prior.mean, predicted, fused, sigma, prior.sd, days_to_clear)
