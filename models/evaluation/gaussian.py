"""Gaussian processes of one pixel's series: of LAI alone, and of LAI and radar together.

All pixels of a site share hyperparameters; every pixel then has a process of its own. Marginal likelihood on a site
overfits (its pixels err together, scene by scene), so that processes of several hyperparameters are averaged instead,
by how well each predicts left-out scenes of the site across a gap as wide as the target day's own. With radar they are
multi-output processes as in Pipia et al. (2019), Remote Sensing of Environment 235, 111452, with Matérn kernels,
backscatter instead of the radar vegetation index, and covariances between outputs taken from the site, as our own prior
takes them from the area: our choices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import gpytorch
import numpy as np
import torch
from torch import Tensor

from models.area import AreaStatistics, area_statistics
from models.brackets import find_brackets
from models.given_radar import coupled
from models.radar import anomalies
from models.series import BoolArray, FloatArray, IntArray, ObservedLai, Site

REACH_DAYS = 90
"""Observations farther from the target day say nothing that nearer ones do not."""
LENGTHS_DAYS, NOISES = (12.0, 20.0, 35.0, 60.0, 100.0), (0.15, 0.25, 0.4)
"""Of LAI alone. Noise of a scene is relative to the process's own deviation: only their ratio moves the estimate."""
JOINT_LENGTHS_DAYS, JOINT_NOISE, COUPLINGS = (20.0, 35.0, 60.0), 0.3, (0.5, 1.0)
"""Of LAI and radar. A coupling is a share of the site's covariance between LAI and backscatter."""
RADAR_SIGNAL = 0.3
"""Share of backscatter's variance that is the process; the rest is speckle and weather."""
LEFT_OUT_SCENES, LEFT_OUT_PIXELS = {1: 16, 3: 8}, {1: 64, 3: 32}
"""By number of outputs: three cost ten times as much."""
MIN_SEEN = 0.3
"""Share of pixels that a scene must show to be left out in its turn."""
LEAST_MSE = 1e-6
"""(m2/m2)²; a site that never changes is predicted without error by every process."""
MIN_TRUST = 0.02
"""Processes with a smaller share in the estimate are not worth their time."""
PATTERNS_AT_ONCE = 16
"""More systems of equations do not stay in the cache of a core, and take twice as long."""
UNSEEN = 1e4
"""Noise variance of an absent observation: it says nothing, and all pixels have equally many."""
DAYS_SCALE = 100.0
"""Days that count as one; m2/m2 and dB stay as they are."""

_Output = tuple[FloatArray, IntArray]
"""A series (T, P) and its days (T,)."""


@dataclass(frozen=True)
class _Data:
    """Observations of P pixels in N slots.

    Attributes:
        days: (N,) days from the target day / 100.
        output: (N,) which output: 0 LAI, 1 VH, 2 VH - VV.
        values: (P, N) LAI minus the pixel's mean, m2/m2, and backscatter, dB; 0 where absent.
        there: (P, N) True where there is an observation.
        level: (P,) what was taken from LAI; NaN where the pixel was never seen.
    """

    days: Tensor
    output: Tensor
    values: Tensor
    there: Tensor
    level: Tensor


@dataclass(frozen=True)
class _Processes:
    """Hyperparameters of G processes of O outputs.

    Attributes:
        lengths: (G,) days / 100.
        between: (G, O, O) covariance between the outputs.
        noise: (G, O) variance of one observation.
    """

    lengths: Tensor
    between: Tensor
    noise: Tensor

    def of(self, chosen: Tensor) -> _Processes:
        """Return some of the processes."""
        return _Processes(self.lengths[chosen], self.between[chosen], self.noise[chosen])


def gaussian_process(site: Site, target_days: IntArray) -> FloatArray:
    """Return (D, H, W) LAI by Gaussian processes of LAI alone, m2/m2; NaN where a pixel was never seen."""
    return _estimate(site.observed, target_days, [], _alone())


def multi_output_gaussian_process(site: Site, target_days: IntArray) -> FloatArray:
    """Return (D, H, W) LAI by Gaussian processes of LAI, VH and VH - VV together, m2/m2; NaN as above."""
    radar = anomalies(site.radar)
    backscatter = np.asarray(np.where(radar.valid[:, None], radar.fine, np.nan), np.float32)
    others = [(_flat(backscatter[:, channel]), radar.days) for channel in (1, 2)]  # VH, VH - VV
    return _estimate(site.observed, target_days, others, _joint(area_statistics([site], [radar])))


def _flat(maps: FloatArray) -> FloatArray:
    return maps.reshape(len(maps), -1)


def _alone() -> _Processes:
    lengths, noises = torch.tensor(list(product(LENGTHS_DAYS, NOISES))).T
    return _Processes(lengths / DAYS_SCALE, torch.ones(len(lengths), 1, 1), noises[:, None] ** 2)


def _joint(statistics: AreaStatistics) -> _Processes:
    """Return processes of LAI, VH and VH - VV whose variances and covariances are those of what the site shows."""
    between = [coupled(statistics, RADAR_SIGNAL, coupling) for coupling in COUPLINGS]
    noise = (1 - RADAR_SIGNAL) * statistics.covariance.diagonal()
    noise[0] = JOINT_NOISE**2 * statistics.covariance[0, 0]
    pairs = list(product(JOINT_LENGTHS_DAYS, between))
    return _Processes(
        torch.tensor([length / DAYS_SCALE for length, _ in pairs]),
        torch.from_numpy(np.stack([matrix for _, matrix in pairs])).float(),
        torch.from_numpy(np.tile(noise, (len(pairs), 1))).float(),
    )


def _estimate(
    observed: ObservedLai, target_days: IntArray, others: Sequence[_Output], processes: _Processes
) -> FloatArray:
    """Return (D, H, W) LAI, averaged over the processes by what each target day can trust them."""
    lai, maps = _flat(observed.lai), []
    for day in map(int, target_days):
        trust = _trust(lai, observed.days, others, day, _gap(observed, day), processes)
        chosen = torch.nonzero(trust >= min(MIN_TRUST, float(trust.max())))[:, 0]
        found = _predict(processes.of(chosen), _data(lai, observed.days, others, day))
        mean = (trust[chosen] / trust[chosen].sum()) @ found
        maps.append(mean.clamp(min=0).numpy().reshape(observed.lai.shape[1:]))
    return np.stack(maps)


def _without_level(lai: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return LAI (T, P) minus the pixel's mean, and that mean (P,), NaN where it was never seen."""
    seen = np.isfinite(lai)
    count = seen.sum(axis=0)
    mean = np.where(seen, lai, 0).sum(axis=0) / np.maximum(count, 1)
    level = np.where(count > 0, mean, np.nan).astype(np.float32)
    return lai - level, level


def _data(lai: FloatArray, days: IntArray, others: Sequence[_Output], day: int) -> _Data:
    """Return what lies near a day: LAI (T, P) on its days, and other outputs on theirs."""
    anomaly, level = _without_level(lai)
    columns, lags, outputs = [], [], []
    for output, (values, when) in enumerate([(anomaly, days), *others]):
        near = (np.abs(when - day) <= REACH_DAYS) & np.isfinite(values).any(axis=1)
        columns.append(values[near])
        lags.append((when[near] - day) / DAYS_SCALE)
        outputs.append(np.full(near.sum(), output))
    series = torch.from_numpy(np.concatenate(columns).T.astype(np.float32))  # (P, N)
    return _Data(
        days=torch.from_numpy(np.concatenate(lags)).float(),
        output=torch.from_numpy(np.concatenate(outputs)),
        values=torch.nan_to_num(series),
        there=torch.isfinite(series),
        level=torch.from_numpy(level),
    )


def _gap(observed: ObservedLai, day: int) -> int:
    """Return the days on either side of the target day on which the median pixel shows nothing."""
    nearest = find_brackets(observed.lai, observed.days, np.array([day], np.int32)).days_to_other[0]
    return int(np.median(nearest[nearest >= 0])) - 1 if (nearest >= 0).any() else 0


def _trust(
    lai: FloatArray, days: IntArray, others: Sequence[_Output], day: int, gap: int, processes: _Processes
) -> Tensor:
    """Return (G,) the share of each process in the estimate: its likelihood on left-out scenes.

    A scene counts as one draw, since its pixels err together: over S scenes the likelihood is MSE^(-S/2). Each is
    predicted without the scenes within `gap` days of it.
    """
    outputs = 1 + len(others)
    seen = np.flatnonzero(np.isfinite(lai).any(axis=0))
    pixels = np.random.default_rng(day).permutation(seen)[: LEFT_OUT_PIXELS[outputs]]
    sample, radar = lai[:, pixels], [(values[:, pixels], when) for values, when in others]
    errors = []
    for scene in _scenes(np.isfinite(sample).mean(axis=1) >= MIN_SEEN, days, gap, LEFT_OUT_SCENES[outputs]):
        visible = np.where((np.abs(days - days[scene]) <= gap)[:, None], np.float32(np.nan), sample)
        found = _predict(processes, _data(visible, days, radar, int(days[scene])))
        errors.append(((found - torch.from_numpy(sample[scene])) ** 2).nanmean(dim=1))
    if not errors:
        return torch.full_like(processes.lengths, 1 / len(processes.lengths))
    mse = torch.stack(errors).nanmean(dim=0).clamp(min=LEAST_MSE)
    return torch.softmax(-0.5 * len(errors) * mse.nan_to_num(nan=LEAST_MSE).log(), dim=0)


def _scenes(usable: BoolArray, days: IntArray, gap: int, most: int) -> IntArray:
    """Return the indices of scenes to be left out: spread over time, each with a usable scene on either side."""
    when = days[usable]
    enclosed = (days - gap > when.min(initial=days[-1])) & (days + gap < when.max(initial=days[0]))
    found = np.flatnonzero(usable & enclosed)
    spread = np.linspace(0, len(found) - 1, min(len(found), most)).round()
    return np.asarray(found[spread.astype(int)], np.int32)


@torch.no_grad()
def _predict(processes: _Processes, data: _Data) -> Tensor:
    """Return (G, P) LAI on the target day. Pixels with the same observations share their weights."""
    kernel = gpytorch.kernels.MaternKernel(nu=1.5, batch_shape=torch.Size((len(processes.lengths), 1)))
    kernel.lengthscale = processes.lengths.reshape(-1, 1, 1, 1)
    rows, between = data.days[:, None], processes.between[:, None]  # (N, 1), (G, 1, O, O)
    gram = kernel(rows, rows).to_dense() * between[..., data.output, :][..., data.output]  # (G, 1, N, N)
    cross = kernel(torch.zeros(1, 1), rows).to_dense()[:, :, 0] * between[..., 0, data.output]  # (G, 1, N)
    noise = processes.noise[:, None, data.output]  # (G, 1, N)
    patterns, which = torch.unique(data.there, dim=0, return_inverse=True)  # (K, N), (P,)
    weights = []
    for there in torch.split(patterns, PATTERNS_AT_ONCE):
        factor = torch.linalg.cholesky(gram + torch.diag_embed(torch.where(there, noise, torch.tensor(UNSEEN))))
        weights.append(torch.cholesky_solve((cross * there)[..., None], factor)[..., 0] * there)  # (G, k, N)
    return data.level + torch.einsum("gpn,pn->gp", torch.cat(weights, dim=1)[:, which], data.values)
