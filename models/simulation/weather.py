"""Daily weather of a simulated site: the one cause behind clouds, rain, soil moisture and early or late springs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from models.series import FloatArray, IntArray, day_date
from models.simulation.noise import smooth_series
from models.simulation.regions import Region

_YEAR = 365.25


@dataclass(frozen=True)
class Weather:
    """Daily values, each (D,).

    Attributes:
        days: day numbers, without gaps.
        season: days since the last 1 January, or since 1 July where seasons are mirrored.
        cloud: cloudiness as a standard normal variable plus its season; large = overcast.
        moisture: soil moisture of the top centimetres, m3/m3.
        frost: True on days with frozen ground.
        snow: True on days with a snow cover.
        wet_leaves: True on days with rain or dew on the leaves at the time of the pass.
    """

    days: IntArray
    season: FloatArray
    cloud: FloatArray
    moisture: FloatArray
    frost: IntArray
    snow: IntArray
    wet_leaves: IntArray

    def at(self, days: IntArray) -> IntArray:
        """Return the positions of day numbers in the daily arrays."""
        return np.asarray(days - self.days[0], dtype=np.int32)


def season_day(days: IntArray, southern: bool) -> FloatArray:
    """Return days since 1 January of the day's own year, moved by half a year in the southern hemisphere."""
    start = np.array([day_date(int(day)).astype("datetime64[Y]").astype("datetime64[D]") for day in days])
    passed = np.asarray(days) - (start - np.datetime64("1970-01-01")).astype(np.int32)
    return np.asarray((passed + (_YEAR / 2 if southern else 0.0)) % _YEAR, dtype=np.float32)


def weather(rng: np.random.Generator, region: Region, days: IntArray, southern: bool) -> Weather:
    """Return the weather of a site, drawn once and shared by everything that depends on it."""
    n = len(days)
    season = season_day(days, southern)
    summer = -np.cos(2 * np.pi * (season - 20.0) / _YEAR)  # 1 in late July
    clearing = region.summer_clearing
    cloud = (_cloudiness(rng, n) - clearing * summer) / np.sqrt(1 + clearing**2 / 2)
    rain = _rain(rng, cloud, region.rain_share)
    cold = -summer + 0.6 * smooth_series(rng, n, 4.0)
    limit = 1.35 + 0.03 * max(0.0, 52.0 - region.latitude)
    frost = cold > limit
    snow = (cold > limit + 0.15) & (np.convolve(rain, np.ones(4), mode="full")[:n] > 2.0)
    return Weather(
        days=days,
        season=season,
        cloud=cloud.astype(np.float32),
        moisture=_moisture(rain, summer),
        frost=frost.astype(np.int32),
        snow=snow.astype(np.int32),
        wet_leaves=((rain > 0.5) | (rng.random(n) < 0.15)).astype(np.int32),
    )


def _cloudiness(rng: np.random.Generator, n: int) -> FloatArray:
    """Return a series of variance 1: weather of a few days on top of spells of some weeks."""
    return np.asarray(0.90 * smooth_series(rng, n, 1.2) + 0.44 * smooth_series(rng, n, 9.0), dtype=np.float32)


def _rain(rng: np.random.Generator, cloud: FloatArray, share: float) -> FloatArray:
    """Return mm of rain per day; cloudier days are the wetter ones."""
    likely = cloud + 0.8 * rng.standard_normal(len(cloud))
    wet = likely > np.quantile(likely, 1.0 - share)
    return np.asarray(np.where(wet, rng.gamma(0.8, 5.5, len(cloud)), 0.0), dtype=np.float32)


def _moisture(rain: FloatArray, summer: FloatArray) -> FloatArray:
    """Return soil moisture from an antecedent precipitation index that dries faster in summer."""
    decay = 0.90
    index = lfilter([1.0], [1.0, -decay], rain * (1.0 - 0.35 * summer))
    return np.asarray(0.07 + 0.33 * (1.0 - np.exp(-index / 30.0)), dtype=np.float32)
