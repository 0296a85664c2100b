"""What pixels of a day are compared by, to tell which of them depart from the prior alike."""

from __future__ import annotations

import numpy as np

from models.prior import Prior
from models.series import FloatArray

KEY_LAI, KEY_EDGES, KEY_RADAR_DB, KEY_SD = 0.6, 0.8, 1.5, 0.5
"""m2/m2, dB: differences at which two pixels stop being alike; chosen on simulated sites, as `own_scene`."""


def likeness_keys(prior: Prior, change: FloatArray) -> FloatArray:
    """Return (D, 6, H, W) keys, in units of the difference at which two pixels stop being alike.

    Args:
        prior: its mean and spread, and LAI before and after, are keys.
        change: (D, C, H, W) of backscatter against the days before and after, dB, of VV and VH first: two more.
    """
    before, after = prior.enclosing()
    lai = [prior.mean / KEY_LAI, before / KEY_EDGES, after / KEY_EDGES, prior.sd / KEY_SD]
    return np.concatenate([np.stack(lai, axis=1), change[:, :2] / KEY_RADAR_DB], axis=1).astype(np.float32)
