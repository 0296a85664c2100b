"""The paper's step 1 in its own terms: a 2D CNN-Transformer from the radar series alone to LAI.

Li et al. (2025), Int. J. Appl. Earth Obs. Geoinf. 142, 104745. Only the abstract is public: inputs, layers, sizes and
loss are our choice. `cnn_transformer.CnnTransformer` is the one that jobs use by default; it builds on a prior.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.lags import LAG_FEATURES, lag_features
from models.radar_levels import LEVEL_CHANNELS, RadarStem, UpTo


class Cnn2dTransformer(nn.Module):
    """A stem shared by all dates, self-attention over the dates per location, a token for the target, a decoder.

    Args:
        width: channels of a token.
        heads: attention heads.
        blocks: attention blocks.
    """

    def __init__(self, width: int = 48, heads: int = 4, blocks: int = 2) -> None:
        super().__init__()
        self.stem = RadarStem(LEVEL_CHANNELS, width)
        self.when = nn.Linear(LAG_FEATURES, width)
        self.target = nn.Parameter(torch.zeros(1, 1, width))
        block = nn.TransformerEncoderLayer(width, heads, 2 * width, 0.0, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(block, blocks, enable_nested_tensor=False)
        self.decoder = UpTo(width, width)

    def forward(self, images: Tensor, lags: Tensor, present: Tensor) -> Tensor:
        """Return LAI / 8 (B, 1, H, W) of the target day; arguments as `Cnn1d.forward`; H and W multiples of 4."""
        tokens, detail = self.stem(images, present)  # (B, N, F, h, w), (B, F, H, W)
        batch, dates, width, height, breadth = tokens.shape
        tokens = tokens + self.when(lag_features(lags))[:, :, :, None, None]
        tokens = tokens.permute(0, 3, 4, 1, 2).reshape(-1, dates, width)  # (B h w, N, F)
        tokens = torch.cat([self.target.expand(len(tokens), 1, -1), tokens], dim=1)
        absent = torch.cat([torch.zeros_like(present[:, :1]), ~present], dim=1).repeat_interleave(
            height * breadth, dim=0
        )
        read = self.blocks(tokens, src_key_padding_mask=absent)[:, 0]  # (B h w, F)
        state = read.reshape(batch, height, breadth, width).permute(0, 3, 1, 2)
        return self.decoder(state, detail)  # type: ignore[no-any-return]
