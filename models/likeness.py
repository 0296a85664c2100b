"""What the visible part of a scene says of its hidden part: the departures of pixels that are alike.

A clear scene departs from what was expected of it, differently for every crop. A hidden pixel takes the departure of
visible pixels near it whose LAI before and after, expected LAI and radar change are like its own: attention with fixed
keys. The constants were chosen on simulated sites.
"""

from __future__ import annotations

from itertools import product

import torch
from torch import Tensor
from torch.nn.functional import pad

REACH_PX, STRIDE_PX, DENSE_PX = 18, 3, 3
"""Pixels are looked at this far away, every third one, and all of them close by."""
NEAR_PX = 8.0
"""Standard deviation of the weight in space; 160 m at 20 m pixels."""
DOUBT = 0.3
"""Weight of the wide offset that is believed where no pixel is alike."""
SHIFTS = sorted(
    set(product(range(-REACH_PX, REACH_PX + 1, STRIDE_PX), repeat=2))
    | set(product(range(-DENSE_PX, DENSE_PX + 1), repeat=2))
)
"""Rows and columns between a pixel and those it looks at."""


def alike_offset(departure: Tensor, mask: Tensor, keys: Tensor, wide: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean departure of visible pixels that are alike, m2/m2, and their weight in all, both (B, 1, H, W).

    Args:
        departure: (B, 1, H, W) observed minus expected, m2/m2; 0 where hidden.
        mask: (B, 1, H, W) 1 where visible.
        keys: (B, K, H, W) what pixels are compared by, in units of the distance at which they stop being alike.
        wide: (B, 1, H, W) offset that stands in where no pixel is alike, m2/m2.
    """
    height, width = mask.shape[-2:]
    around = pad(torch.cat([keys, departure, mask], dim=1), (REACH_PX,) * 4)
    total, weight = DOUBT * wide, torch.full_like(mask, DOUBT)
    for down, right in SHIFTS:
        top, left = REACH_PX + down, REACH_PX + right
        other = around[:, :, top : top + height, left : left + width]
        distance = ((keys - other[:, :-2]) ** 2).sum(dim=1, keepdim=True) + (down**2 + right**2) / NEAR_PX**2
        share = torch.exp(-0.5 * distance) * other[:, -1:]
        total = total + share * other[:, -2:-1]
        weight = weight + share
    return total / weight, weight - DOUBT
