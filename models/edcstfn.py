"""Step 2: EDCSTFN, which fuses clear observations with predicted LAI.

Tan, Di, Zhang, Guo, Gao (2019), An enhanced deep convolutional model for spatiotemporal image fusion, Remote Sensing
11(24), 2898. A fine encoder reads the reference observation, a residual encoder reads how the prediction changes
between reference and target, a decoder turns their sum into the target.

With `extras=0` and the default widths this is the published network for one band (278,209 parameters), except that both
inputs lie on one grid here, so the sixteen-fold up-sampling of the coarse images is left out. Our additions, all off in
that form: `extras` channels per reference (mask, age, offsets) for both encoders; one weight a reference in the blend
of several, the inverse of its mean |change|, with a learned correction; and the whole as a zero-started residual on
the prediction.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def _encoder(channels_in: int, widths: tuple[int, int, int], *, last_relu: bool) -> nn.Sequential:
    layers: list[nn.Module] = []
    for channels_out in widths:
        layers += [nn.Conv2d(channels_in, channels_out, 3, padding=1, padding_mode="replicate"), nn.ReLU()]
        channels_in = channels_out
    return nn.Sequential(*(layers if last_relu else layers[:-1]))


class Edcstfn(nn.Module):
    """Enhanced deep convolutional spatiotemporal fusion network for one band.

    Args:
        widths: channels of the three encoder layers.
        extras: further channels that describe each reference.
        residual: return a zero-started correction of the prediction instead of LAI itself.
    """

    def __init__(
        self, widths: tuple[int, int, int] = (32, 64, 128), extras: int = 0, *, residual: bool = False
    ) -> None:
        super().__init__()
        self.residual = residual
        self.fine = _encoder(1 + extras, widths, last_relu=True)
        self.change = _encoder(3 + extras, widths, last_relu=False)
        self.preference = nn.Conv2d(extras, 1, 1) if extras else None
        self.decoder = nn.Sequential(
            nn.Conv2d(widths[2], widths[1], 3, padding=1, padding_mode="replicate"),
            nn.ReLU(),
            nn.Conv2d(widths[1], widths[0], 3, padding=1, padding_mode="replicate"),
            nn.ReLU(),
            nn.Conv2d(widths[0], 1, 1),
        )
        if self.preference is not None:
            nn.init.zeros_(self.preference.weight)
            nn.init.zeros_(self.preference.bias)  # type: ignore[arg-type]
        if residual:
            nn.init.zeros_(self.decoder[-1].weight)  # type: ignore[arg-type]
            nn.init.zeros_(self.decoder[-1].bias)  # type: ignore[arg-type]

    def forward(
        self,
        observed_refs: Tensor,
        predicted_refs: Tensor,
        predicted_target: Tensor,
        extras: Tensor | None = None,
        masks: Tensor | None = None,
    ) -> Tensor:
        """Return LAI of the target (B, 1, H, W), or its correction, in the scale of the inputs.

        Args:
            observed_refs: (B, K, H, W) observations of the K references.
            predicted_refs: (B, K, H, W) predictions on the references' days.
            predicted_target: (B, 1, H, W).
            extras: (B, K, extras, H, W) what else is known of each reference.
            masks: (B, K, H, W) 1 where a reference exists; all of them where left out.
        """
        batch, count, height, width = observed_refs.shape
        target = predicted_target[:, None].expand(batch, count, 1, height, width)
        fine, change = [observed_refs[:, :, None]], [predicted_refs[:, :, None], observed_refs[:, :, None], target]
        if extras is not None:
            fine, change = [*fine, extras], [*change, extras]
        detail = self.fine(torch.cat(fine, dim=2).flatten(0, 1))  # (B K, F, H, W)
        moved = self.change(torch.cat(change, dim=2).flatten(0, 1))
        features = (detail + moved).reshape(batch, count, -1, height, width)
        if count == 1:
            return self.decoder(features[:, 0])  # type: ignore[no-any-return]
        weights = self._blend(moved.reshape(batch, count, -1, height, width), extras, masks)
        return self.decoder((weights * features).sum(dim=1))  # type: ignore[no-any-return]

    def _blend(self, moved: Tensor, extras: Tensor | None, masks: Tensor | None) -> Tensor:
        """Return weights that sum to 1 over K: the less a feature changed since a reference, the more it counts.

        As published, each of the F features has a weight of its own, (B, K, F, H, W). With `extras` a reference has
        one weight for all of them, (B, K, 1, H, W), which what is known of it may move: ours.
        """
        size = moved.abs()
        if self.preference is not None and extras is not None:
            preference = self.preference(extras.flatten(0, 1)).unflatten(0, moved.shape[:2])  # (B, K, 1, H, W)
            weights = torch.exp(preference) / (size.mean(dim=2, keepdim=True) + 1e-8)
        else:
            weights = 1 / (size + 1e-8)
        if masks is not None:
            weights = weights * (masks[:, :, None] + 1e-3)
        return weights / weights.sum(dim=1, keepdim=True)
