"""What items leave open, settled once per job so that all tiles agree: angles from XML, offsets from dark pixels."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from jobs.duplicates import DroppedScene
from jobs.errors import ClearleafError, NoScenes, Problem
from jobs.planning import Plan
from jobs.scenes import Scene
from worker.inputs.access import Access
from worker.inputs.angles import read_angles
from worker.inputs.offsets import Group, Look, decided, first_looks, further_looks, group_of, is_asked, look_at
from worker.inputs.read import SceneReader
from worker.inputs.weather import Hosts, UnreadScene, first_line, wait_if_many_are_lost

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
        Unavailable: the archive cannot be read now, or not by this worker.
    """
    reader = reader.for_catalog(plan.catalog)
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
    area, hosts, scenes = plan.request.area, Hosts(), plan.scenes

    def looked(wanted: list[Scene]) -> list[Look]:
        found = _asked(wanted, lambda scene: True, lambda scene: look_at(scene, reader, area, hosts), reader, tick)
        return [look for look in found if look is not None]

    looks = looked(first_looks(scenes))
    looks += looked(further_looks(scenes, looks))
    at_open = [look.darkest for look in looks if look.scene.offset_open]
    wait_if_many_are_lost("s2", len(at_open), [found for found in at_open if isinstance(found, UnreadScene)])
    by_group: defaultdict[Group, list[Look]] = defaultdict(list)
    for look in looks:
        by_group[group_of(look.scene)].append(look)
    answers = [decided(scene, by_group[group_of(scene)]) if is_asked(scene) else None for scene in scenes]
    kept: list[Scene] = []
    dropped: list[DroppedScene] = []
    for scene, answer in zip(plan.scenes, answers, strict=True):
        if answer is None:
            kept.append(scene)
        elif answer.value is not None:
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
