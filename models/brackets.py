"""For every pixel and day: its nearest usable observations before and after, and the line between them.

The day's own observation is not among them: what it shows is *observed*, not reconstructed, and where a cloud hides
only part of it, that part must be reconstructed by the same rule as the rest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.series import FloatArray, IntArray

NEVER = 10_000
"""Days; stands for "no such observation" in age maps, longer than any job's range."""


@dataclass(frozen=True)
class Brackets:
    """The observations that enclose each target day, pixel by pixel; the day's own is neither before nor after.

    Attributes:
        before_index, after_index: (D, H, W) index into the scene axis; -1 where there is none.
        before, after: (D, H, W) their LAI in m2/m2; NaN where there is none.
        age_before, age_after: (D, H, W) days from the target day, > 0; `NEVER` where there is none.
    """

    before_index: IntArray
    after_index: IntArray
    before: FloatArray
    after: FloatArray
    age_before: IntArray
    age_after: IntArray

    def select(self, part: slice) -> Brackets:
        """Return the brackets of some of the target days."""
        return Brackets(*(array[part] for array in vars(self).values()))

    @property
    def days_to_other(self) -> IntArray:
        """(D, H, W) days to the nearest usable observation of another day; -1 where the pixel has none."""
        nearest = np.minimum(self.age_before, self.age_after)
        return np.where(nearest >= NEVER, -1, nearest).astype(np.int32)

    def weight_after(self) -> FloatArray:
        """Return (D, H, W) the share of `after` on the straight line; 0 or 1 where one side is missing."""
        span = np.maximum(self.age_before + self.age_after, 1)
        share = self.age_before / span
        share = np.where(self.after_index < 0, 0.0, np.where(self.before_index < 0, 1.0, share))
        return np.asarray(share, dtype=np.float32)

    def linear(self) -> FloatArray:
        """Return (D, H, W) LAI on the straight line, held constant past the first and last observation; NaN = none."""
        share = self.weight_after()
        before = np.where(share < 1, self.before, 0.0)
        after = np.where(share > 0, self.after, 0.0)
        return np.asarray(before * (1 - share) + after * share, dtype=np.float32)

    def nearest(self) -> FloatArray:
        """Return (D, H, W) LAI of the nearest observation, the earlier one on a tie; NaN = none."""
        return np.where(self.age_before <= self.age_after, self.before, self.after)


def find_brackets(lai: FloatArray, days: IntArray, target_days: IntArray) -> Brackets:
    """Return the enclosing observations of every pixel for every target day.

    Args:
        lai: (T, H, W) m2/m2, NaN = not usable.
        days: (T,) ascending.
        target_days: (D,) any order.
    """
    scenes, height, width = lai.shape
    valid = np.isfinite(lai)
    position = np.arange(scenes, dtype=np.int32)[:, None, None]
    none = np.full((1, height, width), -1, np.int32)
    last = np.concatenate([none, np.maximum.accumulate(np.where(valid, position, -1), axis=0)])  # (T + 1, H, W)
    first = np.minimum.accumulate(np.where(valid, position, scenes)[::-1], axis=0)[::-1]
    first = np.concatenate([np.where(first == scenes, -1, first), none])  # (T + 1, H, W)
    before_index = last[np.searchsorted(days, target_days, side="left")]
    after_index = first[np.searchsorted(days, target_days, side="right")]

    def look_up(index: IntArray) -> tuple[FloatArray, IntArray]:
        missing = index < 0
        if scenes == 0:
            return np.full(index.shape, np.nan, np.float32), np.full(index.shape, NEVER, np.int32)
        safe = np.where(missing, 0, index)
        values = np.take_along_axis(lai, safe, axis=0)
        ages = np.abs(days[safe] - np.asarray(target_days)[:, None, None])
        return np.where(missing, np.float32(np.nan), values), np.where(missing, NEVER, ages).astype(np.int32)

    before, age_before = look_up(before_index)
    after, age_after = look_up(after_index)
    return Brackets(before_index, after_index, before, after, age_before, age_after)
