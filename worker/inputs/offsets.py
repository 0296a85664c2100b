"""Which offset Sentinel-2's numbers have where items leave it open, or say what their pixels contradict: by groups."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from shapely import make_valid
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from jobs.radiometry import BASELINE_OFFSET, OF_AGE, OFFSET_SINCE_DAY, Offset
from jobs.scenes import Scene
from worker.inputs.band import gdal
from worker.inputs.dark import (
    APPLIED_BELOW,
    BANDS,
    contradict,
    dark_pixels,
    darkest_of,
    offset_of_group,
    read_small,
)
from worker.inputs.read import SceneReader
from worker.inputs.weather import Hosts, UnreadScene

log = logging.getLogger(__name__)
MOST_LOOKS = 12
"""At scenes of a group that is open: the darkest of a dozen settles it, and each costs three small windows."""
CHECKS = 3
"""Looks at a group whose items say something, and as many again where these show too little."""

Group = tuple[object, ...]
Darkest = float | UnreadScene | None
"""What a look brings: the darkest clear ground, why a scene could not be read, or None where it shows too little."""


def group_of(scene: Scene) -> Group:
    """Return what scenes share whose offset is one question: the same claim in the same age.

    Archives that say nothing at all have products of before and after January 2022, with one silence for both.
    """
    return scene.offset_reason, scene.offset_open, scene.offset_otherwise, scene.day > OFFSET_SINCE_DAY


@dataclass(frozen=True)
class Look:
    """What the small pictures of one scene of a group showed."""

    scene: Scene
    darkest: Darkest


def first_looks(scenes: Iterable[Scene]) -> list[Scene]:
    """Return the scenes that are looked at: many of each open group, some where 0.1 would be subtracted, else none."""
    return [
        scene
        for members in grouped(scenes)
        for scene in spread(members, MOST_LOOKS if members[0].offset_open else CHECKS)
        if is_asked(scene)
    ]


def further_looks(scenes: Iterable[Scene], looks: Sequence[Look]) -> list[Scene]:
    """Return what is looked at once more: checked groups that showed too little, or what contradicts their items."""
    more: list[Scene] = []
    for members in grouped(scenes):
        if members[0].offset_open or not is_asked(members[0]):
            continue
        mine = [look for look in looks if group_of(look.scene) == group_of(members[0])]
        known = told(mine)
        wanted = MOST_LOOKS - CHECKS if contradict(known) else (CHECKS if not known else 0)
        seen = {id(look.scene) for look in mine}
        more += spread([scene for scene in members if id(scene) not in seen], wanted)
    return more


def grouped(scenes: Iterable[Scene]) -> list[list[Scene]]:
    """Return optical scenes by group."""
    found: defaultdict[Group, list[Scene]] = defaultdict(list)
    for scene in scenes:
        if scene.sensor == "s2":
            found[group_of(scene)].append(scene)
    return list(found.values())


def is_asked(scene: Scene) -> bool:
    """Return whether a scene's pixels are of interest: its offset is open, or its item has 0.1 subtracted."""
    return scene.offset_open or (scene.sensor == "s2" and scene.assets[BANDS[0]].offset == BASELINE_OFFSET)


def spread(scenes: Sequence[Scene], count: int) -> list[Scene]:
    """Return some scenes, evenly over the time of all: haze and snow have their seasons."""
    count = min(count, len(scenes))
    return [scenes[(2 * i + 1) * len(scenes) // (2 * count)] for i in range(count)]


def told(looks: Sequence[Look]) -> list[float]:
    """Return the darkest ground of the looks that showed enough."""
    return [look.darkest for look in looks if isinstance(look.darkest, float)]


def decided(scene: Scene, looks: Sequence[Look]) -> Offset | None:
    """Return the offset of a scene after the looks at its group; None where what its item says holds.

    Args:
        scene: of the group.
        looks: at scenes of its group.
    """
    known = told(looks)
    if not scene.offset_open and not contradict(known):
        return None
    found = offset_of_group(known)
    against = "" if scene.offset_open else ", which its pixels contradict"
    why = f"{scene.offset_reason}{against}; {found.reason}"
    own = next((look.darkest for look in looks if look.scene is scene), None)
    if found.value is not None:
        return Offset(found.value, why)
    if isinstance(own, float) and own < APPLIED_BELOW:
        return Offset(0.0, f"{why}; its own pixels are too dark to have it")
    if scene.offset_open and scene.offset_otherwise is not None:
        return Offset(scene.offset_otherwise, f"{why}; {OF_AGE[scene.offset_otherwise]}")
    if isinstance(own, UnreadScene):
        return Offset(None, own.reason)
    return Offset(None, f"its offset is open, and its pixels do not tell: {why}")


def look_at(scene: Scene, reader: SceneReader, area: BaseGeometry, hosts: Hosts) -> Look:
    """Return what small pictures of a scene show, around the part of an area that it covers.

    Args:
        scene: of Sentinel-2.
        reader: reads it.
        area: EPSG:4326.
        hosts: of this step.

    Raises:
        ClearleafError: no scene can be opened now, or none of this archive by us.
    """
    ground = make_valid(shape(scene.footprint)).intersection(area)
    middle = (area if ground.is_empty else ground).representative_point()
    small: list[np.ndarray] = []
    with gdal(**reader.access.environment(scene)):
        for name in ("SCL", *BANDS):
            read = reader.attempt(scene, scene.assets[name].href, lambda place: read_small(place, middle), hosts)
            if isinstance(read, UnreadScene):
                return Look(scene, read)
            small.append(read)
    scl, *bands = (_on_the_grid_of(values, small) for values in small)
    found = darkest_of(dark_pixels(scl, bands))
    log.info("scene %s: its darkest clear ground has DN %s * 0.0001", scene.id, found)
    return Look(scene, found)


def _on_the_grid_of(values: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
    """Return the nearest pixels of the smallest of several pictures of the same ground."""
    height, width = (min(other.shape[axis] for other in others) for axis in (0, 1))
    rows = (np.arange(height) * values.shape[0] + values.shape[0] // 2) // height
    columns = (np.arange(width) * values.shape[1] + values.shape[1] // 2) // width
    return values[np.ix_(np.minimum(rows, values.shape[0] - 1), np.minimum(columns, values.shape[1] - 1))]
