"""Methods side by side on the same hidden pixels: the one path behind tables, reports and calibration."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from models.evaluation.scenarios import HeldOut
from models.series import FloatArray, IntArray

APART_DAYS = 100_000
"""Between the days of one site and the next, once they are one: longer than any series."""


@dataclass(frozen=True)
class Estimate:
    """What one method says: LAI and, where it has one, its sigma, both m2/m2 and of one shape."""

    lai: FloatArray
    sigma: FloatArray | None = None


Estimator = Callable[[HeldOut], dict[str, Estimate]]
"""Held-out day → (H, W) estimates by method name, made from what is visible of its site."""


@dataclass(frozen=True)
class Hidden:
    """What methods say of hidden pixels, all (N,) on the same ones.

    Attributes:
        truth: hidden observations, m2/m2.
        days: day of each pixel; pixels of one day are not independent.
        estimates: by method name.
        seconds: what the estimator of a method took in all; methods of one estimator share it.
        places: (N, 3) which case, row and column each pixel is from; (0, 3) where that is not known.
    """

    truth: FloatArray
    days: IntArray
    estimates: dict[str, Estimate]
    seconds: dict[str, float]
    places: IntArray = field(default_factory=lambda: np.empty((0, 3), np.int32))


def estimate_hidden(cases: Sequence[HeldOut], estimators: Sequence[Estimator]) -> Hidden | None:
    """Return what every method says of the scored pixels of all cases, or None where there is no case."""
    if not cases:
        return None
    lai: dict[str, list[FloatArray]] = {}
    sigma: dict[str, list[FloatArray]] = {}
    seconds: dict[str, float] = {}
    for case in cases:
        for estimator in estimators:
            started = time.perf_counter()
            found = estimator(case)
            took = time.perf_counter() - started
            for name, estimate in found.items():
                seconds[name] = seconds.get(name, 0.0) + took
                lai.setdefault(name, []).append(estimate.lai[case.scored])
                if estimate.sigma is not None:
                    sigma.setdefault(name, []).append(estimate.sigma[case.scored])
    joined = {
        name: Estimate(np.concatenate(parts), np.concatenate(sigma[name]) if name in sigma else None)
        for name, parts in lai.items()
    }
    truth = np.concatenate([case.truth[case.scored] for case in cases])
    days = np.concatenate([np.full(int(case.scored.sum()), case.day, np.int32) for case in cases])
    places = [np.argwhere(case.scored) for case in cases]
    numbered = [np.column_stack([np.full(len(where), i), where]) for i, where in enumerate(places)]
    return Hidden(truth, days, joined, seconds, np.concatenate(numbered).astype(np.int32))


def of_all_sites(parts: Sequence[Hidden]) -> Hidden | None:
    """Return the hidden pixels of several sites as one, or None where there are none; days of two sites never meet."""
    if not parts:
        return None
    estimates: dict[str, Estimate] = {}
    for name in parts[0].estimates:
        each = [part.estimates[name] for part in parts]
        sigmas = [estimate.sigma for estimate in each if estimate.sigma is not None]
        lai = np.concatenate([estimate.lai for estimate in each])
        estimates[name] = Estimate(lai, np.concatenate(sigmas) if len(sigmas) == len(parts) else None)
    days = np.concatenate([part.days + APART_DAYS * i for i, part in enumerate(parts)])
    seconds = {name: sum(part.seconds[name] for part in parts) for name in parts[0].seconds}
    return Hidden(np.concatenate([part.truth for part in parts]), days, estimates, seconds)
