"""The process of LAI and backscatter over time, radar taken as given: a filter of backscatter, and what is left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.area import AreaStatistics
from models.series import IntArray

MOST_CORRELATED = 0.9
"""LAI and backscatter are never believed to move together more closely than this."""


@dataclass(frozen=True)
class GpSettings:
    """Hyperparameters of the process, chosen on simulated sites and both real patches.

    Attributes:
        length_days: over which LAI stays alike.
        coupling: share of the covariance between LAI and backscatter that is believed.
        radar_signal: share of backscatter's variance that is the process; the rest is speckle and weather.
        scene_noise: share of a single scene's noise that the process believes: part of it lasts from scene to scene.
        least_share: share of the process in the prior where an observation is next to the day; the rest is the
            straight line.
        alone_days: days to the nearest observation beyond which the prior is the process alone.
    """

    length_days: float = 40.0
    coupling: float = 0.7
    radar_signal: float = 0.3
    scene_noise: float = 0.75
    least_share: float = 0.5
    alone_days: float = 40.0


@dataclass(frozen=True)
class GivenRadar:
    """LAI on T scenes and on N other days, given R passes; the same for all pixels that those show.

    Attributes:
        filter: (T + N, 2 R) what backscatter (all VH, then all VH - VV) adds to LAI on scenes and days, m2/m2 per dB.
        between: (T, T) covariance of LAI that is left between scenes, (m2/m2)².
        cross: (N, T) the same between days and scenes.
        variance: (N,) the same of the days themselves.
    """

    filter: Tensor
    between: Tensor
    cross: Tensor
    variance: Tensor


def given_radar(
    scene_days: IntArray, at_days: IntArray, pass_days: IntArray, statistics: AreaStatistics, settings: GpSettings
) -> GivenRadar:
    """Return the process of LAI, given radar.

    Args:
        scene_days: (T,).
        at_days: (N,).
        pass_days: (R,).
        statistics: of the area.
        settings: hyperparameters.
    """
    signal, noise = _outputs(statistics, settings)
    days = np.concatenate([scene_days, at_days])
    passes = len(pass_days)
    alike = _matern(pass_days, pass_days, settings.length_days)
    gram = np.kron(signal[1:, 1:], alike) + np.diag(np.repeat(noise, passes))
    cross = np.kron(signal[:1, 1:], _matern(days, pass_days, settings.length_days))  # (T + N, 2 R)
    weights = np.linalg.solve(gram, cross.T).T if passes else cross
    count = len(scene_days)
    left = signal[0, 0] * _matern(days, scene_days, settings.length_days) - weights @ cross[:count].T  # (T + N, T)
    variance = signal[0, 0] - (weights[count:] * cross[count:]).sum(axis=1)

    def tensor(values: np.ndarray) -> Tensor:
        return torch.from_numpy(values.astype(np.float32))

    return GivenRadar(tensor(weights), tensor(left[:count]), tensor(left[count:]), tensor(np.maximum(variance, 1e-4)))


def _outputs(statistics: AreaStatistics, settings: GpSettings) -> tuple[np.ndarray, np.ndarray]:
    """Return the process's (3, 3) covariance of LAI, VH and VH - VV, and the noise variance of the last two."""
    signal = coupled(statistics, settings.radar_signal, settings.coupling)
    return signal, (1 - settings.radar_signal) * statistics.covariance.diagonal()[1:].astype(np.float64)


def coupled(statistics: AreaStatistics, radar_signal: float, coupling: float) -> np.ndarray:
    """Return the (3, 3) covariance of processes of LAI, VH and VH - VV in an area, (m2/m2)² and dB².

    The two channels share their speckle, so that nothing is made of the covariance between them.

    Args:
        statistics: of the area.
        radar_signal: share of backscatter's variance that is the process.
        coupling: share of the covariance between LAI and backscatter that is believed.
    """
    found = statistics.covariance.astype(np.float64)
    signal = np.diag(found.diagonal() * [1, radar_signal, radar_signal])
    most = MOST_CORRELATED * np.sqrt(signal[0, 0] * signal.diagonal()[1:])
    signal[0, 1:] = signal[1:, 0] = coupling * np.clip(found[0, 1:], -most, most)
    lowest = np.linalg.eigvalsh(signal).min()
    return np.asarray(signal + max(1e-4 - lowest, 0) * np.eye(3))  # a covariance has no negative direction


def _matern(days: IntArray, others: IntArray, length_days: float) -> np.ndarray:
    """Return the Matérn-3/2 correlation between days, (N, M)."""
    scaled = np.sqrt(3.0) * np.abs(days[:, None] - others[None]) / length_days
    return np.asarray((1 + scaled) * np.exp(-scaled))
