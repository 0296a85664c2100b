"""What is hidden around a scored date, and from whom: everything."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from models.series import BoolArray, FloatArray, ObservedLai, Site

MIN_CLEAR = 0.95
"""Share of land pixels that must be clear on a scored date (undilated mask)."""
MIN_NEIGHBOUR_CLEAR = 0.5
"""Share of land pixels that must be clear on some visible date on either side."""

LEAST_HIDDEN, MOST_HIDDEN = 0.2, 0.7
"""Share of the land that the cloud mask of a partly visible date hides."""
MASK_TRIES = 10
"""Where some of a site is water, a mask may move onto it."""


@dataclass(frozen=True)
class Scenario:
    """A way of hiding.

    Attributes:
        name: as in the tables.
        half_width_days: every scene within this many days of the target is hidden.
        partly_visible: the target scene itself stays, under one of the site's own real cloud masks.
    """

    name: str
    half_width_days: int
    partly_visible: bool = False


GAP0 = Scenario("gap0", 0)
GAP15 = Scenario("gap15", 15)
GAP30 = Scenario("gap30", 30)
REAL_CLOUD = Scenario("real-cloud", 15, partly_visible=True)
SCENARIOS = (GAP0, GAP15, GAP30, REAL_CLOUD)


@dataclass(frozen=True)
class HeldOut:
    """A site that has never seen the target, and the target.

    Attributes:
        site: what is visible.
        day: the target day.
        truth: (H, W) observed LAI of the hidden scene, m2/m2; NaN = not usable.
        scored: (H, W) pixels that count.
        scenario: how it was hidden.
    """

    site: Site
    day: int
    truth: FloatArray
    scored: BoolArray
    scenario: Scenario


def clear_share(observed: ObservedLai) -> FloatArray:
    """Return (T,) the share of land pixels that each scene shows clear."""
    land = max(int(observed.land.sum()), 1)
    return np.asarray((observed.clear & observed.land).sum(axis=(1, 2)) / land, dtype=np.float32)


def scorable_scenes(observed: ObservedLai) -> list[int]:
    """Return the indices of days clear enough to be scored."""
    return [int(i) for i in np.flatnonzero(clear_share(observed) >= MIN_CLEAR)]


def hide(site: Site, index: int, scenario: Scenario, rng: np.random.Generator) -> HeldOut | None:
    """Return the site without the target scene and its neighbours in time, or None where the protocol has no case.

    Args:
        site: everything there is.
        index: scene to be hidden, one of `scorable_scenes`.
        scenario: how.
        rng: draws the cloud mask of a partly visible target.
    """
    observed = site.observed
    day = int(observed.days[index])
    near = np.abs(observed.days - day) <= scenario.half_width_days
    if not _enclosed(observed, day, near):
        return None
    truth = np.where(observed.land, observed.lai[index], np.float32(np.nan))
    hidden = np.broadcast_to(near[:, None, None], observed.lai.shape).copy()
    if scenario.partly_visible:
        cloud = _real_cloud(observed, index, rng)
        if cloud is None:
            return None
        hidden[index] = cloud
    visible = observed.hide(hidden)
    before = np.isfinite(visible.lai[observed.days < day]).any(axis=0)
    after = np.isfinite(visible.lai[observed.days > day]).any(axis=0)
    scored = np.isfinite(truth) & hidden[index] & before & after
    return HeldOut(replace(site, observed=visible), day, truth, scored, scenario) if scored.any() else None


def _enclosed(observed: ObservedLai, day: int, near: BoolArray) -> bool:
    """Return whether a half-clear visible date lies on either side of the day."""
    usable = (clear_share(observed) >= MIN_NEIGHBOUR_CLEAR) & ~near
    return bool((usable & (observed.days < day)).any() and (usable & (observed.days > day)).any())


def _real_cloud(observed: ObservedLai, index: int, rng: np.random.Generator) -> BoolArray | None:
    """Return (H, W) one of the site's own cloud masks, shifted and mirrored, or None where none will do.

    Of the site's land it hides more than a fifth, and leaves at least 30 % to be seen.
    """
    cloudy = np.isnan(observed.lai) & observed.land
    candidates = np.flatnonzero([_suits(mask, observed.land) for mask in cloudy])
    candidates = candidates[candidates != index]
    for _ in range(MASK_TRIES if len(candidates) else 0):
        mask = _moved(cloudy[rng.choice(candidates)], rng)
        if _suits(mask, observed.land):
            return mask
    return None


def _suits(mask: BoolArray, land: BoolArray) -> bool:
    hidden = (mask & land).sum() / max(int(land.sum()), 1)
    return bool(LEAST_HIDDEN < hidden < MOST_HIDDEN)


def _moved(mask: BoolArray, rng: np.random.Generator) -> BoolArray:
    """Return a mask rolled over its edges and mirrored at random."""
    shift = tuple(int(s) for s in rng.integers(0, mask.shape))
    mask = np.roll(mask, shift, axis=(0, 1))
    if rng.random() < 0.5:
        mask = mask[:, ::-1]
    return np.asarray(mask[::-1] if rng.random() < 0.5 else mask)
