"""The two networks applied to features: predicted LAI, then fused LAI; the same path in training and in a job."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.bands import LAI_MAX
from models.cnn_transformer import CnnTransformer
from models.edcstfn import Edcstfn
from models.features import AGE_SCALE, DayFeatures

EXTRAS = 6
"""Per reference: mask, age, local offset, local support, prior's spread, whether it is the day's own scene."""
LOCAL_PX = 21
"""Side of the square over which a reference's departure from the prediction is averaged; 420 m at 20 m pixels.

Single scenes carry an offset shared by the whole scene: what the visible part shows of it holds for the hidden part
    too.
"""
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
        """Return fused LAI (B, 1, H, W) in m2/m2: predicted LAI plus what the references say."""
        refs = day.ref_masks * day.observed_refs + (1 - day.ref_masks) * day.ref_means
        extras = _describe(day, refs - day.ref_means)
        correction = self.step2(refs / LAI_MAX, day.ref_means / LAI_MAX, predicted / LAI_MAX, extras, day.ref_masks)
        return torch.clamp(predicted + LAI_MAX * correction, 0, LAI_MAX)


def _describe(day: DayFeatures, departure: Tensor) -> Tensor:
    """Return (B, 3, 6, H, W) what is known of each reference besides its LAI."""
    support = nn.functional.avg_pool2d(day.ref_masks, LOCAL_PX, 1, LOCAL_PX // 2, count_include_pad=True)
    total = nn.functional.avg_pool2d(day.ref_masks * departure, LOCAL_PX, 1, LOCAL_PX // 2, count_include_pad=True)
    offset = total / (support + 0.02)  # a few pixels only hint at the offset
    own = torch.zeros_like(day.ref_masks)
    own[:, 0] = 1
    spread = day.sd.expand_as(day.ref_masks)
    return torch.stack([day.ref_masks, day.ref_ages / AGE_SCALE, offset, support, spread, own], dim=2)
