"""When the satellites pass and from where they look: repeat cycles, sun and view angles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.series import BoolArray, FloatArray, IntArray
from models.simulation.canopy import Directions

_YEAR = 365.25
_RADAR_TRACKS = ((161, True, 34.5), (59, True, 43.0), (110, False, 36.0), (37, False, 42.0), (88, True, 39.0))
"""Relative orbit, ascending, incidence in degrees at the site: tracks that cross western Europe."""


@dataclass(frozen=True)
class OpticalPasses:
    """Sentinel-2 passes over a site, each (T,)."""

    days: IntArray
    platforms: tuple[str, ...]
    orbits: IntArray
    directions: Directions
    sun_azimuth: FloatArray
    view_azimuth: FloatArray

    @property
    def cosines(self) -> FloatArray:
        """Cosines of view zenith, sun zenith and relative azimuth, (T, 3)."""
        angles = (self.directions.view_zenith, self.directions.sun_zenith, self.directions.relative_azimuth)
        return np.asarray(np.cos(np.radians(np.stack(angles, axis=1))), dtype=np.float32)


@dataclass(frozen=True)
class RadarPasses:
    """Sentinel-1 passes over a site, each (T,); incidence in degrees."""

    days: IntArray
    platforms: tuple[str, ...]
    orbits: IntArray
    ascending: BoolArray
    incidence: FloatArray


def optical_passes(rng: np.random.Generator, first: int, last: int, latitude: float) -> OpticalPasses:
    """Return the passes of two or three satellites on one or two tracks, a fifth of them missing."""
    tracks = [(51, 104.0, rng.uniform(2.5, 10.5)), (8, 285.0, rng.uniform(2.5, 10.5))][: 2 if rng.random() < 0.7 else 1]
    other = "S2C" if rng.random() < 0.3 else "S2B"
    rows: list[tuple[int, str, int, float, float]] = []
    for orbit, azimuth, zenith in tracks:
        start = first + int(rng.integers(10))
        for step, day in enumerate(range(start, last + 1, 5)):
            if rng.random() > 0.2:
                rows.append((day, ("S2A", other)[step % 2], orbit, azimuth + rng.normal(0, 1.5), zenith))
    rows.sort(key=lambda row: row[0])
    days = np.array([row[0] for row in rows], dtype=np.int32)
    view_azimuth = np.array([row[3] for row in rows])
    view_zenith = np.array([row[4] for row in rows]) + rng.normal(0, 0.05, len(rows))
    sun_zenith, sun_azimuth = sun_position(days, latitude)
    relative = np.degrees(np.arccos(np.cos(np.radians(sun_azimuth - view_azimuth))))
    return OpticalPasses(
        days,
        tuple(row[1] for row in rows),
        np.array([row[2] for row in rows], dtype=np.int32),
        Directions(*(a.astype(np.float32) for a in (sun_zenith, view_zenith, relative))),
        sun_azimuth.astype(np.float32),
        view_azimuth.astype(np.float32),
    )


def sun_position(days: IntArray, latitude: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return zenith and azimuth of the sun in degrees at 10:45 local solar time, when Sentinel-2 passes."""
    turn = 2 * np.pi * ((np.asarray(days) % _YEAR) - 80.0) / _YEAR  # 1970-01-01 began a year
    declination = np.radians(23.44) * np.sin(turn)
    hour, lat = np.radians(-18.75), np.radians(latitude)
    up = np.sin(lat) * np.sin(declination) + np.cos(lat) * np.cos(declination) * np.cos(hour)
    east = -np.cos(declination) * np.sin(hour)
    north = np.cos(lat) * np.sin(declination) - np.sin(lat) * np.cos(declination) * np.cos(hour)
    zenith = np.degrees(np.arccos(np.clip(up, 0.2, 1.0)))  # no scene is taken with the sun lower than 11 degrees
    return zenith, np.degrees(np.arctan2(east, north)) % 360.0


def radar_passes(rng: np.random.Generator, first: int, last: int) -> RadarPasses:
    """Return the passes of one or two satellites on two or three tracks, some of them missing."""
    chosen = rng.permutation(len(_RADAR_TRACKS))[: 2 if rng.random() < 0.75 else 3]
    repeat = 6 if rng.random() < 0.6 else 12  # two satellites until 2021 and since 2025, one between
    rows: list[tuple[int, str, int, bool, float]] = []
    for track in chosen:
        orbit, ascending, incidence = _RADAR_TRACKS[track]
        start = first + int(rng.integers(repeat))
        for step, day in enumerate(range(start, last + 1, repeat)):
            if rng.random() > 0.03:
                rows.append((day, ("S1A", "S1B")[step % 2] if repeat == 6 else "S1A", orbit, ascending, incidence))
    rows.sort(key=lambda row: (row[0], row[2]))
    return RadarPasses(
        np.array([row[0] for row in rows], dtype=np.int32),
        tuple(row[1] for row in rows),
        np.array([row[2] for row in rows], dtype=np.int32),
        np.array([row[3] for row in rows], dtype=np.bool_),
        np.array([row[4] for row in rows], dtype=np.float32),
    )
