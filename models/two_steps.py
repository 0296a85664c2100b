"""The two networks applied to features: predicted LAI, then fused LAI; the same path in training and in a job.

The prior and step 1 never see the target day's own scene. Step 2 does: where a cloud hides only part of the scene, the
visible part shows how far the day lies from the prediction.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.bands import LAI_MAX
from models.cnn_transformer import CnnTransformer
from models.edcstfn import Edcstfn
from models.features import AGE_SCALE, DayFeatures

LOCAL_PX = (11, 41)
"""Sides of the squares over which a reference's departure from what was expected is averaged; 220 and 820 m at 20 m.

Single scenes carry an offset shared by the whole scene: what the visible part shows of it holds for the hidden part
too.
"""
EXTRAS = 6 + 2 * len(LOCAL_PX)
"""Per reference: mask, age, prior's spread, whether it is the day's own scene; local offset and support per square; and
of the day's own scene, the kriged departure and how much of it is known."""
MIN_SPREAD = 0.1
"""m2/m2; a correction of step 1 is never scaled by less."""


class TwoSteps(nn.Module):
    """Step 1 and step 2 side by side, with what joins them."""

    def __init__(self, step1: CnnTransformer, step2: Edcstfn) -> None:
        super().__init__()
        self.step1, self.step2 = step1, step2

    def predict(self, day: DayFeatures, tokens: Tensor, present: Tensor) -> Tensor:
        """Return predicted LAI (B, 1, H, W) in m2/m2: prior plus a residual in units of the prior's spread.

        Args:
            day: features of B target days.
            tokens: (B, N, C, H/4, W/4) radar dates from `CnnTransformer.encode`.
            present: (B, N) True where there is one.
        """
        residual = self.step1(day.query, tokens, day.lags, present)
        return torch.clamp(day.mean + residual * day.sd.clamp(min=MIN_SPREAD), 0, LAI_MAX)

    def fuse(self, day: DayFeatures, predicted: Tensor) -> Tensor:
        """Return fused LAI (B, 1, H, W) in m2/m2.

        Where the day's own scene tells, fused LAI is the prior and its kriged departure; where it does not, the
        prediction; either way with a learned correction.
        """
        expected = torch.cat([predicted, day.ref_means[:, 1:]], dim=1)  # step 1 has not seen the day's own scene
        refs = day.ref_masks * day.observed_refs + (1 - day.ref_masks) * expected
        extras = _describe(day, refs - expected)
        correction = self.step2(refs / LAI_MAX, expected / LAI_MAX, predicted / LAI_MAX, extras, day.ref_masks)
        start = day.mean + day.shift + (1 - day.told) * (predicted - day.mean)
        return torch.clamp(start + LAI_MAX * correction, 0, LAI_MAX)


def _describe(day: DayFeatures, departure: Tensor) -> Tensor:
    """Return what is known of each reference besides its LAI, (B, 3, 10, H, W).

    Args:
        day: features of B target days.
        departure: (B, 3, H, W) observed minus expected, m2/m2; 0 where masked.
    """
    own = torch.zeros_like(day.ref_masks)
    own[:, 0] = 1
    channels = [day.ref_masks, day.ref_ages / AGE_SCALE, day.sd.expand_as(day.ref_masks), own]
    for side in LOCAL_PX:
        support = _local_mean(day.ref_masks, side)
        offset = _local_mean(departure, side) / (support + 0.02)  # a few pixels only hint at the offset
        channels += [offset, support]
    channels += [own * day.shift, own * day.told]
    return torch.stack(channels, dim=2)


def _local_mean(maps: Tensor, side: int) -> Tensor:
    """Return the mean over a square around each pixel; beyond the edge there is nothing, which counts as zero."""
    return nn.functional.avg_pool2d(maps, side, 1, side // 2, count_include_pad=True)
