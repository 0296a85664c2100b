"""The temporal prior: what clear observations alone say about a day, pixel by pixel, with how far to trust it.

A Gaussian process over time runs in every pixel on its departure from the AOI's mean curve, all pixels of a tile at
once and with the same hyperparameters; the prior is the mean of that and of the straight line between observations,
which is never much worse than the better of the two. The target day's own scene is left out of all three.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.brackets import Brackets, find_brackets
from models.progress import Progress, silent
from models.series import FloatArray, IntArray, ObservedLai

PIXELS_AT_ONCE = 4096  # bounds the (pixels, days, observations) kernel to some 100 MB
OWN_AT_ONCE = 32
"""Days whose own observation is left out in one go; bounds memory likewise."""
NOISE_FLOOR, NOISE_SLOPE = 0.10, 0.15
"""m2/m2 and per m2/m2: scatter of single clear scenes, 0.08 below LAI 0.5 and about 1 above 3 on real fields."""


@dataclass(frozen=True)
class MeanCurve:
    """LAI of the AOI as a whole over time, kept as scene means so that hidden scenes can leave it.

    Attributes:
        days: (S,) day of each scene.
        means: (S,) mean LAI over the scene's usable pixels, m2/m2.
        shares: (S,) share of pixels that were usable, 0..1.
    """

    days: IntArray
    means: FloatArray
    shares: FloatArray


@dataclass(frozen=True)
class GpSettings:
    """Hyperparameters of the pixel process; lengths in days, scales in m2/m2."""

    scale: float = 1.0
    length_days: float = 35.0
    curve_scale: float = 1.0
    curve_length_days: float = 45.0


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


def mean_curve(observed: list[ObservedLai]) -> MeanCurve:
    """Return the scene means of the squares of ground given, pooled by day."""
    totals: dict[int, np.ndarray] = {}
    for square in observed:
        for day, lai in zip(square.days, square.lai, strict=True):
            usable = np.isfinite(lai)
            totals.setdefault(int(day), np.zeros(3))
            totals[int(day)] += (np.where(usable, lai, 0).sum(), usable.sum(), usable.size)
    kept = sorted((day, total, count, size) for day, (total, count, size) in totals.items() if count > 0)
    table = np.array(kept, dtype=np.float64).reshape(-1, 4)
    return MeanCurve(
        days=table[:, 0].astype(np.int32),
        means=(table[:, 1] / np.maximum(table[:, 2], 1)).astype(np.float32),
        shares=(table[:, 2] / np.maximum(table[:, 3], 1)).astype(np.float32),
    )


def evaluate_curve(curve: MeanCurve, days: IntArray, settings: GpSettings, left_out: int = 0) -> FloatArray:
    """Return the AOI's mean LAI on any days, (N,) m2/m2; smoothed, since scene means carry scene-wide offsets.

    Args:
        curve: mean curve of the AOI.
        days: (N,).
        settings: hyperparameters.
        left_out: on the first so many days, their own scene is left out.
    """
    if curve.days.size == 0:
        return np.full(len(days), 1.0, np.float32)  # no clear look at all: a bare-to-sparse guess, sigma says so
    level = float(np.average(curve.means, weights=curve.shares))
    noise = observation_noise(curve.means) + 0.5 * (1 - curve.shares)  # a glimpse of a few pixels says little
    gram = settings.curve_scale**2 * _matern(curve.days[:, None] - curve.days[None], settings.curve_length_days)
    cross = settings.curve_scale**2 * _matern(np.asarray(days)[:, None] - curve.days[None], settings.curve_length_days)
    precision = np.linalg.inv(gram + np.diag(noise.astype(np.float64) ** 2))
    weights = precision @ (curve.means - level)
    means = level + cross @ weights
    own, scene = np.nonzero(np.asarray(days)[:left_out, None] == curve.days[None])
    means[own] = curve.means[scene] - weights[scene] / precision[scene, scene]  # as `_without_own`
    return np.maximum(means, 0).astype(np.float32)


def temporal_prior(
    observed: ObservedLai,
    target_days: IntArray,
    curve: MeanCurve,
    settings: GpSettings | None = None,
    progress: Progress = silent,
) -> Prior:
    """Return the prior on every target day, finite on every pixel.

    Args:
        observed: the visible observations.
        target_days: (D,).
        curve: mean curve of the AOI, made from the same visible observations.
        settings: hyperparameters of the process.
        progress: told before every few thousand pixels.
    """
    settings = settings or GpSettings()
    brackets = find_brackets(observed.lai, observed.days, target_days)
    enclosing = np.unique([brackets.before_index, brackets.after_index])
    enclosing = enclosing[enclosing >= 0]
    days = np.concatenate([target_days, observed.days[enclosing]]).astype(np.int32)
    own = observed.index_of(target_days)
    process, sd = _pixel_process(observed, days, own, curve, settings, progress)
    process, at_scenes = np.split(process, [len(target_days)])
    linear = brackets.linear()
    mean = np.where(np.isfinite(linear), 0.5 * (linear + process), process)
    mean = np.maximum(mean, 0).astype(np.float32)

    def at(index: IntArray) -> FloatArray:
        if not len(at_scenes):
            return mean
        row = np.searchsorted(enclosing, np.maximum(index, enclosing[0]))
        return np.where(index < 0, mean, np.take_along_axis(at_scenes, row, axis=0))

    return Prior(mean, sd, brackets, at(brackets.before_index), at(brackets.after_index))


def _pixel_process(
    observed: ObservedLai,
    at_days: IntArray,
    own: IntArray,
    curve: MeanCurve,
    settings: GpSettings,
    progress: Progress,
) -> tuple[FloatArray, FloatArray]:
    """Return the process's mean (N, H, W) on `at_days` and its standard deviation on the target days.

    Args:
        observed: the visible observations.
        at_days: (N,) the target days, then others.
        own: (D,) index of each target day's own observation, which is left out; -1 where it has none.
        curve: mean curve of the AOI.
        settings: hyperparameters.
        progress: told before every part.
    """
    scenes, height, width = observed.lai.shape
    level = evaluate_curve(curve, at_days, settings, left_out=len(own))
    values = torch.from_numpy(observed.lai.reshape(scenes, height * width).T.copy())  # (P, T)
    mean = torch.from_numpy(level).repeat(len(values), 1)
    sd = torch.full((len(values), len(own)), settings.scale)
    if np.isfinite(observed.lai).any():
        noise = _noise_of_scenes(values)
        values = values - torch.from_numpy(evaluate_curve(curve, observed.days, settings))
        for start in range(0, len(values), PIXELS_AT_ONCE):
            progress(start / len(values), "interpolating")
            part = slice(start, start + PIXELS_AT_ONCE)
            anomaly, sd[part] = _solve(values[part], noise[part], observed.days, at_days, own, settings)
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


def _solve(
    anomaly: Tensor, noise: Tensor, days: IntArray, at_days: IntArray, own: IntArray, settings: GpSettings
) -> tuple[Tensor, Tensor]:
    """Return the process's mean (P, N) and standard deviation (P, D); anomalies are (P, T), NaN = unseen."""
    seen = torch.isfinite(anomaly)
    most = max(1, int(seen.sum(dim=1).max()))
    order = torch.argsort((~seen).to(torch.int8), dim=1, stable=True)[:, :most]  # (P, n): seen first, in time order
    there = torch.gather(seen, 1, order)
    y = torch.nan_to_num(torch.gather(anomaly, 1, order)) * there
    # An unseen slot gets a noise so large that it says nothing; sizes then agree across pixels.
    variance = torch.where(there, torch.gather(noise, 1, order) ** 2, torch.tensor(1e4))
    when = torch.from_numpy(days.astype(np.float32))[order]  # (P, n)
    gram = settings.scale**2 * _matern_torch(when[:, :, None] - when[:, None, :], settings.length_days)
    factor = torch.linalg.cholesky(gram + torch.diag_embed(variance))
    target = torch.from_numpy(at_days.astype(np.float32))
    cross = settings.scale**2 * _matern_torch(target[None, :, None] - when[:, None, :], settings.length_days)
    cross = cross * there[:, None, :]  # (P, N, n)
    solved = torch.cholesky_solve(y[:, :, None], factor)  # (P, n, 1)
    half = torch.linalg.solve_triangular(factor, cross[:, : len(own)].transpose(1, 2), upper=False)  # (P, n, D)
    mean, spread = (cross @ solved)[:, :, 0], settings.scale**2 - (half**2).sum(dim=1)
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


def _matern(lag: np.ndarray, length: float) -> np.ndarray:
    """Return the Matérn-3/2 correlation of a lag in days."""
    scaled = np.sqrt(3.0) * np.abs(lag) / length
    return np.asarray((1 + scaled) * np.exp(-scaled))


def _matern_torch(lag: Tensor, length: float) -> Tensor:
    """Return the Matérn-3/2 correlation of a lag in days."""
    scaled: Tensor = lag.abs() * (3.0**0.5 / length)
    return (1 + scaled) * torch.exp(-scaled)
