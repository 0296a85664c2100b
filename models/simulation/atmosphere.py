"""From the reflectance of the ground to what the product of one day says: cloud, haze, correction error, sensor noise.

Two clear scenes a few days apart differ in retrieved LAI by 0.2–1.0 m²/m², more where LAI is high and with heavy tails.
Three causes make that here: an error of the day's atmospheric correction shared by the whole scene, a smooth haze, and
a misregistration of a fraction of a pixel that shows at parcel borders.
"""

from __future__ import annotations

import numpy as np

from models.series import FloatArray
from models.simulation.clouds import Sky
from models.simulation.noise import smooth_fields

#                B02   B03   B04   B05   B06   B07   B08   B8A   B11   B12
_HAZE = np.array([1.0, 0.80, 0.62, 0.57, 0.53, 0.49, 0.44, 0.42, 0.16, 0.10], dtype=np.float32)  # about λ^-1.5
_CLOUD = np.array([0.62, 0.62, 0.63, 0.64, 0.66, 0.67, 0.66, 0.66, 0.42, 0.30], dtype=np.float32)
_CIRRUS = np.array([0.45, 0.42, 0.40, 0.40, 0.40, 0.40, 0.40, 0.40, 0.28, 0.20], dtype=np.float32)
_SNOW = np.array([0.75, 0.75, 0.74, 0.74, 0.72, 0.70, 0.68, 0.66, 0.14, 0.12], dtype=np.float32)
_SKYLIGHT = np.array([0.55, 0.48, 0.42, 0.40, 0.38, 0.36, 0.34, 0.33, 0.25, 0.22], dtype=np.float32)  # left in a shadow


def seen_through(rng: np.random.Generator, ground: FloatArray, air: Sky, snow: FloatArray) -> FloatArray:
    """Return the reflectance that the product reports, shape as `ground`; works in place.

    Args:
        rng: source of randomness.
        ground: (T, 10, H, W) true surface reflectance.
        air: clouds, shadows and cirrus over it.
        snow: (T,) share of the ground under snow.
    """
    n, _, height, width = ground.shape
    ground += snow[:, None, None, None] * 0.8 * (_SNOW[:, None, None] - ground)
    _misregister(rng, ground)
    gain = 1.0 + 0.052 * _heavy(rng, (n, 1)) + 0.013 * _heavy(rng, (n, 10))
    path = 0.0065 * _heavy(rng, (n, 1)) * _HAZE + 0.0015 * _heavy(rng, (n, 10))
    ground *= gain[:, :, None, None]
    ground += path[:, :, None, None]
    patchy = smooth_fields(rng, (n, height, width), 14.0) * 0.005 * np.abs(_heavy(rng, (n, 1)))[:, :, None]
    opacity, cirrus = air.opacity, air.cirrus
    for band in range(ground.shape[1]):
        values = ground[:, band]
        values *= 1.0 - air.shade * (1.0 - _SKYLIGHT[band])
        values += patchy * _HAZE[band]
        values += opacity * (_CLOUD[band] - values)
        values += cirrus * (_CIRRUS[band] - values)
        values *= 1.0 + 0.010 * rng.standard_normal(values.shape, dtype=np.float32)
    return np.clip(ground, 0.0005, 1.4, out=ground)


def _heavy(rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
    """Return Student t with 2 degrees of freedom, cut off where no product would be published."""
    return np.asarray(0.85 * rng.standard_t(2, shape).clip(-9, 9), dtype=np.float32)


def _misregister(rng: np.random.Generator, ground: FloatArray) -> None:
    """Shift each scene by a fraction of a pixel (multi-temporal registration of Sentinel-2 is about 0.3 px)."""
    for axis in (2, 3):
        step = rng.normal(0.0, 0.28, len(ground)).astype(np.float32)[:, None, None, None]
        if ground.shape[axis] > 1:
            ahead, behind = np.roll(ground, -1, axis), np.roll(ground, 1, axis)
            edge = [slice(None)] * 4
            for at, neighbour in ((-1, ahead), (0, behind)):
                edge[axis] = slice(-1, None) if at else slice(0, 1)
                neighbour[tuple(edge)] = ground[tuple(edge)]
            ground += np.maximum(step, 0) * (ahead - ground) + np.maximum(-step, 0) * (behind - ground)
