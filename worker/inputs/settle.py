"""What items leave open, settled once per job so that all tiles agree: angles from XML, offsets from dark pixels."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from shapely import make_valid
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from jobs.duplicates import DroppedScene
from jobs.errors import ClearleafError, NoScenes, Problem
from jobs.planning import Plan
from jobs.radiometry import OF_AGE, Offset
from jobs.scenes import Scene
from worker.inputs.access import Access
from worker.inputs.angles import read_angles
from worker.inputs.band import gdal
from worker.inputs.dark import BANDS, dark_pixels, offset_of_dark_pixels, read_small
from worker.inputs.read import SceneReader
from worker.inputs.weather import Hosts, first_line, wait_if_many_are_lost
from worker.rasters import SkippedScene

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")
MOST_FAILURES = 5
"""An archive whose XML cannot be had so often is not asked further: the documented means are nearly as good."""
_ANGLES = ("sun_zenith", "sun_azimuth", "view_zenith", "view_azimuth")


def settle(plan: Plan, reader: SceneReader, tick: Callable[[], None] = lambda: None) -> Plan:
    """Return a plan whose scenes leave no question open; a scene whose offset nobody can tell is dropped.

    Args:
        plan: of the job.
        reader: reads scenes.
        tick: called for every scene that is asked; may raise to stop.

    Raises:
        NoScenes: every scene was dropped.
        Unavailable: the archive cannot be read now.
    """
    kept, dropped = _with_offsets(plan, reader, tick)
    if not kept:
        why = "; ".join(f"{scene.id}: {scene.reason}" for scene in dropped[:3])
        raise NoScenes(Problem("/aoi", f"no-scenes: none of {len(dropped)} scenes can be used: {why}"))
    ask = _Angles(reader.access)
    angles = _asked(kept, ask.would_help, ask, reader, tick)
    scenes = tuple(scene.model_copy(update=told or {}) for scene, told in zip(kept, angles, strict=True))
    return plan.model_copy(update={"scenes": scenes, "dropped": plan.dropped + tuple(dropped)})


def _with_offsets(plan: Plan, reader: SceneReader, tick: Callable[[], None]) -> tuple[list[Scene], list[DroppedScene]]:
    """Return the scenes with their offsets, and those whose offset remains open.

    Raises:
        AccessDenied: none of them may be read.
        Unavailable: the weather takes too many of them.
    """
    area = plan.request.area
    hosts = Hosts()
    answers = _asked(
        plan.scenes, lambda scene: scene.offset_open, lambda scene: _offset(scene, reader, area, hosts), reader, tick
    )
    asked = sum(answer is not None for answer in answers)
    wait_if_many_are_lost("s2", asked, [answer for answer in answers if isinstance(answer, SkippedScene)])
    kept: list[Scene] = []
    dropped: list[DroppedScene] = []
    for scene, answer in zip(plan.scenes, answers, strict=True):
        if answer is None:
            kept.append(scene)
        elif isinstance(answer, Offset) and answer.value is not None:
            log.info("scene %s: offset %g: %s", scene.id, answer.value, answer.reason)
            kept.append(_settled(scene, answer.value, answer.reason))
        else:
            log.warning("scene %s is left out: %s", scene.id, answer.reason)
            dropped.append(DroppedScene(id=scene.id, reason=answer.reason, day=scene.day))
    return kept, dropped


def _settled(scene: Scene, offset: float, reason: str) -> Scene:
    assets = {
        name: asset if name == "SCL" else asset.model_copy(update={"offset": offset})
        for name, asset in scene.assets.items()
    }
    return scene.model_copy(update={"assets": assets, "offset_reason": reason, "offset_open": False})


def _asked(
    scenes: Sequence[Scene],
    is_asked: Callable[[Scene], bool],
    ask: Callable[[Scene], Answer],
    reader: SceneReader,
    tick: Callable[[], None],
) -> list[Answer | None]:
    """Return an answer for each scene that is asked, several at once, and None for the others.

    By place in the row, not by id: two collections, or two folders of one, may use an id twice.
    """
    found: list[Answer | None] = [None] * len(scenes)
    places = [place for place, scene in enumerate(scenes) if is_asked(scene)]
    with ThreadPoolExecutor(reader.threads) as pool:
        try:
            for place, answer in zip(places, pool.map(ask, [scenes[place] for place in places]), strict=True):
                found[place] = answer
                tick()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return found


def _offset(scene: Scene, reader: SceneReader, area: BaseGeometry, hosts: Hosts) -> Offset | SkippedScene:
    """Return the offset that a scene's pixels show, or why they cannot be read."""
    ground = make_valid(shape(scene.footprint)).intersection(area)
    middle = (area if ground.is_empty else ground).representative_point()
    small: list[np.ndarray] = []
    with gdal(**reader.access.environment(scene)):
        for name in ("SCL", *BANDS):
            read = reader.attempt(scene, scene.assets[name].href, lambda place: read_small(place, middle), hosts)
            if isinstance(read, SkippedScene):
                return read
            small.append(read)
    scl, *bands = (_on_the_grid_of(values, small) for values in small)
    found = offset_of_dark_pixels(dark_pixels(scl, bands))
    why = f"{scene.offset_reason}; {found.reason}"
    if found.value is not None:
        return Offset(found.value, why)
    if scene.offset_otherwise is not None:
        return Offset(scene.offset_otherwise, f"{why}; {OF_AGE[scene.offset_otherwise]}")
    return Offset(None, f"its offset is open, and its pixels do not tell: {why}")


class _Angles:
    """Asks for the angles of scenes, unless the archive fails too often."""

    def __init__(self, access: Access) -> None:
        self._access, self._failures = access, 0

    def would_help(self, scene: Scene) -> bool:
        """Return whether a scene's XML may tell what its item does not."""
        return scene.granule_href is not None and any(getattr(scene, name) is None for name in _ANGLES)

    def __call__(self, scene: Scene) -> dict[str, float]:
        """Return the angles that a scene's item does not tell; none where its XML cannot be had."""
        if self._failures >= MOST_FAILURES:
            return {}
        try:
            found = read_angles(self._access.document(scene, str(scene.granule_href)))
        except (ClearleafError, OSError, ValueError) as error:
            self._failures += 1
            log.info("scene %s: means instead of its own angles: %s", scene.id, first_line(error))
            return {}
        told = {name: getattr(found, name) for name in _ANGLES}
        return {name: value for name, value in told.items() if value is not None and getattr(scene, name) is None}


def _on_the_grid_of(values: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
    """Return the nearest pixels of the smallest of several pictures of the same ground."""
    height, width = (min(other.shape[axis] for other in others) for axis in (0, 1))
    rows = (np.arange(height) * values.shape[0] + values.shape[0] // 2) // height
    columns = (np.arange(width) * values.shape[1] + values.shape[1] // 2) // width
    return values[np.ix_(np.minimum(rows, values.shape[0] - 1), np.minimum(columns, values.shape[1] - 1))]
