"""Gaussian processes of one pixel's series: of LAI alone, and of LAI and radar together.

All pixels of a site share hyperparameters; every pixel then has a process of its own. Of LAI alone, marginal likelihood
on a site overfits (its pixels err together, scene by scene), so that processes of several lengths and noises are
averaged instead, by how well each predicts left-out scenes of the site across a gap as wide as the target day's own.
With radar this is the multi-output process of Pipia et al. (2019), Remote Sensing of Environment 235, 111452, with
Matérn kernels and backscatter instead of the radar vegetation index: our choices.
"""

from __future__ import annotations

from dataclasses import dataclass

import gpytorch
import numpy as np
import torch
from torch import Tensor

from models.brackets import find_brackets
from models.radar import anomalies
from models.series import BoolArray, FloatArray, IntArray, ObservedLai, Site

REACH_DAYS = 90
"""Observations farther from the target day say nothing that nearer ones do not."""
LENGTHS_DAYS = (12.0, 20.0, 35.0, 60.0, 100.0)
NOISES = (0.15, 0.25, 0.4)
"""Standard deviation of a scene's noise in units of the process's own: only their ratio moves the estimate."""
LEFT_OUT_SCENES, LEFT_OUT_PIXELS = 16, 64
MIN_SEEN = 0.3
"""Share of pixels that a scene must show to be left out in its turn."""
FITTED_PIXELS, LEARNING_RATE, STEPS = 16, 0.2, 25
"""Of the multi-output process, by marginal likelihood: leaving scenes out would cost minutes a day."""
PIXELS_AT_ONCE = 128
UNSEEN = 1e4
"""Noise variance of an absent observation: it says nothing, and all pixels have equally many."""
DAYS_SCALE, DB_SCALE = 100.0, 2.0
"""Days and decibels that count as one; m2/m2 stay as they are."""


@dataclass(frozen=True)
class _Data:
    """Observations of P pixels in N slots.

    Attributes:
        where: (N, 2) days from the target day / 100 and which output: 0 LAI, 1 VH, 2 VH - VV.
        values: (P, N) LAI minus the pixel's mean, and backscatter in units of its scale; 0 where absent.
        there: (P, N) True where there is an observation.
        level: (P,) what was taken from LAI; NaN where the pixel was never seen.
    """

    where: Tensor
    values: Tensor
    there: Tensor
    level: Tensor

    def of(self, pixels: Tensor) -> _Data:
        """Return the data of some pixels."""
        return _Data(self.where, self.values[pixels], self.there[pixels], self.level[pixels])


@dataclass(frozen=True)
class _Covariance:
    """Of G processes that share nothing but the data, as they are needed for one target day.

    Attributes:
        gram: (G, 1, N, N) between observations, without noise.
        cross: (G, 1, 1, N) between the target and the observations.
        noise: (G, 1, N) variance of each observation.
    """

    gram: Tensor
    cross: Tensor
    noise: Tensor


def gaussian_process(site: Site, target_days: IntArray) -> FloatArray:
    """Return (D, H, W) LAI by Gaussian processes of LAI alone, m2/m2; NaN where a pixel was never seen."""
    observed = site.observed
    lai, shape = _flat(observed.lai), observed.lai.shape[1:]
    maps = []
    for day in target_days:
        data = _data(lai, observed.days, int(day))
        trust = _trust(lai, observed.days, int(day), _gap(observed, int(day)))
        maps.append((trust @ _predict(_grid(data), data)).clamp(min=0).numpy().reshape(shape))
    return np.stack(maps)


def multi_output_gaussian_process(site: Site, target_days: IntArray) -> FloatArray:
    """Return (D, H, W) LAI by a Gaussian process of LAI, VH and VH - VV together, m2/m2."""
    observed, radar = site.observed, anomalies(site.radar)
    backscatter = np.asarray(np.where(radar.valid[:, None], radar.fine, np.nan) / DB_SCALE, np.float32)
    channels = [(_flat(backscatter[:, channel]), radar.days) for channel in (1, 2)]  # VH, VH - VV
    maps = []
    for day in target_days:
        data = _data(_flat(observed.lai), observed.days, int(day), channels)
        found = _predict(_fitted(data, 1 + len(channels)).covariance(data), data)[0]
        maps.append(found.clamp(min=0).numpy().reshape(observed.lai.shape[1:]))
    return np.stack(maps)


def _flat(maps: FloatArray) -> FloatArray:
    return maps.reshape(len(maps), -1)


def _data(lai: FloatArray, days: IntArray, day: int, others: list[tuple[FloatArray, IntArray]] | None = None) -> _Data:
    """Return what lies near a day: LAI (T, P) on its days, and other outputs on theirs."""
    seen = np.isfinite(lai)
    count = seen.sum(axis=0)
    level = np.where(count > 0, np.where(seen, lai, 0).sum(axis=0) / np.maximum(count, 1), np.nan).astype(np.float32)
    columns, wheres = [], []
    for output, (values, when) in enumerate([(lai - level, days), *(others or [])]):
        near = (np.abs(when - day) <= REACH_DAYS) & np.isfinite(values).any(axis=1)
        columns.append(values[near])
        wheres.append(np.stack([(when[near] - day) / DAYS_SCALE, np.full(near.sum(), output)], axis=1))
    series = torch.from_numpy(np.concatenate(columns).T.astype(np.float32))  # (P, N)
    where = torch.from_numpy(np.concatenate(wheres).astype(np.float32))
    return _Data(where, torch.nan_to_num(series), torch.isfinite(series), torch.from_numpy(level))


def _grid(data: _Data) -> _Covariance:
    """Return the processes of every length and noise; the target day counts as 0."""
    lengths, noises = torch.meshgrid(torch.tensor(LENGTHS_DAYS), torch.tensor(NOISES), indexing="ij")
    kernel = gpytorch.kernels.MaternKernel(nu=1.5, batch_shape=torch.Size((lengths.numel(), 1)))
    kernel.lengthscale = lengths.reshape(-1, 1, 1, 1) / DAYS_SCALE
    days = data.where[:, :1]
    with torch.no_grad():
        gram, cross = kernel(days, days).to_dense(), kernel(torch.zeros(1, 1), days).to_dense()
    return _Covariance(gram, cross, noises.reshape(-1, 1, 1) ** 2)


def _gap(observed: ObservedLai, day: int) -> int:
    """Return the days on either side of the target day on which the median pixel shows nothing."""
    nearest = find_brackets(observed.lai, observed.days, np.array([day], np.int32)).days_to_other[0]
    return int(np.median(nearest[nearest >= 0])) - 1 if (nearest >= 0).any() else 0


def _trust(lai: FloatArray, days: IntArray, day: int, gap: int) -> Tensor:
    """Return (G,) the share of each process of the grid in the estimate: its likelihood on left-out scenes.

    A scene counts as one draw, since its pixels err together: over S scenes the likelihood is MSE^(-S/2). Each is
    predicted without the scenes within `gap` days of it.
    """
    seen = np.flatnonzero(np.isfinite(lai).any(axis=0))
    pixels = np.random.default_rng(day).permutation(seen)[:LEFT_OUT_PIXELS]
    sample = lai[:, pixels]
    errors = []
    for scene in _scenes(np.isfinite(sample).mean(axis=1) >= MIN_SEEN, days, gap):
        visible = np.where((np.abs(days - days[scene]) <= gap)[:, None], np.float32(np.nan), sample)
        data = _data(visible, days, int(days[scene]))
        error = _predict(_grid(data), data) - torch.from_numpy(sample[scene])
        errors.append((error**2).nanmean(dim=1))
    count = len(LENGTHS_DAYS) * len(NOISES)
    if not errors:
        return torch.full((count,), 1 / count)
    return torch.softmax(-0.5 * len(errors) * torch.stack(errors).mean(dim=0).log(), dim=0)


def _scenes(usable: BoolArray, days: IntArray, gap: int) -> IntArray:
    """Return the indices of scenes to be left out: spread over time, each with a usable scene on either side."""
    when = days[usable]
    enclosed = (days - gap > when.min(initial=days[-1])) & (days + gap < when.max(initial=days[0]))
    found = np.flatnonzero(usable & enclosed)
    spread = np.linspace(0, len(found) - 1, min(len(found), LEFT_OUT_SCENES)).round()
    return np.asarray(found[spread.astype(int)], np.int32)


@torch.no_grad()
def _predict(covariance: _Covariance, data: _Data) -> Tensor:
    """Return (G, P) LAI on the target day."""
    parts = []
    for chosen in torch.split(torch.arange(len(data.values)), PIXELS_AT_ONCE):
        part = data.of(chosen)
        solved = torch.cholesky_solve(part.values[:, :, None], _factor(covariance.gram, covariance.noise, part))
        parts.append(part.level + (covariance.cross[:, :, 0] * part.there * solved[..., 0]).sum(dim=-1))
    return torch.cat(parts, dim=1)


def _factor(gram: Tensor, noise: Tensor, data: _Data) -> Tensor:
    """Return the Cholesky factor (G, P, N, N) of the observations' covariance."""
    variance = torch.where(data.there, noise, torch.tensor(UNSEEN))
    found: Tensor = torch.linalg.cholesky(gram + torch.diag_embed(variance))
    return found


class _Process(gpytorch.models.ExactGP):  # type: ignore[misc]
    """Matérn in time, times a covariance between outputs; the same hyperparameters for every pixel of the batch."""

    def __init__(self, outputs: int) -> None:
        super().__init__(None, None, gpytorch.likelihoods.GaussianLikelihood())
        self.time = gpytorch.kernels.MaternKernel(nu=1.5, active_dims=(0,))
        self.time.lengthscale = 0.4
        self.between = gpytorch.kernels.IndexKernel(num_tasks=outputs, rank=outputs)
        self.log_noise = torch.nn.Parameter(torch.full((outputs,), -1.0))

    def covariance(self, data: _Data) -> _Covariance:
        """Return the one process (G = 1) on the data."""
        rows, noise = data.where, self.log_noise.exp()[data.where[:, 1].long()]
        return _Covariance(
            self._between(rows, rows)[None, None], self._between(torch.zeros(1, 2), rows)[None, None], noise[None, None]
        )

    def _between(self, rows: Tensor, columns: Tensor) -> Tensor:
        both = self.time(rows, columns) * self.between(rows[:, 1:].long(), columns[:, 1:].long())
        found: Tensor = both.to_dense()
        return found


def _fitted(data: _Data, outputs: int) -> _Process:
    """Return the process whose hyperparameters make a sample of the pixels likeliest."""
    torch.manual_seed(0)
    process = _Process(outputs)
    part = data.of(torch.randperm(len(data.values))[:FITTED_PIXELS])
    optimizer = torch.optim.Adam(process.parameters(), LEARNING_RATE)
    for _ in range(STEPS):
        optimizer.zero_grad()
        covariance = process.covariance(part)
        factor = _factor(covariance.gram, covariance.noise, part)[0]
        white = torch.linalg.solve_triangular(factor, part.values[:, :, None], upper=False)
        loss = (0.5 * (white**2).sum() + factor.diagonal(dim1=1, dim2=2).log().sum()) / part.there.sum()
        loss.backward()
        optimizer.step()
    return process
