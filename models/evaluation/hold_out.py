"""Which of an AOI's own clear days a job adapts on, calibrates on, and is judged by: disjoint in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.evaluation.scenarios import GAP15, HeldOut, hide, scorable_scenes
from models.series import IntArray, Site

MOST_TEST_DAYS = 3
MOST_CALIBRATION_DAYS = 5
MIN_CLEAR_DAYS = 4
"""With fewer scorable days nothing can be hidden without hurting what is delivered."""
SPACING_DAYS = 2 * GAP15.half_width_days + 1


@dataclass(frozen=True)
class HoldOut:
    """Roles of the AOI's scorable days.

    Attributes:
        test: days of the accuracy report; they and their neighbours within 15 days enter nothing that is fitted.
        calibration: days that choose the method and scale sigma; they enter no loss.
        adaptation: days whose synthetic gaps adapt the networks; none within 15 days of the others.
    """

    test: tuple[int, ...]
    calibration: tuple[int, ...]
    adaptation: tuple[int, ...]

    def for_calibration(self, site: Site) -> Site:
        """Return the site without the test days and their neighbours."""
        return without_days(site, self.test)

    def for_adaptation(self, site: Site) -> Site:
        """Return the site without the test and the calibration days and the neighbours of both."""
        return without_days(self.for_calibration(site), self.calibration)


def choose_days(sites: Sequence[Site], first_day: int, last_day: int) -> HoldOut | None:
    """Return the roles of the scorable days, or None where there are too few.

    Args:
        sites: windows of the AOI.
        first_day: of the output range; test days lie inside it where possible.
        last_day: of the output range.
    """
    days = scorable_days(sites)
    if len(days) < MIN_CLEAR_DAYS:
        return None
    inside = days[(days >= first_day) & (days <= last_day)]
    test = _spread(inside if len(inside) else days, min(MOST_TEST_DAYS, len(days) // 3))
    free = [int(d) for d in days if all(abs(int(d) - t) > GAP15.half_width_days for t in test)]
    calibration = _spread(np.array(free, np.int32), min(MOST_CALIBRATION_DAYS, -(-len(free) // 3)))
    away = [d for d in free if all(abs(d - c) > GAP15.half_width_days for c in calibration)]
    return HoldOut(test, calibration, tuple(away))


def scorable_days(sites: Sequence[Site]) -> IntArray:
    """Return the days that can be scored with ±15 days hidden, in at least one window."""
    rng = np.random.default_rng(0)  # gap15 draws nothing
    found = {
        int(site.observed.days[index])
        for site in sites
        for index in scorable_scenes(site.observed)
        if hide(site, index, GAP15, rng) is not None
    }
    return np.array(sorted(found), np.int32)


def cases(sites: Sequence[Site], day: int) -> list[HeldOut]:
    """Return the held-out cases of one day, a window each, all with ±15 days hidden."""
    rng = np.random.default_rng(0)
    found = (
        hide(site, index, GAP15, rng)
        for site in sites
        for index in scorable_scenes(site.observed)
        if int(site.observed.days[index]) == day
    )
    return [case for case in found if case is not None]


def without_days(site: Site, days: Sequence[int]) -> Site:
    """Return the site without the scenes of some days and of their neighbours within 15 days."""
    hidden = np.zeros(len(site.observed.days), np.bool_)
    for day in days:
        hidden |= np.abs(site.observed.days - day) <= GAP15.half_width_days
    return Site(site.observed.hide(hidden), site.radar)


def _spread(days: IntArray, count: int) -> tuple[int, ...]:
    """Return up to `count` days, evenly placed, far enough apart to be hidden independently."""
    chosen: list[int] = []
    for share in (np.arange(count) + 0.5) / count:
        wanted = days[int(share * len(days))]
        free = [int(d) for d in days if all(abs(int(d) - c) >= SPACING_DAYS for c in chosen)]
        if free:
            chosen.append(min(free, key=lambda d: abs(d - int(wanted))))
    return tuple(sorted(chosen))
