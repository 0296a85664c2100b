"""Random series and fields that vary smoothly: the texture of soils, haze and clouds."""

from __future__ import annotations

import numpy as np

from models.series import FloatArray

_REACH = 3.0  # standard deviations after which the kernel is nothing


def _kernel(size: int, length: float) -> FloatArray:
    """Return (size, nodes) weights from random nodes to positions 0 … size − 1, rows of unit norm."""
    sigma = max(length, 0.3) / np.sqrt(2.0)
    step = min(sigma, max(1.0, size / 2))
    nodes = np.arange(-_REACH * sigma, size - 1 + _REACH * sigma + step, step)
    weights = np.exp(-0.5 * ((np.arange(size)[:, None] - nodes) / sigma) ** 2)
    return np.asarray(weights / np.linalg.norm(weights, axis=1, keepdims=True), dtype=np.float32)


def smooth_fields(rng: np.random.Generator, shape: tuple[int, int, int], length: float) -> FloatArray:
    """Return N independent Gaussian fields of mean 0 and variance 1, shape (N, H, W).

    Args:
        rng: source of randomness.
        shape: N, H, W.
        length: pixels after which the correlation has fallen to exp(−0.5).
    """
    rows, columns = _kernel(shape[1], length), _kernel(shape[2], length)
    nodes = rng.standard_normal((shape[0], rows.shape[1], columns.shape[1]), dtype=np.float32)
    return np.asarray(rows @ nodes @ columns.T, dtype=np.float32)


def smooth_series(rng: np.random.Generator, n: int, length: float) -> FloatArray:
    """Return a Gaussian series of mean 0 and variance 1 whose correlation falls to exp(−0.5) after `length` steps."""
    weights = _kernel(n, length)
    return np.asarray(weights @ rng.standard_normal(weights.shape[1], dtype=np.float32), dtype=np.float32)
