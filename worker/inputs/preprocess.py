"""From raw scenes to series: masks from the scene classification, backscatter without ragged edges."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from jobs.duplicates import PASS_BREAK
from jobs.scenes import Scene
from models.clear import SNOW_CLASS, WATER_CLASS, clear_mask, usable_mask
from models.series import FloatArray, OpticalSeries, RadarSeries, day_number
from worker.inputs.sensors import NO_ORBIT, cos_incidence, cosines

if TYPE_CHECKING:
    from worker.inputs.read import RawScene

EDGE_PX = 1
"""Radar scenes end raggedly: pixels this near to missing ones are left out."""


def to_reflectance(raw: Iterable[RawScene], most: int, shape: tuple[int, int]) -> OpticalSeries:
    """Return the optical series of scenes read in the order of their time.

    Each goes to its place as it comes and is let go: a job's scenes and a copy of them would not fit into memory.

    Args:
        raw: bands in the order of `S2_ASSETS`, reflectance and scene classification.
        most: how many scenes there may be.
        shape: rows and columns of the grid.
    """
    reflectance = np.empty((most, 8, *shape), np.float32)  # memory is taken as it is written to
    clear, usable, water, snow = (np.empty((most, *shape), np.bool_) for _ in range(4))
    scenes: list[Scene] = []
    for one in raw:
        i = len(scenes)
        reflectance[i] = one.bands[:-1]
        scl = np.nan_to_num(one.bands[-1:]).astype(np.uint8)
        complete = np.isfinite(reflectance[i]).all(axis=0)
        clear[i] = clear_mask(scl)[0] & complete
        usable[i] = usable_mask(scl)[0] & complete
        water[i], snow[i] = scl[0] == WATER_CLASS, scl[0] == SNOW_CLASS
        scenes.append(one.scene)
    there = slice(len(scenes))
    return OpticalSeries(
        reflectance=reflectance[there],
        clear=clear[there],
        usable=usable[there],
        water=water[there],
        snow=snow[there],
        days=day_number([scene.day for scene in scenes]),
        cosines=np.array([cosines(scene) for scene in scenes], np.float32).reshape(-1, 3),
        platforms=tuple(scene.platform for scene in scenes),
    )


def to_backscatter(raw: Iterable[RawScene], shape: tuple[int, int]) -> RadarSeries:
    """Return the radar series, one entry per pass: slices of one pass are joined in linear power.

    Args:
        raw: vv and vh, linear power; each scene is let go as soon as its pass is made.
        shape: rows and columns of the grid.
    """
    passes = _passes(raw)
    power = np.empty((len(passes), 2, *shape), np.float32)
    first = [members[0].scene for members in passes]
    for i, members in enumerate(passes):
        power[i] = _joined([_without_edges(r.bands) for r in members])
        members.clear()
    return RadarSeries(
        power=power,
        days=day_number([scene.day for scene in first]),
        orbits=np.array([NO_ORBIT if s.relative_orbit is None else s.relative_orbit for s in first], np.int32),
        ascending=np.array([scene.orbit_state == "ascending" for scene in first], np.bool_),
        cos_incidence=np.array([cos_incidence(scene) for scene in first], np.float32),
    )


def _passes(raw: Iterable[RawScene]) -> list[list[RawScene]]:
    """Return the slices of each pass, in order of day and orbit.

    Without a relative orbit, direction and time tell: in the morning and in the evening the same satellite looks from
    the other side.
    """
    found: dict[tuple[object, ...], list[RawScene]] = {}
    for slice_ in sorted(raw, key=lambda r: r.scene.datetime):
        scene = slice_.scene
        key: tuple[object, ...] = (scene.day, scene.relative_orbit or NO_ORBIT, scene.platform)
        if scene.relative_orbit is None:
            key += (str(scene.orbit_state), _begun(scene, found.values()))
        found.setdefault(key, []).append(slice_)
    return sorted(found.values(), key=_order)


def _order(slices: list[RawScene]) -> tuple[object, ...]:
    first = slices[0].scene
    return first.day, first.relative_orbit or NO_ORBIT, first.platform, first.datetime


def _begun(scene: Scene, passes: Iterable[list[RawScene]]) -> datetime:
    """Return the time of the first slice of a scene's pass, which is its own where no slice is shortly before it."""
    for slices in passes:
        last = slices[-1].scene
        same = (last.platform, last.relative_orbit, last.orbit_state) == (scene.platform, None, scene.orbit_state)
        if same and scene.datetime - last.datetime <= PASS_BREAK:
            return slices[0].scene.datetime
    return scene.datetime


def _without_edges(bands: FloatArray) -> FloatArray:
    """Return (2, H, W) power, NaN where it is not positive or next to where it is not."""
    valid = (bands > 0).all(axis=0)
    inner = ndimage.binary_erosion(valid, np.ones((2 * EDGE_PX + 1,) * 2), border_value=1)
    return np.where(inner, bands, np.float32(np.nan))


def _joined(slices: list[FloatArray]) -> FloatArray:
    """Return the mean over slices where they overlap."""
    if len(slices) == 1:
        return slices[0]
    stack = np.stack(slices)
    count = np.isfinite(stack).sum(axis=0)
    return np.where(count > 0, np.nansum(stack, axis=0) / np.maximum(count, 1), np.nan).astype(np.float32)
