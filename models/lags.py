"""How a network is told when a radar date was, seen from the target day."""

from __future__ import annotations

import torch
from torch import Tensor

LAG_SCALES = (6.0, 18.0, 45.0)
"""Days; wavelengths by which a network tells how far a radar date lies from the target."""
LAG_FEATURES = 2 * len(LAG_SCALES) + 1


def lag_features(lags: Tensor) -> Tensor:
    """Return (..., 7) smooth functions of the signed lag in days (...)."""
    waves = [wave(lags / scale) for scale in LAG_SCALES for wave in (torch.sin, torch.cos)]
    return torch.stack([*waves, torch.exp(-lags.abs() / 10)], dim=-1)
