"""The paper's second rival: a 2D CNN on each radar date, an LSTM over the dates.

One of the three networks that Li et al. (2025), Int. J. Appl. Earth Obs. Geoinf. 142, 104745, compare their 2D
CNN-Transformer with. Its layers are not public: those below are our choice.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.lags import LAG_FEATURES, lag_features
from models.radar_levels import LEVEL_CHANNELS, RadarStem, UpTo


class Cnn2dLstm(nn.Module):
    """A stem shared by all dates, an LSTM per location at a quarter of the resolution, a decoder.

    Args:
        width: channels of the stem and the LSTM.
    """

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.stem = RadarStem(LEVEL_CHANNELS, width)
        self.over_time = nn.LSTM(width + LAG_FEATURES, width, batch_first=True)
        self.decoder = UpTo(width, width)

    def forward(self, images: Tensor, lags: Tensor, present: Tensor) -> Tensor:
        """Return LAI / 8 (B, 1, H, W) of the target day; arguments as `Cnn1d.forward`; H and W multiples of 4."""
        tokens, detail = self.stem(images, present)  # (B, N, F, h, w), (B, F, H, W)
        batch, dates, width, height, breadth = tokens.shape
        series = tokens.permute(0, 3, 4, 1, 2).reshape(-1, dates, width)  # (B h w, N, F)
        when = lag_features(lags).repeat_interleave(height * breadth, dim=0)
        steps, _ = self.over_time(torch.cat([series, when], dim=2))
        last = present.sum(dim=1).clamp(min=1).sub(1).repeat_interleave(height * breadth)  # dates come first, gaps last
        state = steps[torch.arange(len(steps), device=steps.device), last]
        state = state.reshape(batch, height, breadth, width).permute(0, 3, 1, 2)
        return self.decoder(state, detail)  # type: ignore[no-any-return]
