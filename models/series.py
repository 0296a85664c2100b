"""The arrays that the science works on: time series of one square of ground, without any file or catalogue behind them.

Axes are always T, C, H, W. Days are whole UTC days counted from 1970-01-01. Missing is NaN, never a number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int32]

_EPOCH = np.datetime64("1970-01-01", "D")


def day_number(days: object) -> IntArray:
    """Return dates (anything `numpy.datetime64` takes) as days since 1970-01-01, shape unchanged."""
    return (np.asarray(days, dtype="datetime64[D]") - _EPOCH).astype(np.int32)


def day_date(day: int) -> np.datetime64:
    """Return the date of a day number; the reverse of `day_number`."""
    return _EPOCH + np.timedelta64(int(day), "D")


@dataclass(frozen=True)
class RadarSeries:
    """Sentinel-1 backscatter of one square of ground.

    Attributes:
        power: (T, 2, H, W) linear power, VV then VH; NaN where there is none.
        days: (T,) acquisition days, ascending.
        orbits: (T,) relative orbit numbers; -1 where unknown. Only equality is used.
        ascending: (T,) True on ascending passes.
        cos_incidence: (T,) cosine of the mean incidence angle.
    """

    power: FloatArray
    days: IntArray
    orbits: IntArray
    ascending: BoolArray
    cos_incidence: FloatArray

    def with_data(self) -> RadarSeries:
        """Return the series without the passes that show no pixel: which those are differs from tile to tile."""
        shown: BoolArray = np.asarray(np.isfinite(self.power).all(axis=1))  # (T, H, W)
        there = shown.any(axis=(1, 2))
        return self if there.all() else RadarSeries(*(values[there] for values in vars(self).values()))


@dataclass(frozen=True)
class OpticalSeries:
    """Sentinel-2 surface reflectance of one square of ground.

    Attributes:
        reflectance: (T, 8, H, W) bottom of atmosphere, unit 1, in the order of `bands.S2_BANDS`; NaN = no data.
        clear: (T, H, W) True where the scene classification says 4 or 5 (undilated).
        usable: (T, H, W) True where `clear` survives the dilation of clouds and shadows.
        water: (T, H, W) True where the scene classification says 6.
        snow: (T, H, W) True where the scene classification says 11.
        days: (T,) acquisition days, ascending; several scenes may share a day.
        cosines: (T, 3) cosines of view zenith, sun zenith and relative azimuth.
        platforms: (T,) "S2A", "S2B" or "S2C".
    """

    reflectance: FloatArray
    clear: BoolArray
    usable: BoolArray
    water: BoolArray
    snow: BoolArray
    days: IntArray
    cosines: FloatArray
    platforms: tuple[str, ...]


@dataclass(frozen=True)
class ObservedLai:
    """LAI of clear Sentinel-2 pixels of one square of ground, one entry per day.

    Attributes:
        lai: (T, H, W) m2/m2 in 0..8; NaN = not usable.
        clear: (T, H, W) True where the scene classification says 4 or 5 (undilated; decides which dates can be scored).
        land: (H, W) False where most looks say water, and where no scene ever was clear.
        in_domain: (T, H, W) True where the reflectances lie in the LAI network's definition domain.
        days: (T,) acquisition days, ascending, each once.
    """

    lai: FloatArray
    clear: BoolArray
    land: BoolArray
    in_domain: BoolArray
    days: IntArray

    def hide(self, hidden: BoolArray) -> ObservedLai:
        """Return a copy that has never seen the scenes or pixels marked True.

        Args:
            hidden: (T,) whole scenes, or (T, H, W) single pixels.
        """
        mask = np.broadcast_to(hidden.reshape(hidden.shape + (1,) * (self.lai.ndim - hidden.ndim)), self.lai.shape)
        return replace(
            self,
            lai=np.where(mask, np.float32(np.nan), self.lai),
            clear=self.clear & ~mask,
            in_domain=self.in_domain & ~mask,
        )

    def on(self, target_days: IntArray) -> FloatArray:
        """Return (D, H, W) LAI that the target days themselves show, m2/m2; NaN where they show none."""
        nothing = np.full((1, *self.lai.shape[1:]), np.nan, np.float32)
        return np.concatenate([self.lai, nothing])[self.index_of(target_days)]

    def in_domain_on(self, target_days: IntArray) -> BoolArray:
        """Return (D, H, W) `in_domain` on the target days; False where they show nothing."""
        nothing = np.zeros((1, *self.lai.shape[1:]), np.bool_)
        return np.concatenate([self.in_domain, nothing])[self.index_of(target_days)]

    def index_of(self, target_days: IntArray) -> IntArray:
        """Return (D,) index of each target day on the scene axis; -1 where it has no entry."""
        position = {int(day): i for i, day in enumerate(self.days)}
        return np.array([position.get(int(day), -1) for day in target_days], np.int32)


@dataclass(frozen=True)
class Site:
    """What reconstruction, training and evaluation see of one square of ground: observed LAI and radar."""

    observed: ObservedLai
    radar: RadarSeries


@dataclass(frozen=True)
class Reconstruction:
    """LAI on every target day, as (D, H, W) float32 in m2/m2 where not said otherwise.

    Attributes:
        days: (D,) target days.
        prior: from clear observations and how radar moves with them there.
        predicted: step 1, radar added.
        fused: step 2, the delivered reconstruction.
        sigma: predictive standard deviation of what a clear scene of that day would show.
        spread: standard deviation of the temporal prior.
        days_to_clear: (D, H, W) int32, days to the nearest usable observation of the pixel; -1 where it has none.
    """

    days: IntArray
    prior: FloatArray
    predicted: FloatArray
    fused: FloatArray
    sigma: FloatArray
    spread: FloatArray
    days_to_clear: IntArray
