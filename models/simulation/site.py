"""One simulated square of ground: everything the satellites report of it, and the LAI that was really there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from scipy.ndimage import binary_dilation, convolve1d

from models.bands import S2_BANDS
from models.biophysical import observed_lai
from models.series import FloatArray, IntArray, OpticalSeries, RadarSeries, Site, day_number
from models.simulation.atmosphere import seen_through
from models.simulation.canopy import (
    GROUNDS,
    LeafKind,
    canopy_reflectance,
    canopy_tables,
    ground_reflectance,
)
from models.simulation.clouds import Classes, classify, sky
from models.simulation.covers import COVERS, INDEX
from models.simulation.fields import Landscape, landscape
from models.simulation.leaf import BANDS
from models.simulation.noise import smooth_fields
from models.simulation.orbits import OpticalPasses, RadarPasses, optical_passes, radar_passes
from models.simulation.phenology import Growth, growth
from models.simulation.radar import Stand, backscatter
from models.simulation.regions import REGIONS
from models.simulation.swath import cut_off
from models.simulation.weather import Weather, weather

_DILATION_PX = 2
_CLOUDY = (3, 8, 9)
_GROUND_OF = np.array([GROUNDS.index(cover.ground) for cover in COVERS])
_STATES = ((0.65, 0.85), (1.0, 1.0), (1.35, 1.2))  # factors on chlorophyll and water: pale, usual and lush stands


@dataclass(frozen=True)
class SiteSpec:
    """What a simulated site is drawn from; the same spec gives the same site.

    Attributes:
        size_px: side in pixels of 20 m.
        start: first day.
        end: last day.
        region: a name in `regions.REGIONS`.
        seed: everything random follows from it.
        hemisphere: where the seasons come from.
    """

    size_px: int
    start: date
    end: date
    region: str = "belgium"
    seed: int = 0
    hemisphere: Literal["north", "south"] = "north"


@dataclass(frozen=True)
class SimulatedSite:
    """What the satellites report of a simulated site, and the truth.

    Attributes:
        spec: what it was drawn from.
        land: parcels and lasting cover.
        labels: per parcel the cover, or the main crop.
        passes: days, platforms and angles of the T optical scenes.
        scl: (T, H, W) scene classification; 0 = no data.
        reflectance: (T, 10, H, W) surface reflectance in the order of `leaf.BANDS`; NaN = no data.
        radar_passes: days, orbits and incidence of the radar scenes.
        power: (R, 2, H, W) gamma nought, linear, VV then VH; NaN = no data.
        days: (D,) every day of the period.
        true_lai: (D, H, W) m2/m2.
    """

    spec: SiteSpec
    land: Landscape
    labels: tuple[str, ...]
    passes: OpticalPasses
    scl: Classes
    reflectance: FloatArray
    radar_passes: RadarPasses
    power: FloatArray
    days: IntArray
    true_lai: FloatArray

    def truth(self, days: IntArray) -> FloatArray:
        """Return the LAI that really stood there on day numbers of the period, (len(days), H, W)."""
        return np.asarray(self.true_lai[np.asarray(days) - self.days[0]])

    def optical(self) -> OpticalSeries:
        """Return the scenes as the reader of real scenes would."""
        clear = (self.scl == 4) | (self.scl == 5)
        square = np.ones((1, 2 * _DILATION_PX + 1, 2 * _DILATION_PX + 1), dtype=np.bool_)
        near_cloud = binary_dilation(np.isin(self.scl, _CLOUDY), structure=square)
        return OpticalSeries(
            reflectance=self.reflectance[:, [BANDS.index(band) for band in S2_BANDS]],
            clear=clear,
            usable=clear & ~near_cloud,
            water=self.scl == 6,
            snow=self.scl == 11,
            days=self.passes.days,
            cosines=self.passes.cosines,
            platforms=self.passes.platforms,
        )

    def radar(self) -> RadarSeries:
        """Return the radar series as the reader of real scenes would."""
        passes = self.radar_passes
        cosine = np.cos(np.radians(passes.incidence)).astype(np.float32)
        return RadarSeries(self.power, passes.days, passes.orbits, passes.ascending, cosine)

    def site(self) -> Site:
        """Return what reconstruction, training and evaluation see of the site."""
        return Site(observed_lai(self.optical()), self.radar())


def simulate(spec: SiteSpec) -> SimulatedSite:
    """Return a site drawn from its spec.

    Raises:
        KeyError: the region is not known.
    """
    region = REGIONS[spec.region]
    southern = spec.hemisphere == "south"
    first, last = (int(day_number(day)) for day in (spec.start, spec.end))
    days = np.arange(first, last + 1, dtype=np.int32)
    # One stream per subject: a change in one leaves the others as they were.
    streams = iter(np.random.default_rng(spec.seed).spawn(8))
    daily = weather(next(streams), region, days, southern)
    land = landscape(next(streams), region, spec.size_px)
    grown = growth(next(streams), region, land.land, daily)
    truth = _pixel_lai(next(streams), land, grown)
    passes = optical_passes(next(streams), first, last, -region.latitude if southern else region.latitude)
    scl, reflectance = _scenes(
        next(streams), land, grown, truth, passes, daily, region.cloudiness, region.soil_brightness
    )
    radar_rng = next(streams)
    seen = radar_passes(radar_rng, first, last)
    at = daily.at(seen.days)
    stand = Stand(truth[at], land.parcel, grown.cover[at], grown.litter[at], grown.disturbed[at])
    power = backscatter(radar_rng, stand, seen, daily)
    np.moveaxis(power, 1, -1)[cut_off(radar_rng, len(seen.days), spec.size_px)] = np.nan
    return SimulatedSite(spec, land, tuple(grown.labels), passes, scl, reflectance, seen, power, days, truth)


def _pixel_lai(rng: np.random.Generator, land: Landscape, grown: Growth) -> FloatArray:
    """Return daily LAI per pixel: the parcel's, earlier here and denser there, mixed across borders."""
    shape = land.parcel.shape
    patchy = np.isin(np.array(land.land), ("village", "orchard", "steppe"))[land.parcel]
    dense = np.exp(0.16 * smooth_fields(rng, (1, *shape), 5.0)[0] + 0.12 * rng.standard_normal(shape))
    dense = dense * np.exp(np.where(patchy, 0.45, 0.0) * rng.standard_normal(shape))
    late = np.rint(2.5 * smooth_fields(rng, (1, *shape), 7.0)[0]).astype(np.int64)
    n = len(grown.lai)
    day = np.clip(np.arange(n)[:, None, None] - late, 0, n - 1)  # (D, H, W)
    lai = grown.lai[day, land.parcel] * dense.astype(np.float32)
    for axis in (1, 2):  # the sensor's point spread
        lai = convolve1d(lai, np.array([0.1, 0.8, 0.1]), axis=axis, mode="nearest")
    return np.asarray(np.minimum(lai, 7.9), dtype=np.float32)


def _scenes(
    rng: np.random.Generator,
    land: Landscape,
    grown: Growth,
    truth: FloatArray,
    passes: OpticalPasses,
    daily: Weather,
    cloudiness: float,
    soil_brightness: float,
) -> tuple[Classes, FloatArray]:
    """Return the classification (T, H, W) and reflectance (T, 10, H, W) of every optical pass."""
    size, at = land.parcel.shape[0], daily.at(passes.days)
    ground = _ground(rng, land, grown, truth, passes, daily, soil_brightness)
    share = float(np.clip(cloudiness + rng.normal(0, 0.04), 0.05, 0.9))  # one year is not like the other
    air = sky(rng, passes, daily.cloud[at], share, size)
    snow = daily.snow[at]
    reflectance = seen_through(rng, ground, air, snow.astype(np.float32))
    village = grown.cover[0][land.parcel] == INDEX["village"]
    roofs = village & (rng.random(village.shape) < 0.15)
    water = grown.cover[0][land.parcel] == INDEX["water"]
    scl = classify(rng, air, reflectance, water, roofs, snow)
    missing = cut_off(rng, len(at), size)
    scl[missing] = 0
    np.moveaxis(reflectance, 1, -1)[missing] = np.nan
    return scl, reflectance


def _ground(
    rng: np.random.Generator,
    land: Landscape,
    grown: Growth,
    truth: FloatArray,
    passes: OpticalPasses,
    daily: Weather,
    soil_brightness: float,
) -> FloatArray:
    """Return the true surface reflectance (T, 10, H, W) at every optical pass."""
    size, parcel, at = land.parcel.shape[0], land.parcel.reshape(-1), daily.at(passes.days)
    present = np.unique(grown.cover)
    kinds = tuple(LeafKind(COVERS[cover], *state) for cover in present for state in _STATES)
    tables = canopy_tables(passes.directions, kinds)
    state = rng.integers(len(_STATES), size=len(land.land))
    brightness = _brightness(rng, land, soil_brightness).reshape(-1)
    found = np.empty((len(at), len(BANDS), size, size), dtype=np.float32)
    for scene, day in enumerate(at):
        cover = grown.cover[day]
        kind = (np.searchsorted(present, cover) * len(_STATES) + state)[parcel]
        below = ground_reflectance(
            _GROUND_OF[cover][parcel], brightness, float(daily.moisture[day]), grown.litter[day][parcel]
        )
        seen = canopy_reflectance(tables[scene], kind, truth[day].reshape(-1), below)
        found[scene] = seen.T.reshape(len(BANDS), size, size)
    return found


def _brightness(rng: np.random.Generator, land: Landscape, soil_brightness: float) -> FloatArray:
    """Return (H, W) brightness of the ground: the region's, the field's, and patches of loam and sand in it."""
    shape = land.parcel.shape
    site = soil_brightness * np.exp(rng.normal(0, 0.12))
    field = np.exp(0.10 * rng.standard_normal(len(land.land)))[land.parcel]
    patches = np.exp(0.08 * smooth_fields(rng, (1, *shape), 8.0)[0])
    roofs = np.where(np.array(land.land)[land.parcel] == "village", np.exp(0.3 * rng.standard_normal(shape)), 1.0)
    return np.asarray(site * field * patches * roofs, dtype=np.float32)
