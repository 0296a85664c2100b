"""Sentinel-1 backscatter of the simulated land: water clouds over soil (Attema and Ulaby 1978), with speckle.

Above soil of backscatter s a stand of path length L shows A·cos θ·(1 − t²) + t²·s with t² = exp(−2·B·L / cos θ). Soil
brightens with moisture and roughness; parcels keep a character of their own per orbit (rows, slopes, fences), wander
slowly, and scenes differ a little as a whole, as real series do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.series import FloatArray, IntArray
from models.simulation.covers import COVERS, INDEX
from models.simulation.noise import smooth_series
from models.simulation.orbits import RadarPasses
from models.simulation.weather import Weather

_VEGETATION = np.array([[cover.vv, cover.vh] for cover in COVERS])  # (covers, 2 channels, level dB and attenuation)
_ROUGHNESS = np.array([cover.roughness_db for cover in COVERS])
_DRY_SOIL_DB = np.array([-15.0, -23.0])  # smooth dry soil at 38 degrees, VV and VH
_MOISTURE_DB = np.array([17.0, 14.0])  # dB per m3/m3
_ANGLE_DB = np.array([-0.15, -0.11])  # dB per degree


@dataclass(frozen=True)
class Stand:
    """State of the land at the radar passes; T passes, P parcels."""

    lai: FloatArray  # (T, H, W)
    parcel: IntArray  # (H, W)
    cover: IntArray  # (T, P)
    litter: FloatArray  # (T, P)
    disturbed: FloatArray  # (T, P)


def backscatter(rng: np.random.Generator, stand: Stand, passes: RadarPasses, weather: Weather) -> FloatArray:
    """Return gamma nought, linear power, (T, 2, H, W), VV then VH."""
    cosine = np.cos(np.radians(passes.incidence))
    parcels = stand.cover.shape[1]
    own = _character(rng, passes, weather, parcels)  # (T, 2, P) dB
    at = weather.at(passes.days)
    looks = rng.uniform(1.3, 2.8)
    texture = _texture(rng, stand, passes)  # (T, H, W) dB
    power = np.empty((len(passes.days), 2, *stand.parcel.shape), dtype=np.float32)
    for scene in range(len(passes.days)):
        cover, frost, wet = stand.cover[scene], weather.frost[at[scene]], weather.wet_leaves[at[scene]]
        path = (-2.0 / cosine[scene]) * stand.lai[scene]
        for channel in range(2):
            level, attenuation = _VEGETATION[cover, channel].T
            soil = _DRY_SOIL_DB[channel] + _MOISTURE_DB[channel] * (weather.moisture[at[scene]] * (1 - 0.8 * frost))
            soil = soil + _ANGLE_DB[channel] * (passes.incidence[scene] - 38.0) + _ROUGHNESS[cover]
            soil = soil + 2.2 * stand.disturbed[scene] - 0.5 * stand.litter[scene] + own[scene, channel]
            leaves = level + 0.6 * own[scene, channel] + 0.35 * wet - 1.8 * frost
            through = np.exp(path * attenuation[stand.parcel])
            canopy = (10 ** (0.1 * leaves) * cosine[scene])[stand.parcel]
            power[scene, channel] = canopy * (1 - through) + (10 ** (0.1 * soil))[stand.parcel] * through
    power *= (10 ** (0.1 * texture))[:, None]
    power *= _speckle(rng, power.shape, looks)
    return np.asarray(power / cosine[:, None, None, None], dtype=np.float32)


def _character(rng: np.random.Generator, passes: RadarPasses, weather: Weather, parcels: int) -> FloatArray:
    """Return dB by which each parcel departs from the formula: always, per orbit, slowly in time, and per scene."""
    n, days = len(passes.days), len(weather.days)
    lasting = rng.normal(0, 0.9, (2, parcels)) + rng.normal(0, 0.7, (1, parcels))
    found = np.broadcast_to(lasting, (n, 2, parcels)).copy()
    for orbit in np.unique(passes.orbits):
        found[passes.orbits == orbit] += rng.normal(0, 0.7, (1, parcels)) + rng.normal(0, 0.3, (2, parcels))
    at = weather.at(passes.days)
    slow = [smooth_series(rng, days, rng.uniform(6, 25))[at] for _ in range(3 * parcels)]
    shared, apart = np.stack(slow[:parcels], axis=1), np.stack(slow[parcels:], axis=1).reshape(n, 2, parcels)
    found += np.array([[0.8], [1.25]]) * rng.uniform(0.5, 1.2, parcels) * (0.7 * shared[:, None] + 0.75 * apart)
    found += rng.normal(0, 0.20, (n, 1, 1)) + rng.normal(0, 0.15, (n, 2, 1))
    return np.asarray(found, dtype=np.float32)


def _texture(rng: np.random.Generator, stand: Stand, passes: RadarPasses) -> FloatArray:
    """Return lasting dB texture per pixel: walls that face the radar in villages, hardly any in fields."""
    built = (stand.cover == INDEX["village"]).any(axis=0)[stand.parcel]
    spread = np.where(built, 3.0, 0.35)
    shape = stand.parcel.shape
    common = rng.standard_normal(shape)
    found = np.empty((len(passes.days), *shape))
    for orbit in np.unique(passes.orbits):
        found[passes.orbits == orbit] = spread * (0.8 * common + 0.6 * rng.standard_normal(shape))
    return np.asarray(found, dtype=np.float32)


def _speckle(rng: np.random.Generator, shape: tuple[int, ...], looks: float) -> FloatArray:
    """Return multiplicative speckle of mean 1: averages of independent looks, tied to their neighbours."""
    wide = (*shape[:2], shape[2] + 2, shape[3] + 2)
    noise = rng.standard_gamma(looks, wide, dtype=np.float32)
    noise /= np.float32(looks)
    # Resampling ties neighbours together (correlation about 0.55) and multiplies the looks by five.
    rows = 0.2 * noise[:, :, :-2] + 0.6 * noise[:, :, 1:-1] + 0.2 * noise[:, :, 2:]
    return np.asarray(0.2 * rows[..., :-2] + 0.6 * rows[..., 1:-1] + 0.2 * rows[..., 2:], dtype=np.float32)
