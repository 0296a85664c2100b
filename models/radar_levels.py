"""What the paper's networks see: the radar series around a day, as levels of backscatter, and no optical scene."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from models.bands import to_decibels
from models.features import nearest_passes
from models.radar import pass_channels
from models.series import BoolArray, IntArray, RadarSeries

LEVEL_CHANNELS = 5
"""VV, VH, whether there is data, pass direction, cosine of the incidence angle."""
MEAN_DB, SPREAD_DB = (-11.0, -17.5), (3.5, 4.0)
"""VV and VH of vegetated land at C band, roughly: only to bring the numbers near one."""


@dataclass(frozen=True)
class RadarLevels:
    """The radar dates around D target days.

    Attributes:
        images: (S, 5, H, W) every pass of the site.
        index: (D, N) passes around each day, -1 = none, in time order.
        lags: (D, N) signed days from the target.
        days: (S,) of the passes.
        target_days: (D,).
        valid: (S, H, W) True where a pass has data.
    """

    images: Tensor
    index: Tensor
    lags: Tensor
    days: IntArray
    target_days: IntArray
    valid: BoolArray

    def of_passes(self, shown: BoolArray) -> RadarLevels:
        """Return the dates chosen among some of the passes, (S,)."""
        index, lags = nearest_passes(self.days, self.target_days, shown)
        return replace(self, index=torch.from_numpy(index), lags=torch.from_numpy(lags))

    def day(self, d: int) -> tuple[Tensor, Tensor, Tensor]:
        """Return images (1, N, 5, H, W), lags (1, N) and which passes exist (1, N) of one target day."""
        present = self.index[d : d + 1] >= 0
        if not len(self.images):  # no pass at all: dates that are absent still have a shape
            return self.images.new_zeros(1, present.shape[1], *self.images.shape[1:]), self.lags[d : d + 1], present
        return self.images[self.index[d].clamp(min=0).long()][None], self.lags[d : d + 1], present


def radar_levels(radar: RadarSeries, target_days: IntArray) -> RadarLevels:
    """Return the radar dates around each target day."""
    radar = radar.with_data()
    there: BoolArray = np.asarray(np.isfinite(radar.power).all(axis=1))  # (S, H, W)
    level = to_decibels(np.nan_to_num(radar.power, nan=1.0))
    level = (level - np.reshape(MEAN_DB, (2, 1, 1))) / np.reshape(SPREAD_DB, (2, 1, 1))
    constant = pass_channels(radar.ascending, radar.cos_incidence, there.shape[1:])
    images = np.concatenate([np.where(there[:, None], level, 0), there[:, None], constant], axis=1)
    index, lags = nearest_passes(radar.days, target_days)
    passes = torch.from_numpy(images.astype(np.float32))
    return RadarLevels(passes, torch.from_numpy(index), torch.from_numpy(lags), radar.days, target_days, there)


class RadarStem(nn.Module):
    """A 2D CNN shared by all dates: tokens at a quarter of the resolution, and their mean detail at the full one."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(channels, width // 2, 3, padding=1, padding_mode="replicate"), nn.ReLU())
        self.rest = nn.Sequential(
            nn.Conv2d(width // 2, width, 3, 2, padding=1, padding_mode="replicate"),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, 2, padding=1, padding_mode="replicate"),
        )

    def forward(self, images: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
        """Return tokens (B, N, F, H/4, W/4) and detail (B, F/2, H, W) of images (B, N, C, H, W)."""
        batch, dates = images.shape[:2]
        fine = self.first(images.flatten(0, 1))
        tokens = self.rest(fine)
        there = present.float()[:, :, None, None, None]
        detail = (fine.reshape(batch, dates, *fine.shape[1:]) * there).sum(dim=1) / there.sum(dim=1).clamp(min=1)
        return tokens.reshape(batch, dates, *tokens.shape[1:]), detail


class UpTo(nn.Module):
    """From a state at a quarter of the resolution, with detail at the full one, to one value per pixel."""

    def __init__(self, width: int, detail: int) -> None:
        super().__init__()
        self.mix = nn.Sequential(
            nn.Conv2d(width + detail // 2, width, 3, padding=1, padding_mode="replicate"),
            nn.ReLU(),
            nn.Conv2d(width, 1, 1),
        )

    def forward(self, state: Tensor, detail: Tensor) -> Tensor:
        """Return (B, 1, H, W) from a state (B, F, H/4, W/4) and detail (B, F/2, H, W)."""
        wide = nn.functional.interpolate(state, scale_factor=4, mode="bilinear", align_corners=False)
        return self.mix(torch.cat([wide, detail], dim=1))  # type: ignore[no-any-return]
