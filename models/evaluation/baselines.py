"""Classical reconstructions that every figure stands beside, on the same pixels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.brackets import Brackets, find_brackets
from models.evaluation.scenarios import HeldOut
from models.series import FloatArray

BASELINES: dict[str, Callable[[Brackets], FloatArray]] = {"linear": Brackets.linear, "nearest": Brackets.nearest}
"""Name in tables and reports → (D, H, W) LAI from the enclosing observations."""


def baseline_estimates(held_out: HeldOut) -> dict[str, FloatArray]:
    """Return (H, W) LAI of the hidden day by every baseline."""
    observed = held_out.site.observed
    brackets = find_brackets(observed.lai, observed.days, np.array([held_out.day], np.int32))
    return {name: method(brackets)[0] for name, method in BASELINES.items()}
