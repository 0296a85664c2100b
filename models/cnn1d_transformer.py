"""The paper's third rival: a 1D CNN-Transformer over one pixel's radar series.

One of the three networks that Li et al. (2025), Int. J. Appl. Earth Obs. Geoinf. 142, 104745, compare their 2D
CNN-Transformer with. Its layers are not public: those below are our choice.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.lags import LAG_FEATURES, lag_features
from models.radar_levels import LEVEL_CHANNELS


class Cnn1dTransformer(nn.Module):
    """Convolutions embed a pixel's radar dates, self-attention relates them, a token for the target reads them.

    Args:
        width: channels of a token.
        heads: attention heads.
        blocks: attention blocks.
    """

    def __init__(self, width: int = 32, heads: int = 4, blocks: int = 2) -> None:
        super().__init__()
        channels = LEVEL_CHANNELS + LAG_FEATURES
        self.embed = nn.Sequential(
            nn.Conv1d(channels, width, 3, padding=1), nn.ReLU(), nn.Conv1d(width, width, 3, padding=1)
        )
        self.target = nn.Parameter(torch.zeros(1, 1, width))
        block = nn.TransformerEncoderLayer(width, heads, 2 * width, 0.0, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(block, blocks, enable_nested_tensor=False)
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))

    def forward(self, images: Tensor, lags: Tensor, present: Tensor) -> Tensor:
        """Return LAI / 8 (B, 1, H, W) of the target day; arguments as `Cnn1d.forward`."""
        batch, dates, channels, height, width = images.shape
        places = height * width
        series = images.permute(0, 3, 4, 2, 1).reshape(-1, channels, dates)  # (B H W, C, N)
        when = lag_features(lags).transpose(1, 2).repeat_interleave(places, dim=0)  # (B H W, L, N)
        there = present.repeat_interleave(places, dim=0)  # (B H W, N)
        tokens = self.embed(torch.cat([series, when], dim=1) * there[:, None]).transpose(1, 2)  # (B H W, N, F)
        tokens = torch.cat([self.target.expand(len(tokens), 1, -1), tokens], dim=1)
        absent = torch.cat([torch.zeros_like(there[:, :1]), ~there], dim=1)
        read = self.blocks(tokens, src_key_padding_mask=absent)[:, 0]  # (B H W, F)
        return self.head(read).reshape(batch, height, width, 1).permute(0, 3, 1, 2)  # type: ignore[no-any-return]
