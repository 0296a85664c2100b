"""Gradient descent as every published network goes through it."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

AVERAGING = 0.98
"""Decay of the running mean of the weights that is published: smoother than the last step."""
WEIGHT_DECAY = 1e-2

Network = TypeVar("Network", bound=nn.Module)


def descend(
    network: Network,
    loss_of: Callable[[Network, np.random.Generator], Tensor],
    steps: int,
    learning_rate: float,
    seed: int,
) -> Network:
    """Return the running mean of a network over gradient descent, in eval mode.

    Args:
        network: where to begin; it is changed.
        loss_of: draws a batch and returns the network's loss on it.
        steps: gradient steps.
        learning_rate: at its highest; AdamW, a short warm-up, then half a cosine.
        seed: of the draws.
    """
    network.train()
    mean = copy.deepcopy(network)
    optimizer = torch.optim.AdamW(network.parameters(), learning_rate, weight_decay=WEIGHT_DECAY)
    rng = np.random.default_rng(seed)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * _schedule(step / steps)
        optimizer.zero_grad()
        loss = loss_of(network, rng)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        _average(mean, network, min(AVERAGING, (step + 1) / (step + 10)))
        if step % 100 == 99:
            say(f"  step {step + 1}/{steps}: loss {loss.item():.3f}")
    return mean.eval()


def say(text: str) -> None:
    """Print a line of training progress with the time of day."""
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


@torch.no_grad()
def _average(mean: nn.Module, network: nn.Module, decay: float) -> None:
    for kept, new in zip(mean.parameters(), network.parameters(), strict=True):
        kept.lerp_(new, 1 - decay)


def _schedule(progress: float) -> float:
    """Return the factor on the learning rate."""
    return min(1.0, progress / 0.03) * 0.5 * (1 + math.cos(math.pi * progress))
