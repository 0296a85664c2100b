"""The two interpolations that stand beside every figure, also in the report of a job."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models.brackets import find_brackets
from models.evaluation.hidden import Estimate, Estimator
from models.evaluation.scenarios import HeldOut
from models.series import FloatArray, IntArray, Site

SeriesMethod = Callable[[Site, IntArray], FloatArray]
"""Site and target days (D,) → (D, H, W) LAI, m2/m2."""


def estimator(name: str, method: SeriesMethod) -> Estimator:
    """Return a method that knows sites and days as an estimator of hidden days."""

    def estimate(case: HeldOut) -> dict[str, Estimate]:
        return {name: Estimate(method(case.site, np.array([case.day], np.int32))[0])}

    return estimate


def linear(site: Site, target_days: IntArray) -> FloatArray:
    """Return LAI on the straight line between the enclosing observations."""
    return find_brackets(site.observed.lai, site.observed.days, target_days).linear()


def nearest(site: Site, target_days: IntArray) -> FloatArray:
    """Return LAI of the nearest observation."""
    return find_brackets(site.observed.lai, site.observed.days, target_days).nearest()


INTERPOLATIONS = (estimator("linear", linear), estimator("nearest", nearest))
