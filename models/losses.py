"""Gradient descent on episodes: one step of both networks, used by training and by adaptation."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from models.episodes import Episodes
from models.two_steps import TwoSteps

HUBER = 1.0
"""m2/m2; beyond it an error counts linearly: single scenes have heavy tails."""


def apply(networks: TwoSteps, batch: Episodes) -> tuple[Tensor, Tensor]:
    """Return predicted and fused LAI of a batch, m2/m2, both (B, 1, H, W).

    Step 2 takes step 1's prediction as given.
    """
    images = batch.images  # (B, N, 6, H, W)
    tokens = networks.step1.encode(images.flatten(0, 1))
    tokens = tokens.reshape(*images.shape[:2], *tokens.shape[1:])  # (B, N, C, h, w)
    predicted = networks.predict(batch.day, tokens, batch.day.token_index >= 0)
    return predicted, networks.fuse(batch.day, predicted.detach())


def losses(networks: TwoSteps, batch: Episodes) -> tuple[Tensor, Tensor]:
    """Return the losses of step 1 and step 2 on a batch."""
    predicted, fused = apply(networks, batch)
    return masked_huber(predicted, batch), masked_huber(fused, batch)


def masked_huber(estimate: Tensor, batch: Episodes) -> Tensor:
    """Return the mean over examples of the mean Huber loss over their scored pixels; every date weighs the same."""
    error = torch.nn.functional.smooth_l1_loss(estimate, batch.truth, reduction="none", beta=HUBER)
    per_example = (error * batch.scored).sum(dim=(1, 2, 3)) / batch.scored.sum(dim=(1, 2, 3)).clamp(min=1)
    return per_example.mean()


def anchor_penalty(networks: TwoSteps, anchor: Iterable[Tensor]) -> Tensor:
    """Return the squared distance of the weights from an anchor: adaptation holds on to what was published."""
    pairs = zip(networks.parameters(), anchor, strict=True)
    return torch.stack([((weight - kept) ** 2).sum() for weight, kept in pairs]).sum()
