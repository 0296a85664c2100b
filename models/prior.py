"""The prior: what clear observations and radar say about a day, pixel by pixel, with how far to trust it.

Its mean is the pixel's process of LAI, given radar, mixed with the straight line between observations, which carries
short gaps best. The target day's own scene is left out of both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.area import AreaStatistics
from models.brackets import Brackets, find_brackets
from models.given_radar import GpSettings
from models.pixel_process import pixel_process
from models.progress import Progress, silent
from models.radar import RadarAnomalies
from models.series import FloatArray, IntArray, ObservedLai


@dataclass(frozen=True)
class Prior:
    """The temporal prior on the target days.

    Attributes:
        mean: (D, H, W) m2/m2; finite everywhere.
        sd: (D, H, W) standard deviation of noise-free LAI around the process, m2/m2.
        brackets: the enclosing observations.
        before_mean, after_mean: (D, H, W) the process at the days of the enclosing observations; `mean` where none.
    """

    mean: FloatArray
    sd: FloatArray
    brackets: Brackets
    before_mean: FloatArray
    after_mean: FloatArray

    def select(self, part: slice) -> Prior:
        """Return the prior of some of the target days."""
        return Prior(
            self.mean[part], self.sd[part], self.brackets.select(part), self.before_mean[part], self.after_mean[part]
        )

    def enclosing(self) -> tuple[FloatArray, FloatArray]:
        """Return LAI before and after, (D, H, W) in m2/m2; the prior's mean where there is none."""
        b = self.brackets
        return np.where(b.before_index >= 0, b.before, self.mean), np.where(b.after_index >= 0, b.after, self.mean)


def temporal_prior(
    observed: ObservedLai,
    radar: RadarAnomalies,
    target_days: IntArray,
    statistics: AreaStatistics,
    settings: GpSettings | None = None,
    progress: Progress = silent,
) -> Prior:
    """Return the prior on every target day, finite on every pixel.

    Args:
        observed: the visible observations.
        radar: of the same pixels.
        target_days: (D,).
        statistics: of the area, made from the same visible observations.
        settings: hyperparameters of the process.
        progress: told before every part.
    """
    settings = settings or GpSettings()
    brackets = find_brackets(observed.lai, observed.days, target_days)
    enclosing = np.unique([brackets.before_index, brackets.after_index])
    enclosing = enclosing[enclosing >= 0]
    days = np.concatenate([target_days, observed.days[enclosing]]).astype(np.int32)
    own = observed.index_of(target_days)
    process, sd = pixel_process(observed, radar, days, own, statistics, settings, progress)
    process, at_scenes = np.split(process, [len(target_days)])
    linear, share = brackets.linear(), _share_of_process(brackets, settings)
    mean = np.where(np.isfinite(linear), share * process + (1 - share) * linear, process)
    mean = np.maximum(mean, 0).astype(np.float32)

    def at(index: IntArray) -> FloatArray:
        if not len(at_scenes):
            return mean
        row = np.searchsorted(enclosing, np.maximum(index, enclosing[0]))
        return np.where(index < 0, mean, np.take_along_axis(at_scenes, row, axis=0))

    return Prior(mean, sd, brackets, at(brackets.before_index), at(brackets.after_index))


def _share_of_process(brackets: Brackets, settings: GpSettings) -> FloatArray:
    """Return (D, H, W) how much the process counts in the prior: the farther the nearest observation, the more."""
    age = np.minimum(brackets.age_before, brackets.age_after).astype(np.float32)
    least = settings.least_share
    return np.asarray(least + (1 - least) * np.minimum(age / settings.alone_days, 1), np.float32)
