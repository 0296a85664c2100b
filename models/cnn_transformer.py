"""Step 1: the 2D CNN-Transformer, from the radar series and the temporal prior to predicted LAI.

After Li et al. (2025), Int. J. Appl. Earth Obs. Geoinf. 142, 104745, who map Sentinel-1 series to LAI by a 2D CNN
followed by a Transformer. Only the abstract of that paper is public: features, sizes, layers and loss below are our own
choice. Departures that we know of: the network predicts a residual on a temporal prior, in units of the prior's own
uncertainty, and starts at zero, so that an untrained network is interpolation; radar enters as change, not as level;
one query token per target day asks the radar dates around it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.features import QUERY_CHANNELS, TOKEN_CHANNELS
from models.lags import LAG_FEATURES, lag_features


def _conv(channels_in: int, channels_out: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, padding_mode="replicate")


class AttentionBlock(nn.Module):
    """The query token asks the radar dates of its location; then a small perceptron. Pre-norm, residual."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm_query, self.norm_tokens, self.norm_out = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.mix = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, query: Tensor, tokens: Tensor, absent: Tensor) -> Tensor:
        """Return the updated query (L, 1, C), given tokens (L, N, C) and which of them are absent (L, N)."""
        keys = self.norm_tokens(tokens)
        asked, _ = self.attention(self.norm_query(query), keys, keys, key_padding_mask=absent, need_weights=False)
        query = query + asked
        updated: Tensor = query + self.mix(self.norm_out(query))
        return updated


class CnnTransformer(nn.Module):
    """2D CNN stem shared by all radar dates, attention over time at a quarter of the resolution, CNN decoder.

    Args:
        width: channels of the tokens.
        detail: channels at full resolution.
        heads: attention heads.
        blocks: attention blocks.
    """

    def __init__(self, width: int = 48, detail: int = 32, heads: int = 4, blocks: int = 2) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            _conv(TOKEN_CHANNELS, 12), nn.ReLU(), _conv(12, 24, 2), nn.ReLU(), _conv(24, width, 2)
        )
        self.detail = nn.Sequential(_conv(QUERY_CHANNELS, detail), nn.ReLU(), _conv(detail, detail), nn.ReLU())
        self.pool = nn.Sequential(_conv(detail, width, 2), nn.ReLU(), _conv(width, width, 2))
        self.lag = nn.Linear(LAG_FEATURES, width)
        self.nothing = nn.Parameter(torch.zeros(1, 1, width))  # always there to be asked: no radar is an answer too
        self.blocks = nn.ModuleList(AttentionBlock(width, heads) for _ in range(blocks))
        self.decoder = nn.Sequential(_conv(width + detail, detail), nn.ReLU(), nn.Conv2d(detail, 1, 1))
        nn.init.zeros_(self.decoder[-1].weight)  # type: ignore[arg-type]
        nn.init.zeros_(self.decoder[-1].bias)  # type: ignore[arg-type]

    def encode(self, images: Tensor) -> Tensor:
        """Return the radar dates (N, 6, H, W) as tokens (N, C, H/4, W/4)."""
        return self.stem(images)  # type: ignore[no-any-return]

    def forward(self, query: Tensor, tokens: Tensor, lags: Tensor, present: Tensor) -> Tensor:
        """Return the residual (B, 1, H, W) in units of the prior's standard deviation.

        Args:
            query: (B, 22, H, W), sides multiples of 4.
            tokens: (B, N, C, H/4, W/4) from `encode`.
            lags: (B, N) signed days from the target.
            present: (B, N) True where there is a radar date.
        """
        detail = self.detail(query)  # (B, F, H, W)
        pooled = self.pool(detail)  # (B, C, h, w)
        batch, width, height, breadth = pooled.shape
        places = height * breadth
        tokens = tokens + self.lag(lag_features(lags))[:, :, :, None, None]
        tokens = tokens.permute(0, 3, 4, 1, 2).reshape(batch * places, -1, width)  # (B h w, N, C)
        tokens = torch.cat([self.nothing.expand(len(tokens), 1, width), tokens], dim=1)
        absent = torch.cat([torch.zeros_like(present[:, :1]), ~present], dim=1)
        absent = absent[:, None].expand(batch, places, -1).reshape(batch * places, -1)
        asked = pooled.permute(0, 2, 3, 1).reshape(batch * places, 1, width)
        for block in self.blocks:
            asked = block(asked, tokens, absent)
        context = asked.reshape(batch, height, breadth, width).permute(0, 3, 1, 2)  # (B, C, h, w)
        context = nn.functional.interpolate(context, scale_factor=4, mode="bilinear", align_corners=False)
        return self.decoder(torch.cat([context, detail], dim=1))  # type: ignore[no-any-return]
