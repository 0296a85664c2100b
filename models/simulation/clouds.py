"""Clouds, their shadows, cirrus and haze over each scene, and the scene classification that only half sees them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from models.series import BoolArray, FloatArray, IntArray
from models.simulation.noise import smooth_fields
from models.simulation.orbits import OpticalPasses

Classes = NDArray[np.uint8]

# How far above the edge of a cloud (in standard deviations of its field) it is called what.
_HIGH, _MEDIUM, _DOUBTFUL = 0.45, 0.16, -0.17
_PIXEL_M = 20.0
_SPREAD = 0.75  # share of a field's variance that the weather of the day decides; the rest is local
_RAGGED = 0.12  # standard deviation of the small structure of cloud edges
_FARTHEST_PX = 90.0  # a shadow that falls farther away is as good as another cloud's


@dataclass(frozen=True)
class Sky:
    """What stands between ground and sensor, each (T, H, W).

    Attributes:
        depth: height above the cloud edge in standard deviations; negative = clear.
        shade: 0..1 of direct sun missing.
        cirrus: opacity 0..1.
    """

    depth: FloatArray
    shade: FloatArray
    cirrus: FloatArray

    @property
    def opacity(self) -> FloatArray:
        """Share of the ground's light that water clouds replace; a little reaches beyond the visible edge."""
        return np.asarray(np.clip((self.depth + 0.30) / 0.75, 0.0, 1.0) ** 1.7, dtype=np.float32)


def sky(rng: np.random.Generator, passes: OpticalPasses, cloudy: FloatArray, share: float, size_px: int) -> Sky:
    """Return the sky of every pass.

    Args:
        rng: source of randomness.
        passes: days and sun of the scenes.
        cloudy: (T,) cloudiness of the day, about standard normal.
        share: of scenes with the middle under cloud.
        size_px: side of the site.
    """
    edge = float(ndtri(1.0 - share))
    depth = np.empty((len(cloudy), size_px, size_px), dtype=np.float32)
    shadow = np.empty_like(depth)
    lengths = np.exp(rng.normal(np.log(35.0), 0.9, len(cloudy))).clip(5.0, 400.0)  # pixels: cumulus to stratus
    heights = np.exp(rng.normal(np.log(900.0), 0.6, len(cloudy)))  # m above ground
    reach = heights * np.tan(np.radians(passes.directions.sun_zenith)) / _PIXEL_M
    reach = np.minimum(reach, _FARTHEST_PX)
    towards_sun = np.radians(passes.sun_azimuth)
    for scene, level in enumerate(cloudy):
        # What shades a pixel lies in the sun's direction: north is up, east is right.
        offset = (-reach[scene] * np.cos(towards_sun[scene]), reach[scene] * np.sin(towards_sun[scene]))
        here, there = _two_views(rng, size_px, lengths[scene], offset)
        depth[scene] = np.sqrt(_SPREAD) * level + np.sqrt(1 - _SPREAD) * here - edge
        shadow[scene] = np.sqrt(_SPREAD) * level + np.sqrt(1 - _SPREAD) * there - edge
    depth += _RAGGED * smooth_fields(rng, depth.shape, 4.0)
    shade = np.clip((shadow + 0.05) / 0.35, 0.0, 1.0)
    return Sky(depth, shade, _cirrus(rng, cloudy, size_px))


def _two_views(
    rng: np.random.Generator, size: int, length: float, offset: tuple[float, float]
) -> tuple[FloatArray, FloatArray]:
    """Return one random field at the site and at a place `offset` (rows, columns) away from it."""
    sigma = length / np.sqrt(2.0)
    axes = []
    for move in offset:
        start, stop = min(0.0, move) - 3 * sigma, size + max(0.0, move) + 3 * sigma
        nodes = np.arange(start, stop + sigma, sigma)
        kernels = []
        for shift in (0.0, move):
            kernel = np.exp(-0.5 * ((np.arange(size)[:, None] + shift - nodes) / sigma) ** 2)
            kernels.append(kernel / np.linalg.norm(kernel, axis=1, keepdims=True))
        axes.append(kernels)
    noise = rng.standard_normal((axes[0][0].shape[1], axes[1][0].shape[1]))
    return axes[0][0] @ noise @ axes[1][0].T, axes[0][1] @ noise @ axes[1][1].T


def _cirrus(rng: np.random.Generator, cloudy: FloatArray, size_px: int) -> FloatArray:
    """Return the opacity of high thin ice clouds: in about a sixth of the scenes, long and streaky."""
    fields = smooth_fields(rng, (len(cloudy), size_px, size_px), 45.0)
    level = rng.normal(-0.95, 0.9, len(cloudy)) + 0.35 * cloudy
    thick = np.clip(level[:, None, None] + 0.6 * fields, 0.0, None)
    return np.asarray(0.28 * (1 - np.exp(-0.9 * thick)), dtype=np.float32)


def classify(
    rng: np.random.Generator,
    air: Sky,
    reflectance: FloatArray,
    water: BoolArray,
    roofs: BoolArray,
    snow: IntArray,
) -> Classes:
    """Return scene classes (T, H, W) with the errors that real ones have.

    Thin cloud near the edges and weak cirrus pass as clear, bright roofs pass as cloud, dark ground as shadow.

    Args:
        rng: source of randomness.
        air: the sky.
        reflectance: (T, 10, H, W) as the sensor sees it.
        water: (H, W) open water.
        roofs: (H, W) roofs bright enough to be taken for cloud now and then.
        snow: (T,) 1 where snow lies.
    """
    red, near_infrared = reflectance[:, 2], reflectance[:, 7]
    ndvi = (near_infrared - red) / np.maximum(near_infrared + red, 1e-3)
    found = np.where(ndvi > rng.uniform(0.38, 0.52, (len(snow), 1, 1)), 4, 5).astype(np.uint8)
    found[(near_infrared < 0.09) & ~water & (rng.random(red.shape, dtype=np.float32) < 0.4)] = 2
    found[np.broadcast_to(water, found.shape)] = 6
    found[np.broadcast_to((snow == 1)[:, None, None], found.shape)] = 11
    # Each scene is judged a little differently: the thresholds of the classifier move with the haze of the day.
    depth = air.depth + rng.normal(0, 0.10, len(snow))[:, None, None].astype(np.float32)
    depth = depth + 0.05 * rng.standard_normal(depth.shape, dtype=np.float32)
    found[depth > _DOUBTFUL] = 7
    shaded = (air.shade > 0.5) & (depth <= _MEDIUM)
    found[shaded] = np.broadcast_to(rng.choice((2, 3, 3, 7), (len(snow), 1, 1)), found.shape)[shaded]
    found[air.cirrus > 0.065 * np.exp(rng.normal(0, 0.5, (len(snow), 1, 1)))] = 10
    found[depth > _MEDIUM] = 8
    found[depth > _HIGH] = 9
    mistaken = roofs & (rng.random((len(snow), 1, 1)) < 0.25) & (found < 6)
    found[mistaken] = 8
    return found
