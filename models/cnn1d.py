"""The paper's first rival: a 1D CNN over one pixel's radar series.

One of the three networks that Li et al. (2025), Int. J. Appl. Earth Obs. Geoinf. 142, 104745, compare their 2D
CNN-Transformer with. Its layers are not public: those below are our choice.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.lags import LAG_FEATURES, lag_features
from models.radar_levels import LEVEL_CHANNELS


class Cnn1d(nn.Module):
    """Three convolutions over the radar dates of a pixel, then the mean over those that exist.

    Args:
        width: channels.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        channels = LEVEL_CHANNELS + LAG_FEATURES
        self.over_time = nn.Sequential(
            nn.Conv1d(channels, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv1d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv1d(width, width, 3, padding=1),
            nn.ReLU(),
        )
        self.head = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, images: Tensor, lags: Tensor, present: Tensor) -> Tensor:
        """Return LAI / 8 (B, 1, H, W) of the target day.

        Args:
            images: (B, N, C, H, W) radar dates, as `RadarLevels` has them.
            lags: (B, N) signed days from the target.
            present: (B, N) True where there is a radar date.
        """
        batch, dates, channels, height, width = images.shape
        series = images.permute(0, 3, 4, 2, 1).reshape(-1, channels, dates)  # (B H W, C, N)
        when = lag_features(lags).transpose(1, 2)  # (B, L, N)
        when = when.repeat_interleave(height * width, dim=0)
        there = present.float().repeat_interleave(height * width, dim=0)[:, None]  # (B H W, 1, N)
        features = self.over_time(torch.cat([series, when], dim=1) * there) * there
        pooled = features.sum(dim=2) / there.sum(dim=2).clamp(min=1)  # (B H W, F)
        return self.head(pooled).reshape(batch, height, width, 1).permute(0, 3, 1, 2)  # type: ignore[no-any-return]
