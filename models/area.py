"""What an area's visible scenes say of it as a whole: its mean LAI, and how LAI and backscatter move together there.

Whether leaves raise or lower backscatter, and by how much, depends on crops, soils and climate: the area's own scenes
tell, and nothing of it needs to travel from other places.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.noise import observation_noise
from models.radar import RadarAnomalies, anomalies
from models.series import FloatArray, ObservedLai, Site

TOGETHER_DAYS = 4
"""LAI and backscatter at most so far apart count as seen together."""
USUAL_MEAN = 1.0
"""m2/m2; where nothing was ever seen clearly: bare to sparse, and sigma says that it is a guess."""
USUAL_COVARIANCE = np.diag([1.0, 2.25, 1.0])
"""(m2/m2)², dB²: believed before anything is seen; backscatter says nothing of leaves."""
USUAL_SCENES = 3.0
"""It counts as much as so many scenes."""
LEAST_SIGNAL = 0.25
"""Share of LAI's variance between scenes that is never taken for their noise."""


@dataclass(frozen=True)
class AreaStatistics:
    """LAI and backscatter of an area, over all its pixels and scenes.

    Attributes:
        mean: () mean LAI, m2/m2.
        covariance: (3, 3) of noise-free LAI against its pixel's mean, m2/m2, and of the anomalies of VH and VH - VV,
            dB.
    """

    mean: FloatArray
    covariance: FloatArray


NO_SCENES = AreaStatistics(np.array(USUAL_MEAN, np.float32), USUAL_COVARIANCE.astype(np.float32))


def area_statistics(sites: Sequence[Site], radar: Sequence[RadarAnomalies] | None = None) -> AreaStatistics:
    """Return what the visible scenes of some squares of ground say of their area.

    Args:
        sites: windows of the area.
        radar: their anomalies, where they are known already.
    """
    radar = radar or [anomalies(site.radar) for site in sites]
    lai = [site.observed.lai for site in sites]
    seen = sum(int(np.isfinite(values).sum()) for values in lai)
    if not seen:
        return NO_SCENES
    mean = sum(float(np.nansum(values)) for values in lai) / seen
    scenes, products = 0.0, np.zeros((3, 3))
    for site, passes in zip(sites, radar, strict=True):
        for together, share in _seen_together(site.observed, passes):
            scenes += share / len(sites)
            products += share / len(sites) * (together.T @ together) / len(together)
    covariance = (USUAL_SCENES * USUAL_COVARIANCE + products) / (USUAL_SCENES + scenes)
    covariance[0, 0] = _lai_variance([site.observed for site in sites])  # for that no pass need be near
    return AreaStatistics(np.array(mean, np.float32), covariance.astype(np.float32))


def _lai_variance(looks: Sequence[ObservedLai]) -> float:
    """Return the variance of noise-free LAI in time, (m2/m2)²: that of all visible scenes without their noise."""
    total, scenes = USUAL_SCENES * USUAL_COVARIANCE[0, 0], USUAL_SCENES
    for look in looks:
        seen = np.isfinite(look.lai)
        count = seen.sum(axis=0)
        level = pixel_means(look, 0.0, 1e-6)
        squares = np.where(seen, (look.lai - level) ** 2, 0).sum(axis=0)
        often = count > 1  # a pixel seen once lies on its own mean
        degrees = count[often] - 1
        if degrees.size:
            found = squares[often].sum() / degrees.sum()
            noise = (degrees * observation_noise(level[often]) ** 2).sum() / degrees.sum()
            weight = degrees.sum() / seen[0].size / len(looks)
            scenes += weight
            total += weight * max(found - noise, LEAST_SIGNAL * found)
    return float(total / scenes)


def pixel_means(observed: ObservedLai, mean: float, belief: float) -> FloatArray:
    """Return (H, W) mean LAI of every pixel, drawn to the area's where the pixel was seen a few times only.

    Args:
        observed: visible observations.
        mean: of the area, m2/m2.
        belief: how many observations the area's mean counts as.
    """
    seen = np.isfinite(observed.lai)
    total = np.where(seen, observed.lai, 0).sum(axis=0) + belief * mean
    return np.asarray(total / (seen.sum(axis=0) + belief), np.float32)


def _seen_together(observed: ObservedLai, radar: RadarAnomalies) -> Iterator[tuple[FloatArray, float]]:
    """Yield (N, 3) LAI and backscatter of the pixels of every scene that has a pass near it, and the share of pixels.

    Scenes weigh by what they show: pixels of one scene err together.
    """
    if not len(radar.days):
        return
    departure = observed.lai - pixel_means(observed, 0.0, 1e-6)
    for lai, day in zip(departure, observed.days, strict=True):
        nearest = int(np.abs(radar.days - day).argmin())
        if abs(int(radar.days[nearest]) - int(day)) > TOGETHER_DAYS:
            continue
        both = np.isfinite(lai) & radar.valid[nearest]
        if both.any():
            yield np.column_stack([lai[both], radar.fine[nearest, 1:, both].reshape(-1, 2)]), float(both.mean())
