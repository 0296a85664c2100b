"""What the satellites are known to do where neither item nor granule XML tells."""

from __future__ import annotations

import math

import numpy as np

from jobs.scenes import Scene
from models.series import FloatArray

VIEW_ZENITH_DEG = 6.0
"""Mean over the 290 km swath of Sentinel-2 (0..10.3); real Planetary Computer items carry no view angles.

A fixed view zenith costs 0.03 LAI, a fixed relative azimuth 0.05: far below the noise of a scene.
"""
RELATIVE_AZIMUTH_DEG = 90.0
SUN_ZENITH_DEG = 45.0
INCIDENCE_DEG = 39.0
"""Mid-swath of Sentinel-1's interferometric wide mode (29..46)."""
NO_ORBIT = -1


def cosines(scene: Scene) -> FloatArray:
    """Return (3,) cosines of view zenith, sun zenith and relative azimuth of an optical scene."""
    view = VIEW_ZENITH_DEG if scene.view_zenith is None else scene.view_zenith
    sun = SUN_ZENITH_DEG if scene.sun_zenith is None else scene.sun_zenith
    relative = RELATIVE_AZIMUTH_DEG
    if scene.sun_azimuth is not None and scene.view_azimuth is not None:
        relative = scene.sun_azimuth - scene.view_azimuth
    return np.array([math.cos(math.radians(angle)) for angle in (view, sun, relative)], np.float32)


def cos_incidence(scene: Scene) -> float:
    """Return the cosine of a radar scene's mean incidence angle."""
    return math.cos(math.radians(INCIDENCE_DEG if scene.incidence is None else scene.incidence))
