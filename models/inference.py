"""The networks run over all target days of a tile, a few days at a time."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from models.bands import LAI_MAX
from models.features import DayFeatures, SiteFeatures, day_features, nearest_passes
from models.pass_groups import pass_groups
from models.prior import Prior
from models.progress import Progress, silent
from models.series import FloatArray, IntArray
from models.two_steps import TwoSteps

PIXELS_AT_ONCE = 100_000
"""Pixels times days in one pass through the networks; 80 MB at the widest layer."""
POOLING = 4
"""The networks halve the resolution twice: sides must be multiples of this."""


@torch.inference_mode()
def run(
    networks: TwoSteps, site: SiteFeatures, prior: Prior, days: IntArray, progress: Progress = silent
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return predicted and fused LAI in m2/m2 and what each day's own scene tells, 0..1; all (D, H, W).

    Args:
        networks: in eval mode.
        site: features of the tile.
        prior: on the target days.
        days: (D,) target days.
        progress: told before every few days.
    """
    device = next(networks.parameters()).device
    tokens = _encode(networks, site.images.to(device))
    height, width = prior.mean.shape[1:]
    step = max(1, PIXELS_AT_ONCE // (height * width))
    predicted, fused, told = (np.empty_like(prior.mean) for _ in range(3))
    for start in range(0, len(days), step):
        progress(start / len(days), "reconstructing")
        part = slice(start, start + step)
        day = padded(day_features(site, days[part], prior.select(part)), device)
        first = _predict(networks, site, days[part], day, tokens)
        for whole, maps in zip((predicted, fused, told), (first, networks.fuse(day, first), day.told), strict=True):
            whole[part] = maps[:, 0, :height, :width].float().cpu().numpy()
    return predicted, fused, told


def _predict(networks: TwoSteps, site: SiteFeatures, days: IntArray, day: DayFeatures, tokens: Tensor) -> Tensor:
    """Return predicted LAI (D, 1, h, w), m2/m2; every part of the tile by the passes that show it."""
    found = torch.zeros_like(day.mean)
    for shown, here in pass_groups(site.radar.valid):
        index, lags = (
            torch.from_numpy(array).to(found.device) for array in nearest_passes(site.radar.days, days, shown)
        )
        predicted = networks.predict(replace(day, token_index=index, lags=lags), *gather_tokens(tokens, index))
        inside = pad_sides(torch.from_numpy(here)[None, None].float()).to(found.device) > 0
        found = torch.where(inside, predicted, found)
    return found


def without_networks(
    site: SiteFeatures, prior: Prior, days: IntArray, progress: Progress = silent
) -> tuple[FloatArray, FloatArray]:
    """Return the prior moved as each day's own scene shows, m2/m2, and what that tells, 0..1; both (D, H, W)."""
    step = max(1, PIXELS_AT_ONCE // prior.mean[0].size)
    moved, told = np.empty_like(prior.mean), np.empty_like(prior.mean)
    for start in range(0, len(days), step):
        progress(start / len(days), "reconstructing")
        part = slice(start, start + step)
        day = day_features(site, days[part], prior.select(part))
        moved[part] = torch.clamp(day.mean + day.shift, 0, LAI_MAX)[:, 0].numpy()
        told[part] = day.told[:, 0].numpy()
    return moved, told


def _encode(networks: TwoSteps, images: Tensor) -> Tensor:
    """Return the tokens of all passes (S, C, h, w), each pass encoded once."""
    images = pad_sides(images)
    step = max(1, PIXELS_AT_ONCE // (images.shape[-1] * images.shape[-2]))
    if not len(images):  # no radar at all: one empty token that is never present
        images = images.new_zeros((1, *images.shape[1:]))
    return torch.cat([networks.step1.encode(part) for part in torch.split(images, step)])


def gather_tokens(tokens: Tensor, index: Tensor) -> tuple[Tensor, Tensor]:
    """Return the tokens of each target day (D, N, C, h, w) and whether they exist (D, N)."""
    return tokens[index.clamp(min=0).long()], index >= 0


def padded(day: DayFeatures, device: torch.device | str) -> DayFeatures:
    """Return the features on a device, their sides grown to multiples of 4 by repeating the border."""
    tensors = {field.name: getattr(day, field.name) for field in fields(day)}
    return DayFeatures(**{k: (pad_sides(v) if v.ndim == 4 else v).to(device) for k, v in tensors.items()})


def pad_sides(x: Tensor) -> Tensor:
    """Return maps (..., H, W), their sides grown to multiples of 4 by repeating the border."""
    height, width = x.shape[-2:]
    grow = (-width % POOLING, -height % POOLING)
    return pad(x, (0, grow[0], 0, grow[1]), mode="replicate") if any(grow) and x.numel() else x
