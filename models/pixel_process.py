"""The process of LAI in every pixel, given radar: its mean and spread on any day, the day's own scene left out.

A Gaussian process over time runs in every pixel, of LAI and backscatter together, as in Pipia et al. (2019), Remote
Sensing of Environment 235, 111452. Pixels that the same passes show share one filter of backscatter; what it leaves is
a process of LAI alone, with a system of equations for each pixel's own clear scenes. Scenes and passes that show
nothing of a pixel have no part in it: it is the same in whatever tile the pixel is read.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from models.area import AreaStatistics, pixel_means
from models.given_radar import GivenRadar, GpSettings, given_radar
from models.noise import NOISE_FLOOR, NOISE_SLOPE
from models.pass_groups import shared_patterns
from models.progress import Progress, silent
from models.radar import RadarAnomalies
from models.series import FloatArray, IntArray, ObservedLai

NUMBERS_AT_ONCE = 30_000_000
"""Pixels times days times observations; bounds each array of that shape to 120 MB."""
OWN_AT_ONCE = 32
"""Days whose own observation is left out in one go; bounds memory likewise."""
MEAN_BELIEF = 1.0
"""The area's mean counts as much in a pixel's mean as so many observations of its own."""
LEVEL_SCENES = 9
"""A scene's noise is judged at the mean LAI of so many around it: a spike is no excuse."""


def pixel_process(
    observed: ObservedLai,
    radar: RadarAnomalies,
    days: IntArray,
    own: IntArray,
    statistics: AreaStatistics,
    settings: GpSettings,
    progress: Progress = silent,
) -> tuple[FloatArray, FloatArray]:
    """Return the process's mean (N, H, W) on N days and its standard deviation on the first D of them, m2/m2.

    Args:
        observed: the visible observations.
        radar: of the same pixels.
        days: (N,) target days, then others.
        own: (D,) index of each target day's own observation, which is left out; -1 where it has none.
        statistics: of the area.
        settings: hyperparameters.
        progress: told before every part.
    """
    scenes, height, width = observed.lai.shape
    level = torch.from_numpy(pixel_means(observed, float(statistics.mean), MEAN_BELIEF).reshape(-1))
    values = torch.from_numpy(observed.lai.reshape(scenes, height * width).T.copy())  # (P, T)
    vh_and_ratio = radar.fine[:, 1:].swapaxes(0, 1).reshape(2, len(radar.days), height * width)
    mean, sd = torch.empty(len(values), len(days)), torch.empty(len(values), len(own))
    most = int(torch.isfinite(values).sum(dim=1).max()) if values.numel() else 0
    step = max(1, NUMBERS_AT_ONCE // (max(1, most) * (most + len(days))))
    # Of water radar says nothing about leaves, and of calm water it shows a different part in every pass.
    patterns, kind = shared_patterns((radar.valid & observed.land).reshape(len(radar.days), height * width))
    of_pattern = np.split(np.argsort(kind, kind="stable"), np.cumsum(np.bincount(kind))[:-1])
    done = 0
    for shown, pixels in zip(patterns, of_pattern, strict=True):
        given = given_radar(observed.days, days, radar.days[shown], statistics, settings)
        for part in np.split(pixels, range(step, len(pixels), step)):
            progress(done / len(values), "interpolating")
            done += len(part)
            backscatter = torch.from_numpy(vh_and_ratio[:, np.flatnonzero(shown)[:, None], part].reshape(-1, len(part)))
            by_radar = (given.filter @ backscatter).T + level[part, None]  # (p, T + N)
            mean[part], sd[part] = by_radar[:, scenes:], given.variance[: len(own)].sqrt()
            if most:
                anomaly, sd[part] = _solve(values[part], by_radar[:, :scenes], level[part], given, own, settings)
                mean[part] += anomaly
    return mean.T.reshape(-1, height, width).numpy().copy(), sd.T.reshape(-1, height, width).numpy().copy()


def _solve(
    lai: Tensor, by_radar: Tensor, level: Tensor, given: GivenRadar, own: IntArray, settings: GpSettings
) -> tuple[Tensor, Tensor]:
    """Return what p pixels' own observations add to the process's mean (p, N), and its standard deviation (p, D).

    Args:
        lai: (p, T) observations; NaN = unseen.
        by_radar: (p, T) what the pixel's mean and radar alone say of them.
        level: (p,) the pixel's mean.
        given: the process of LAI, given radar.
        own: (D,) index of each target day's own observation; -1 where it has none.
        settings: hyperparameters.
    """
    seen = torch.isfinite(lai)
    count = seen.sum(dim=1)
    most = max(1, int(count.max()))
    order = torch.argsort((~seen).to(torch.int8), dim=1, stable=True)[:, :most]  # (p, n): seen first, in time order
    there = torch.gather(seen, 1, order)
    values, expected = (torch.nan_to_num(torch.gather(x, 1, order)) * there for x in (lai, by_radar))
    # An unseen slot has nothing to do with the others; sizes then agree across pixels.
    noise = settings.scene_noise * _noise_of_scenes(values, there)
    variance = torch.where(there, noise**2, torch.tensor(1.0))
    gram = given.between[order[:, :, None], order[:, None, :]] * (there[:, :, None] & there[:, None])
    factor = torch.linalg.cholesky(gram + torch.diag_embed(variance))
    cross = given.cross[:, order].transpose(0, 1) * there[:, None, :]  # (p, N, n)
    anomaly = values - expected
    solved = torch.cholesky_solve(torch.stack([anomaly, there.float()], dim=2), factor)  # (p, n, 2)
    half = torch.linalg.solve_triangular(factor, cross[:, : len(own)].transpose(1, 2), upper=False)  # (p, n, D)
    mean, spread = (cross @ solved[:, :, :1])[:, :, 0], given.variance[: len(own)] - (half**2).sum(dim=1)
    level_without = (level[:, None] - values) / (count[:, None] - 1 + MEAN_BELIEF) * there  # how it moves, (p, n)
    for d, scene in _groups(own):
        place = ((order[:, :, None] == scene) & there[:, :, None]).float()  # (p, n, d): where the day's own stands
        seen_own = place.any(dim=1)
        left_out = _without_own(anomaly, level_without, solved, factor, variance, place)
        for whole, part in zip((mean, spread), left_out, strict=True):
            whole[:, d] = torch.where(seen_own, part, whole[:, d])
    return mean, spread.clamp(min=1e-4).sqrt()


def _noise_of_scenes(lai: Tensor, there: Tensor) -> Tensor:
    """Return (p, n) noise of each observation, m2/m2, judged by the pixel's observations around it in time.

    That is all that a day's own scene has to do with its prior: it is among those that tell how noisy its neighbours
    are, and moves the prior by some hundredths.
    """
    kernel = torch.ones(1, 1, LEVEL_SCENES)
    total, number = (
        torch.nn.functional.conv1d(x[:, None], kernel, padding=LEVEL_SCENES // 2)[:, 0] for x in (lai, there.float())
    )
    return NOISE_FLOOR + NOISE_SLOPE * (total / number.clamp(min=1)).clamp(min=0)


def _groups(own: IntArray) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield target days that have an own observation, and its scene, a few at a time."""
    days = np.flatnonzero(own >= 0)
    for start in range(0, len(days), OWN_AT_ONCE):
        chosen = days[start : start + OWN_AT_ONCE]
        yield torch.from_numpy(chosen), torch.from_numpy(own[chosen].astype(np.int64))


def _without_own(
    anomaly: Tensor, level_without: Tensor, solved: Tensor, factor: Tensor, variance: Tensor, place: Tensor
) -> tuple[Tensor, Tensor]:
    """Return mean and variance (p, d) of the process at an observation as the others alone have it.

    Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, equation 5.12. The pixel's mean has seen the
    observation too: without it, the mean moves, and so does what the others say against it.

    Args:
        anomaly: (p, n) observations against the pixel's mean and radar.
        level_without: (p, n) how the pixel's mean moves when one observation is left out.
        solved: (p, n, 2) anomalies, and ones, solved against the observations' covariance.
        factor: (p, n, n) Cholesky factor of that covariance.
        variance: (p, n) noise variance.
        place: (p, n, d) 1 where the observation stands that is left out.
    """

    def at(values: Tensor) -> Tensor:
        return (values[:, :, None] * place).sum(dim=1)

    precision = (torch.cholesky_solve(place, factor) * place).sum(dim=1).clamp(min=1e-9)  # (p, d); 0 where unseen
    moved = at(level_without) * at(solved[:, :, 1])
    return at(anomaly) - (at(solved[:, :, 0]) - moved) / precision, 1 / precision - at(variance)
