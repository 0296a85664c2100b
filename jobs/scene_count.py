"""How many scenes an order reads: counted where the catalogue has told, else by how often the satellites come by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

import numpy as np
from odc.geo.geobox import GeoBox
from shapely import area, box, intersection, make_valid
from shapely.geometry import shape

from jobs.order_times import TimeRange
from jobs.scenes import Scene

EQUATOR_KM = 40_075.0
LEAST_COSINE = 0.17
"""Of latitude: the last passes turn round at 80° and some."""


@dataclass(frozen=True)
class Mission:
    """How satellites of one kind go round, and how their scenes are cut.

    Attributes:
        satellites: how many are at work from a day on, in order of time.
        cycle_days: after which a satellite repeats its tracks.
        orbits: in a cycle.
        passes: of an orbit over a latitude from which scenes come: two for radar, the sunlit one else.
        swath_km: width of what it sees.
        scene_km: width and height of a scene.
        lattice_km: from one scene to the next, across and along.
    """

    satellites: tuple[tuple[date, int], ...]
    cycle_days: int
    orbits: int
    passes: int
    swath_km: float
    scene_km: tuple[float, float]
    lattice_km: tuple[float, float]

    def looks(self, latitude: float, days: TimeRange) -> float:
        """Return how often a place is seen in a range of days, as if every pass took pictures."""
        ring_km = EQUATOR_KM * max(LEAST_COSINE, math.cos(math.radians(latitude)))
        a_day = self.passes * self.orbits * self.swath_km / ring_km / self.cycle_days
        return a_day * self._satellite_days(days)

    def scenes_of_a_look(self, width_km: float, height_km: float) -> float:
        """Return how many scenes a look at a rectangle takes, on average over where it lies in their lattice."""
        sides = zip((width_km, height_km), self.scene_km, self.lattice_km, strict=True)
        return math.prod((scene + side) / lattice for side, scene, lattice in sides)

    def _satellite_days(self, days: TimeRange) -> int:
        after = days.end + timedelta(days=1)
        ends = [begin for begin, _ in self.satellites[1:]] + [after]
        spans = zip(self.satellites, ends, strict=True)
        return sum(n * max(0, (min(end, after) - max(begin, days.start)).days) for (begin, n), end in spans)


SENTINEL_1 = Mission(
    satellites=((date(2014, 10, 1), 1), (date(2016, 10, 1), 2), (date(2021, 12, 23), 1), (date(2025, 4, 1), 2)),
    cycle_days=12,
    orbits=175,
    passes=2,
    swath_km=250,
    scene_km=(250, 170),
    lattice_km=(250, 170),
)
"""1B came in 2016 and failed on 23 December 2021; 1C has taken its place."""
SENTINEL_2 = Mission(
    satellites=((date(2015, 7, 1), 1), (date(2017, 7, 1), 2)),
    cycle_days=10,
    orbits=143,
    passes=1,
    swath_km=290,
    scene_km=(109.8, 109.8),
    lattice_km=(100, 100),
)
MISSIONS = (SENTINEL_1, SENTINEL_2)


@dataclass(frozen=True)
class SceneCount:
    """How many scenes there are for an order.

    Attributes:
        scenes: of both missions.
        looks: how many of them show one place, on average over the grid.
        optical_looks: those of Sentinel-2 among these.
        counted: they were found in the catalogue; False: so many are to be expected.
    """

    scenes: int
    looks: float
    optical_looks: float
    counted: bool

    @classmethod
    def of(cls, scenes: Sequence[Scene], geobox: GeoBox) -> Self:
        """Return the count of scenes that were found for a grid."""
        bounds = geobox.geographic_extent.boundingbox
        grid = box(bounds.left, bounds.bottom, bounds.right, bounds.top)
        footprints = make_valid(np.array([shape(scene.footprint) for scene in scenes], dtype=object))
        shares = area(intersection(footprints, grid)) / grid.area
        optical = np.array([scene.sensor == "s2" for scene in scenes], np.bool_)
        return cls(len(scenes), float(shares.sum()), float(shares[optical].sum()), True)

    @classmethod
    def expected(cls, geobox: GeoBox, days: TimeRange) -> Self:
        """Return the count to be expected from the missions' orbits; where passes take no pictures there are fewer."""
        bounds = geobox.geographic_extent.boundingbox
        latitude = (bounds.bottom + bounds.top) / 2
        height_km, width_km = (side * abs(geobox.affine.a) / 1000 for side in geobox.shape)
        looks = [(mission, mission.looks(latitude, days)) for mission in MISSIONS]
        scenes = sum(n * mission.scenes_of_a_look(width_km, height_km) for mission, n in looks)
        of_a_place = {mission: n * mission.scenes_of_a_look(0, 0) for mission, n in looks}
        return cls(round(scenes), sum(of_a_place.values()), of_a_place[SENTINEL_2], False)
