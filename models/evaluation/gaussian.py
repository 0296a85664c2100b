"""Gaussian processes of one pixel's series: of LAI alone, and of LAI and radar together.

All pixels of a site share hyperparameters, fitted by marginal likelihood on a sample of them; every pixel then has a
process of its own. With radar this is the multi-output process of Pipia et al. (2019), Remote Sensing of Environment
235, 111452, with Matérn kernels and backscatter instead of the radar vegetation index: our choices.
"""

from __future__ import annotations

from dataclasses import dataclass

import gpytorch
import numpy as np
import torch
from torch import Tensor

from models.radar import anomalies
from models.series import FloatArray, IntArray, ObservedLai, Site

REACH_DAYS = 90
"""Observations farther from the target day say nothing that nearer ones do not."""
SAMPLED, LEARNING_RATE = 16, 0.2
STEPS = {1: 60, 3: 25}
"""By number of outputs: a step of three costs ten times as much."""
PIXELS_AT_ONCE = 256
UNSEEN = 1e4
"""Noise variance of an absent observation: it says nothing, and all pixels have equally many."""
LAI_SCALE, DB_SCALE = 1.0, 2.0
"""About a standard deviation of each output within a season."""


@dataclass(frozen=True)
class _Data:
    """Observations of P pixels in N slots.

    Attributes:
        where: (N, 2) days from the target day / 100 and which output: 0 LAI, 1 VH, 2 VH - VV.
        values: (P, N) in units of the output's scale, LAI minus the pixel's mean; 0 where absent.
        there: (P, N) True where there is an observation.
        level: (P,) what was taken from LAI.
    """

    where: Tensor
    values: Tensor
    there: Tensor
    level: Tensor


class _Process(gpytorch.models.ExactGP):  # type: ignore[misc]
    """Matérn in time, times a covariance between outputs; the same hyperparameters for every pixel of the batch."""

    def __init__(self, outputs: int) -> None:
        super().__init__(None, None, gpytorch.likelihoods.GaussianLikelihood())
        self.time = gpytorch.kernels.MaternKernel(nu=1.5, active_dims=(0,))
        self.time.lengthscale = 0.4
        self.between = gpytorch.kernels.IndexKernel(num_tasks=outputs, rank=outputs)
        self.log_noise = torch.nn.Parameter(torch.full((outputs,), -1.0))

    def covariance(self, rows: Tensor, columns: Tensor) -> Tensor:
        """Return the (R, C) covariance between two sets of places, each (., 2)."""
        both = self.time(rows, columns) * self.between(rows[:, 1:].long(), columns[:, 1:].long())
        found: Tensor = both.to_dense()
        return found

    def factor(self, data: _Data) -> Tensor:
        """Return the Cholesky factor (P, N, N) of the observations' covariance."""
        noise = torch.where(data.there, self.log_noise.exp()[data.where[:, 1].long()], torch.tensor(UNSEEN))
        found: Tensor = torch.linalg.cholesky(self.covariance(data.where, data.where) + torch.diag_embed(noise))
        return found


def gaussian_process(site: Site, target_days: IntArray) -> FloatArray:
    """Return (D, H, W) LAI by a Gaussian process of LAI alone, m2/m2; NaN where a pixel was never seen."""
    return _estimate(site, target_days, with_radar=False)


def multi_output_gaussian_process(site: Site, target_days: IntArray) -> FloatArray:
    """Return (D, H, W) LAI by a Gaussian process of LAI, VH and VH - VV together, m2/m2."""
    return _estimate(site, target_days, with_radar=True)


def _estimate(site: Site, target_days: IntArray, *, with_radar: bool) -> FloatArray:
    height, width = site.observed.lai.shape[1:]
    maps = []
    for day in target_days:
        data = _data(site, int(day), with_radar=with_radar)
        process = _fitted(data, 3 if with_radar else 1)
        maps.append(_predict(process, data).reshape(height, width))
    return np.stack(maps)


def _data(site: Site, day: int, *, with_radar: bool) -> _Data:
    lai, days = _near(site.observed.lai, site.observed.days, day)
    level = np.nan_to_num(_mean(site.observed))
    columns, wheres = [(lai - level) / LAI_SCALE], [np.stack([(days - day) / 100, np.zeros(len(days))], axis=1)]
    if with_radar:
        radar = anomalies(site.radar)
        fine = np.where(radar.valid[:, None], radar.fine, np.nan)
        for output, channel in ((1, 1), (2, 2)):  # VH, VH - VV
            values, when = _near(fine[:, channel], radar.days, day)
            columns.append(values / DB_SCALE)
            wheres.append(np.stack([(when - day) / 100, np.full(len(when), output)], axis=1))
    series = np.concatenate(columns).reshape(sum(map(len, columns)), -1).T  # (P, N)
    there = torch.from_numpy(np.isfinite(series))
    observations = torch.from_numpy(np.nan_to_num(series).astype(np.float32))
    where = torch.from_numpy(np.concatenate(wheres).astype(np.float32))
    return _Data(where, observations, there, torch.from_numpy(level.reshape(-1)))


def _near(maps: FloatArray, days: IntArray, day: int) -> tuple[FloatArray, IntArray]:
    near = np.abs(days - day) <= REACH_DAYS
    return maps[near], days[near]


def _mean(observed: ObservedLai) -> FloatArray:
    """Return (H, W) the pixel's mean LAI; NaN where it was never seen."""
    seen = np.isfinite(observed.lai)
    count = seen.sum(axis=0)
    total = np.where(seen, observed.lai, 0).sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def _fitted(data: _Data, outputs: int) -> _Process:
    """Return the process whose hyperparameters make a sample of the pixels likeliest."""
    torch.manual_seed(0)
    process = _Process(outputs)
    sample = torch.randperm(len(data.values))[:SAMPLED]
    part = _Data(data.where, data.values[sample], data.there[sample], data.level[sample])
    optimizer = torch.optim.Adam(process.parameters(), LEARNING_RATE)
    for _ in range(STEPS[outputs]):
        optimizer.zero_grad()
        factor = process.factor(part)
        white = torch.linalg.solve_triangular(factor, part.values[:, :, None], upper=False)
        loss = (0.5 * (white**2).sum() + factor.diagonal(dim1=1, dim2=2).log().sum()) / part.there.sum()
        loss.backward()
        optimizer.step()
    return process


@torch.no_grad()
def _predict(process: _Process, data: _Data) -> FloatArray:
    """Return (P,) LAI on the target day."""
    cross = process.covariance(torch.zeros(1, 2), data.where)  # (1, N); days count from the target day
    parts = []
    for chosen in torch.split(torch.arange(len(data.values)), PIXELS_AT_ONCE):
        part = _Data(data.where, data.values[chosen], data.there[chosen], data.level[chosen])
        solved = torch.cholesky_solve(part.values[:, :, None], process.factor(part))[:, :, 0]
        parts.append(part.level + LAI_SCALE * (cross * part.there * solved).sum(dim=1))
    return torch.cat(parts).clamp(min=0).numpy()
