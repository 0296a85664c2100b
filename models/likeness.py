"""What the visible part of a scene says of its hidden part: the departures of pixels that are alike.

A clear scene departs from what was expected of it, differently for every crop. A hidden pixel takes the departure of
visible pixels near it whose LAI before and after, expected LAI and radar change are like its own: attention with fixed
keys. Close by, every pixel is looked at; farther away, means of 3 x 3 pixels are, so that none is left out. The
constants were chosen on simulated sites.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

DENSE_PX, BLOCK_PX, FAR_PX = 4, 3, 18
"""Every pixel is looked at up to 4 pixels away, then blocks of 3 x 3 whose middle lies up to 18 pixels away."""
REACH_PX = FAR_PX + BLOCK_PX // 2
NEAR_PX = 8.0
"""Standard deviation of the weight in space; 160 m at 20 m pixels."""
DOUBT = 0.3
"""Weight of the wide offset that is believed where no pixel is alike."""
_CLOSE, _STEPS = range(-DENSE_PX, DENSE_PX + 1), range(-FAR_PX, FAR_PX + 1, BLOCK_PX)
NEAR = list(product(_CLOSE, _CLOSE))
FAR = [(down, right) for down, right in product(_STEPS, _STEPS) if max(abs(down), abs(right)) > DENSE_PX]
"""Rows and columns between a pixel and what it looks at; the two together cover the square without a gap."""


def alike_offset(departure: Tensor, mask: Tensor, keys: Tensor, wide: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean departure of visible pixels that are alike, m2/m2, and their weight in all, both (B, 1, H, W).

    Args:
        departure: (B, 1, H, W) observed minus expected, m2/m2; 0 where hidden.
        mask: (B, 1, H, W) 1 where visible.
        keys: (B, K, H, W) what pixels are compared by, in units of the distance at which they stop being alike.
        wide: (B, 1, H, W) offset that stands in where no pixel is alike, m2/m2.
    """
    around = pad(torch.cat([keys * mask, departure, mask], dim=1), (REACH_PX,) * 4)
    blocks = avg_pool2d(around, BLOCK_PX, 1, BLOCK_PX // 2)
    share = blocks[:, -1:]
    blocks = torch.cat([blocks[:, :-1] / share.clamp(min=1e-6), share], dim=1)  # means over what is visible of a block
    total, weight = DOUBT * wide, torch.full_like(mask, DOUBT)
    for maps, shifts in ((around, NEAR), (blocks, FAR)):
        seen, departed = _looked_at(maps, keys, shifts)
        total, weight = total + departed, weight + seen
    return total / weight, weight - DOUBT


def _looked_at(maps: Tensor, keys: Tensor, shifts: Sequence[tuple[int, int]]) -> tuple[Tensor, Tensor]:
    """Return the weight of what lies so many rows and columns away, and its departures times their weights.

    Args:
        maps: (B, K + 2, H + 2 R, W + 2 R) keys, departure and visible share, with the reach around them.
        keys: (B, K, H, W) of the pixels that look.
        shifts: where they look.
    """
    height, width = keys.shape[-2:]
    weight, total = torch.zeros_like(keys[:, :1]), torch.zeros_like(keys[:, :1])
    for down, right in shifts:
        top, left = REACH_PX + down, REACH_PX + right
        other = maps[:, :, top : top + height, left : left + width]
        distance = ((keys - other[:, :-2]) ** 2).sum(dim=1, keepdim=True) + (down**2 + right**2) / NEAR_PX**2
        share = torch.exp(-0.5 * distance) * other[:, -1:]
        weight, total = weight + share, total + share * other[:, -2:-1]
    return weight, total
