"""Daily LAI of every parcel: crop calendars with rotation, mown grass, forests, sparse dry land."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.series import FloatArray, IntArray
from models.simulation.covers import INDEX
from models.simulation.regions import Region
from models.simulation.weather import Weather

Series = NDArray[np.float64]
_YEAR = 365.25


@dataclass(frozen=True)
class Cycle:
    """Rise and fall of one stand, in days since 1 January of its harvest year.

    Attributes:
        rise: day of half growth.
        rise_days: time constant of growth.
        peak: highest LAI.
        fall: day of half senescence.
        fall_days: time constant of senescence.
        end: harvest; nothing green is left after it.
    """

    rise: float
    rise_days: float
    peak: float
    fall: float
    fall_days: float
    end: float


# Dates follow the Belgian calendar (sowing and harvest windows of regional advisory services), peaks the range of
# published field LAI; days before 1 January are negative.
CALENDAR = {
    "winter wheat": (Cycle(-40, 16, 1.1, 140, 20, 140), Cycle(98, 11, 5.4, 177, 7, 208)),
    "winter barley": (Cycle(-45, 14, 1.2, 130, 20, 130), Cycle(92, 11, 4.8, 160, 7, 188)),
    "rapeseed": (Cycle(-85, 12, 1.8, 110, 25, 120), Cycle(90, 11, 4.2, 165, 9, 195)),
    "maize": (Cycle(169, 8, 4.1, 247, 12, 263),),
    "sugar beet": (Cycle(160, 9, 4.4, 272, 40, 298),),
    "potato": (Cycle(160, 6, 4.4, 232, 9, 255),),
    "vegetables": (Cycle(132, 8, 2.6, 190, 15, 178), Cycle(218, 8, 3.2, 290, 20, 282)),
    "ryegrass": (Cycle(-75, 18, 2.2, 125, 25, 126), Cycle(82, 10, 4.9, 200, 20, 126)),
    "catch crop": (Cycle(258, 10, 3.0, 385, 25, 425),),
}
_WINTER = ("winter wheat", "winter barley", "rapeseed")


@dataclass
class Growth:
    """Daily state of every parcel.

    Attributes:
        lai: (D, P) m2/m2 of green leaves.
        litter: (D, P) share of the ground that dead or cut plants cover, 0..1.
        cover: (D, P) index into `covers.COVERS` of what grows, or grew last.
        disturbed: (D, P) 1 after tillage, when the soil is rough, fading over some weeks.
        labels: per parcel its lasting cover or main crop.
    """

    lai: FloatArray
    litter: FloatArray
    cover: IntArray
    disturbed: FloatArray
    labels: list[str] = field(default_factory=list)


def growth(rng: np.random.Generator, region: Region, land: tuple[str, ...], weather: Weather) -> Growth:
    """Return the growth of every parcel of a landscape over the days of the weather."""
    shape = (len(weather.days), len(land))
    state = Growth(
        lai=np.zeros(shape, np.float32),
        litter=np.zeros(shape, np.float32),
        cover=np.zeros(shape, np.int32),
        disturbed=np.zeros(shape, np.float32),
    )
    clock = _Clock(weather, region.growth_shift + rng.normal(0, 5), rng)
    for parcel, name in enumerate(land):
        if name == "arable":
            label = _arable(rng, region, clock, state, parcel)
        else:
            label = name
            state.cover[:, parcel] = INDEX[name]
            state.lai[:, parcel] = _LASTING[name](rng, clock)
        state.labels.append(label)
    return state


class _Clock:
    """Season days of a site: how far each day is into each harvest year, moved by early and late springs."""

    def __init__(self, weather: Weather, shift: float, rng: np.random.Generator) -> None:
        self.season = weather.season.astype(float)
        turns = np.r_[0, np.cumsum(np.diff(self.season) < 0)]
        self.day = self.season + _YEAR * turns - shift  # counts on through the years
        self.years = range(0, int(turns[-1]) + 2)
        self.early = {year: rng.normal(0, 5) for year in self.years}
        self.vigour = {year: rng.normal(1, 0.08) for year in self.years}
        drought = np.clip(0.20 - weather.moisture.astype(float), 0, 0.13) / 0.13
        self.dry = np.convolve(np.r_[np.full(29, drought[:30].mean()), drought], np.ones(30) / 30, mode="valid")

    def since(self, year: int) -> Series:
        """Return days since 1 January of a harvest year, as plants of that year feel them."""
        return np.asarray(self.day - _YEAR * year + self.early[year])


def _rise_and_fall(t: Series, cycle: Cycle) -> Series:
    rise = 1 / (1 + np.exp(-np.clip((t - cycle.rise) / cycle.rise_days * 2.2, -30, 30)))
    fall = 1 / (1 + np.exp(np.clip((t - cycle.fall) / cycle.fall_days * 2.2, -30, 30)))
    return np.asarray(cycle.peak * rise * fall)


def _varied(rng: np.random.Generator, cycle: Cycle, late: float, vigour: float) -> Cycle:
    """Return a farmer's own version of a calendar."""
    return Cycle(
        cycle.rise + late + rng.normal(0, 2),
        cycle.rise_days * rng.uniform(0.8, 1.3),
        cycle.peak * vigour * rng.uniform(0.75, 1.15),
        cycle.fall + 0.5 * late + rng.normal(0, 4),
        cycle.fall_days * rng.uniform(0.8, 1.3),
        cycle.end + 0.5 * late + rng.normal(0, 6),
    )


def _arable(rng: np.random.Generator, region: Region, clock: _Clock, state: Growth, parcel: int) -> str:
    """Fill in a rotation of crops with catch crops between; return the crop of the longest growth."""
    names, weights = list(region.crops), np.array(list(region.crops.values()))
    crops = [str(name) for name in rng.choice(names, size=len(clock.years) + 1, p=weights / weights.sum())]
    lai = state.lai[:, parcel]
    green_days: dict[str, float] = {}
    for year in clock.years:
        plan = [(crops[year], cycle) for cycle in CALENDAR[crops[year]]]
        ends = CALENDAR[crops[year]][-1].end
        if ends < 260 and crops[year + 1] not in _WINTER and rng.random() < 0.55 * min(1.0, region.rain_share / 0.4):
            plan += [("catch crop", cycle) for cycle in CALENDAR["catch crop"]]
        if crops[year] == "maize" and rng.random() < 0.4:  # cut for fodder before maize is sown
            plan += [("ryegrass", cycle) for cycle in CALENDAR["ryegrass"]]
        late, vigour = rng.normal(0, 7), rng.gamma(30, 1 / 30) * clock.vigour[year]
        for name, cycle in plan:
            _grow(rng, state, parcel, clock, year, name, _varied(rng, cycle, late, vigour))
        if name_sum := float(_rise_and_fall(clock.since(year), CALENDAR[crops[year]][-1]).sum()):
            green_days[crops[year]] = green_days.get(crops[year], 0.0) + name_sum
    weeds = 0.05 + 0.12 * rng.random() * (1 - clock.dry)
    np.maximum(lai, weeds, out=lai)
    return max(green_days, key=lambda name: green_days[name]) if green_days else crops[0]


def _grow(
    rng: np.random.Generator, state: Growth, parcel: int, clock: _Clock, year: int, name: str, cycle: Cycle
) -> None:
    """Add one stand to a parcel: leaves, straw after them, bare and rough soil after tillage."""
    t = clock.since(year)
    # Drought takes leaves where it lasts; irrigated or deep-rooted stands feel less of it.
    stand = _rise_and_fall(t, cycle) * (1 - 0.35 * rng.random() * clock.dry) * (t < cycle.end)
    taller = stand > np.maximum(state.lai[:, parcel], 0.05)
    state.lai[:, parcel] = np.maximum(state.lai[:, parcel], stand)
    state.cover[taller | (t > cycle.rise - 30), parcel] = INDEX[name]
    tilled = cycle.end + rng.gamma(2.0, 9.0)
    dead = 1 / (1 + np.exp(np.clip(-(t - cycle.fall) / cycle.fall_days * 2.2, -30, 30)))
    straw = 0.85 * dead * (t < cycle.end) + rng.uniform(0.3, 0.8) * ((t >= cycle.end) & (t < tilled))
    late_in_year = t > cycle.rise
    state.litter[:, parcel] = np.where(late_in_year, straw, state.litter[:, parcel])
    rough = np.exp(-np.clip(t - tilled, 0, None) / 40.0) * (t >= tilled)
    seedbed = (t > cycle.rise - 40) & (t < cycle.rise)
    state.disturbed[:, parcel] = np.where(late_in_year, rough, np.where(seedbed, 0.0, state.disturbed[:, parcel]))


def _warmth(clock: _Clock, low: float, late: float = 0.0) -> Series:
    """Return growth between `low` in winter and 1 in early summer."""
    return np.asarray(low + (1 - low) * np.clip(0.5 - 0.62 * np.cos(2 * np.pi * (clock.day - 10 - late) / _YEAR), 0, 1))


def _grazed(rng: np.random.Generator, clock: _Clock) -> Series:
    level = rng.uniform(1.0, 2.6) * (1 - 0.5 * clock.dry * _warmth(clock, 0.0))
    bites = 1 + 0.18 * np.sin(2 * np.pi * clock.day / rng.uniform(25, 50) + rng.uniform(0, 6))
    return np.asarray(level * _warmth(clock, rng.uniform(0.35, 0.6)) * bites)


def _mown(rng: np.random.Generator, clock: _Clock, first: float = 130.0, cuts: tuple[int, int] = (2, 5)) -> Series:
    """Return grass that is cut several times a year and grows back."""
    top = rng.uniform(2.6, 4.6) * _warmth(clock, rng.uniform(0.28, 0.55), late=-35.0) * (1 - 0.45 * clock.dry)
    stubble, back = rng.uniform(0.5, 1.0), rng.uniform(10, 20)
    lai = top.copy()
    for year in clock.years:
        t = clock.since(year)
        cut = first + rng.normal(0, 10)
        for _ in range(int(rng.integers(cuts[0], cuts[1] + 1))):
            grown = 1 / (1 + np.exp(-np.clip((t - cut - 1.3 * back) / back * 3.0, -30, 30)))
            after = (t >= cut) & (t < cut + 90)
            lai = np.where(after, np.minimum(lai, stubble + np.maximum(top - stubble, 0.0) * grown), lai)
            cut += rng.uniform(32, 55)
    return np.asarray(lai)


def _alfalfa(rng: np.random.Generator, clock: _Clock) -> Series:
    return _mown(rng, clock, first=115.0, cuts=(4, 6))


def _deciduous(rng: np.random.Generator, clock: _Clock) -> Series:
    low, high = rng.uniform(0.5, 1.0), rng.uniform(3.6, 5.0)
    leaves = np.zeros_like(clock.day)
    for year in clock.years:
        leaves = np.maximum(leaves, _rise_and_fall(clock.since(year), Cycle(118, 9, 1.0, 290, 18, 400)))
    return np.asarray(low + (high - low) * leaves)


def _evergreen(rng: np.random.Generator, clock: _Clock) -> Series:
    return np.asarray(rng.uniform(1.8, 3.2) * (0.8 + 0.2 * _warmth(clock, 0.0, late=25.0)))


def _orchard(rng: np.random.Generator, clock: _Clock) -> Series:
    weeds = rng.uniform(0.0, 0.5) * np.clip(np.cos(2 * np.pi * (clock.day - 65) / _YEAR), 0, 1) * (1 - clock.dry)
    return np.asarray(rng.uniform(0.4, 1.1) * (0.85 + 0.15 * _warmth(clock, 0.0)) + weeds)


def _steppe(rng: np.random.Generator, clock: _Clock) -> Series:
    spring = np.exp(-0.5 * ((((clock.day - 105) + _YEAR / 2) % _YEAR - _YEAR / 2) / 38.0) ** 2)
    return np.asarray(rng.uniform(0.12, 0.35) + rng.uniform(0.2, 0.9) * spring * (1 - 0.7 * clock.dry))


def _gardens(rng: np.random.Generator, clock: _Clock) -> Series:
    return np.asarray(rng.uniform(0.3, 1.4) * _warmth(clock, 0.45))


def _open_water(rng: np.random.Generator, clock: _Clock) -> Series:
    return np.zeros_like(clock.day)


_LASTING = {
    "grassland": _grazed,
    "meadow": _mown,
    "alfalfa": _alfalfa,
    "deciduous forest": _deciduous,
    "evergreen forest": _evergreen,
    "orchard": _orchard,
    "steppe": _steppe,
    "village": _gardens,
    "water": _open_water,
}
