"""Radar as change: backscatter in decibels against its own mean on the same orbit.

The level of backscatter says more about roughness, moisture and viewing angle than about leaves, and does not travel
between places; its change along one pixel's series does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from models.bands import to_decibels
from models.series import BoolArray, FloatArray, IntArray, RadarSeries

FINE_PX, COARSE_PX = 3, 7
"""Sides of the squares over which power is averaged against speckle; 60 m and 140 m at 20 m pixels."""
MID_SWATH_COSINE = 0.78
"""Of 39 degrees, the middle of Sentinel-1's interferometric wide mode."""
KERNEL_DAYS = 7.5
"""Standard deviation of the smoothing in time: some 15 days, two to five passes."""


@dataclass(frozen=True)
class RadarAnomalies:
    """Backscatter against the mean of its own pixel and orbit.

    Attributes:
        fine, coarse: (T, 3, H, W) dB anomalies of VV, VH and VH - VV after spatial averaging; 0 where there is no data.
        valid: (T, H, W) True where there is data.
        days, ascending, cos_incidence: (T,) as in `RadarSeries`.
    """

    fine: FloatArray
    coarse: FloatArray
    valid: BoolArray
    days: IntArray
    ascending: BoolArray
    cos_incidence: FloatArray

    def smooth(self, days: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return (N, 6, H, W) fine and coarse anomalies smoothed around any days, and (N, H, W) their support.

        The support is the sum of kernel weights: 0 where no pass is near, about 5 where two satellites pass.
        """
        lag = (np.asarray(days)[:, None] - self.days[None]) / KERNEL_DAYS
        weight = np.where(np.abs(lag) <= 3, np.exp(-0.5 * lag**2), 0).astype(np.float32)  # (N, T)
        near = weight.any(axis=0)  # the others would be copied for nothing
        weight = weight[:, near]
        support = np.tensordot(weight, self.valid[near].astype(np.float32), axes=1)
        both = np.concatenate([self.fine[near], self.coarse[near]], axis=1)
        total = np.tensordot(weight, both, axes=1)
        return np.asarray(total / np.maximum(support, 1e-3)[:, None], np.float32), support


def anomalies(radar: RadarSeries) -> RadarAnomalies:
    """Return the backscatter anomalies of a radar series; each relative orbit is its own reference.

    Passes that show nothing at all are left out.
    """
    radar = radar.with_data()
    valid: BoolArray = np.asarray(np.isfinite(radar.power).all(axis=1))
    fine, coarse = (_anomaly(_average(radar.power, valid, side), valid, radar.orbits) for side in (FINE_PX, COARSE_PX))
    return RadarAnomalies(fine, coarse, valid, radar.days, radar.ascending, radar.cos_incidence)


def _average(power: FloatArray, valid: BoolArray, side: int) -> FloatArray:
    """Return (T, 3, H, W) dB of power averaged over squares; averaging happens in linear power."""
    size = (1, 1, side, side)
    weight = ndimage.uniform_filter(valid[:, None].astype(np.float32), size, mode="nearest")
    total = ndimage.uniform_filter(np.where(valid[:, None], power, 0).astype(np.float32), size, mode="nearest")
    vv_vh_db = to_decibels(total / np.maximum(weight, 1e-6))
    return np.concatenate([vv_vh_db, vv_vh_db[:, 1:2] - vv_vh_db[:, 0:1]], axis=1)


def _anomaly(level_db: FloatArray, valid: BoolArray, orbits: IntArray) -> FloatArray:
    """Return dB minus the mean of the pixel's valid dates on the same orbit; 0 where invalid."""
    out = np.zeros_like(level_db)
    for orbit in np.unique(orbits):
        mine = orbits == orbit
        there = valid[mine, None]
        mean = np.where(there, level_db[mine], 0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
        out[mine] = np.where(there, level_db[mine] - mean, 0)
    return out


def pass_channels(ascending: BoolArray, cos_incidence: FloatArray, shape: tuple[int, int]) -> FloatArray:
    """Return (T, 2, H, W) direction and angle of every pass, about -1..1, the same on every pixel.

    Args:
        ascending: (T,).
        cos_incidence: (T,).
        shape: H, W.
    """
    flat = np.stack([np.where(ascending, 1.0, -1.0), (cos_incidence - MID_SWATH_COSINE) * 5], axis=1)
    return np.broadcast_to(flat[:, :, None, None], (len(flat), 2, *shape)).astype(np.float32)
