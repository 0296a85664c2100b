"""The prior: what clear observations and radar say about a day, pixel by pixel, with how far to trust it.

A Gaussian process over time runs in every pixel, of LAI and backscatter together, as in Pipia et al. (2019), Remote
Sensing of Environment 235, 111452; how the two move together is taken from the area's visible scenes. All pixels of a
tile share its hyperparameters and the days of their passes, so that radar enters as one filter for all of them: what
is left is a process of LAI alone, given radar. The prior is the mean of that and of the straight line between
observations, which carries short gaps best. The target day's own scene is left out of both; only
a pixel's mean, over all its scenes, has seen it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.area import AreaStatistics, pixel_means
from models.brackets import Brackets, find_brackets
from models.given_radar import GivenRadar, GpSettings, given_radar
from models.progress import Progress, silent
from models.radar import RadarAnomalies
from models.series import FloatArray, IntArray, ObservedLai

NUMBERS_AT_ONCE = 30_000_000
"""Pixels times days times observations; bounds each array of that shape to 120 MB."""
OWN_AT_ONCE = 32
"""Days whose own observation is left out in one go; bounds memory likewise."""
MEAN_BELIEF = 1.0
"""The area's mean counts as much in a pixel's mean as so many observations of its own."""
NOISE_FLOOR, NOISE_SLOPE = 0.10, 0.15
"""m2/m2 and per m2/m2: scatter of single clear scenes, 0.08 below LAI 0.5 and about 1 above 3 on real fields."""


@dataclass(frozen=True)
class Prior:
    """The temporal prior on the target days.

    Attributes:
        mean: (D, H, W) m2/m2; finite everywhere.
        sd: (D, H, W) standard deviation of noise-free LAI around the process, m2/m2.
        brackets: the enclosing observations.
        before_mean, after_mean: (D, H, W) the process at the days of the enclosing observations; `mean` where none.
    """

    mean: FloatArray
    sd: FloatArray
    brackets: Brackets
    before_mean: FloatArray
    after_mean: FloatArray

    def select(self, part: slice) -> Prior:
        """Return the prior of some of the target days."""
        return Prior(
            self.mean[part], self.sd[part], self.brackets.select(part), self.before_mean[part], self.after_mean[part]
        )


def observation_noise(lai: FloatArray) -> FloatArray:
    """Return the standard deviation of a single clear scene at a level of LAI, m2/m2, shape unchanged."""
    return np.asarray(NOISE_FLOOR + NOISE_SLOPE * np.maximum(lai, 0), dtype=np.float32)


def temporal_prior(
    observed: ObservedLai,
    radar: RadarAnomalies,
    target_days: IntArray,
    statistics: AreaStatistics,
    settings: GpSettings | None = None,
    progress: Progress = silent,
) -> Prior:
    """Return the prior on every target day, finite on every pixel.

    Args:
        observed: the visible observations.
        radar: of the same pixels.
        target_days: (D,).
        statistics: of the area, made from the same visible observations.
        settings: hyperparameters of the process.
        progress: told before every few thousand pixels.
    """
    settings = settings or GpSettings()
    brackets = find_brackets(observed.lai, observed.days, target_days)
    enclosing = np.unique([brackets.before_index, brackets.after_index])
    enclosing = enclosing[enclosing >= 0]
    days = np.concatenate([target_days, observed.days[enclosing]]).astype(np.int32)
    given = given_radar(observed.days, days, radar.days, statistics, settings)
    process, sd = _pixel_process(observed, radar, given, observed.index_of(target_days), statistics, progress)
    process, at_scenes = np.split(process, [len(target_days)])
    linear = brackets.linear()
    share = np.float32(settings.process_share)
    mean = np.where(np.isfinite(linear), share * process + (1 - share) * linear, process)
    mean = np.maximum(mean, 0).astype(np.float32)

    def at(index: IntArray) -> FloatArray:
        if not len(at_scenes):
            return mean
        row = np.searchsorted(enclosing, np.maximum(index, enclosing[0]))
        return np.where(index < 0, mean, np.take_along_axis(at_scenes, row, axis=0))

    return Prior(mean, sd, brackets, at(brackets.before_index), at(brackets.after_index))


def _pixel_process(
    observed: ObservedLai,
    radar: RadarAnomalies,
    given: GivenRadar,
    own: IntArray,
    statistics: AreaStatistics,
    progress: Progress,
) -> tuple[FloatArray, FloatArray]:
    """Return the process's mean (N, H, W) on the days of `given` and its standard deviation on the target days.

    Args:
        observed: the visible observations.
        radar: of the same pixels.
        given: the process of LAI, given radar.
        own: (D,) index of each target day's own observation, which is left out; -1 where it has none.
        statistics: of the area.
        progress: told before every part.
    """
    scenes, height, width = observed.lai.shape
    level = torch.from_numpy(pixel_means(observed, float(statistics.mean), MEAN_BELIEF).reshape(-1))
    values = torch.from_numpy(observed.lai.reshape(scenes, height * width).T.copy())  # (P, T)
    vh_and_ratio = radar.fine[:, 1:].swapaxes(0, 1)  # (2, R, H, W)
    backscatter = torch.from_numpy(vh_and_ratio.reshape(2 * len(radar.days), height * width))
    noise = _noise_of_scenes(values) if np.isfinite(observed.lai).any() else None
    mean = torch.empty(len(values), len(given.at_days))
    sd = given.variance[: len(own)].sqrt().repeat(len(values), 1)
    most = int(torch.isfinite(values).sum(dim=1).max()) if values.numel() else 0
    step = max(1, NUMBERS_AT_ONCE // (max(1, most) * (most + len(given.at_days))))
    for start in range(0, len(values), step):
        progress(start / len(values), "interpolating")
        part = slice(start, start + step)
        told = (given.filter @ backscatter[:, part]).T + level[part, None]  # (p, T + N): as radar alone has it
        mean[part] = told[:, scenes:]
        if noise is not None:
            anomaly, sd[part] = _solve(values[part] - told[:, :scenes], noise[part], given, own)
            mean[part] += anomaly
    return mean.T.reshape(-1, height, width).numpy().copy(), sd.T.reshape(-1, height, width).numpy().copy()


def _noise_of_scenes(values: Tensor) -> Tensor:
    """Return (P, T) noise of each observation, judged at the level of its neighbours: a spike is no excuse."""
    filled = torch.nan_to_num(values)
    seen = torch.isfinite(values).float()
    kernel = torch.ones(1, 1, min(9, 2 * (values.shape[1] // 2) + 1))
    pad = kernel.shape[-1] // 2
    total = torch.nn.functional.conv1d(filled[:, None], kernel, padding=pad)[:, 0]
    number = torch.nn.functional.conv1d(seen[:, None], kernel, padding=pad)[:, 0]
    return NOISE_FLOOR + NOISE_SLOPE * (total / number.clamp(min=1)).clamp(min=0)


def _solve(anomaly: Tensor, noise: Tensor, given: GivenRadar, own: IntArray) -> tuple[Tensor, Tensor]:
    """Return the process's mean (P, N) and standard deviation (P, D); anomalies are (P, T), NaN = unseen."""
    seen = torch.isfinite(anomaly)
    most = max(1, int(seen.sum(dim=1).max()))
    order = torch.argsort((~seen).to(torch.int8), dim=1, stable=True)[:, :most]  # (P, n): seen first, in time order
    there = torch.gather(seen, 1, order)
    y = torch.nan_to_num(torch.gather(anomaly, 1, order)) * there
    # An unseen slot gets a noise so large that it says nothing; sizes then agree across pixels.
    variance = torch.where(there, torch.gather(noise, 1, order) ** 2, torch.tensor(1e4))
    factor = torch.linalg.cholesky(given.between[order[:, :, None], order[:, None, :]] + torch.diag_embed(variance))
    cross = given.cross[:, order].transpose(0, 1) * there[:, None, :]  # (P, N, n)
    solved = torch.cholesky_solve(y[:, :, None], factor)  # (P, n, 1)
    half = torch.linalg.solve_triangular(factor, cross[:, : len(own)].transpose(1, 2), upper=False)  # (P, n, D)
    mean, spread = (cross @ solved)[:, :, 0], given.variance[: len(own)] - (half**2).sum(dim=1)
    for d, scene in _groups(own):
        place = ((order[:, :, None] == scene) & there[:, :, None]).float()  # (P, n, d): where the day's own stands
        seen_own = place.any(dim=1)
        left_out = _without_own(y, solved[:, :, 0], factor, variance, place)
        for whole, part in zip((mean, spread), left_out, strict=True):
            whole[:, d] = torch.where(seen_own, part, whole[:, d])
    return mean, spread.clamp(min=1e-4).sqrt()


def _groups(own: IntArray) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield target days that have an own observation, and its scene, a few at a time."""
    days = np.flatnonzero(own >= 0)
    for start in range(0, len(days), OWN_AT_ONCE):
        chosen = days[start : start + OWN_AT_ONCE]
        yield torch.from_numpy(chosen), torch.from_numpy(own[chosen].astype(np.int64))


def _without_own(y: Tensor, solved: Tensor, factor: Tensor, variance: Tensor, place: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and variance (P, d) of the process at an observation as the others alone have it.

    Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, equation 5.12.

    Args:
        y: (P, n) observations.
        solved: (P, n) the observations solved against their covariance.
        factor: (P, n, n) Cholesky factor of that covariance.
        variance: (P, n) noise variance.
        place: (P, n, d) 1 where the observation stands that is left out.
    """

    def at(values: Tensor) -> Tensor:
        return (values[:, :, None] * place).sum(dim=1)

    precision = (torch.cholesky_solve(place, factor) * place).sum(dim=1).clamp(min=1e-9)  # (P, d); 0 where unseen
    return at(y) - at(solved) / precision, 1 / precision - at(variance)
