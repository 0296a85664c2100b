"""One scene per piece of ground and acquisition, one day per pass, one radiometry per job."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from pydantic import BaseModel, ConfigDict
from shapely import make_valid, union_all
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from jobs.scenes import Scene, newest_first

COVERED = 0.98
"""Two processings of one acquisition differ at the edges by less than this leaves. An acquisition that was cut between
two downlinks has the same tile and datatake twice, as pieces that overlap little: both are needed."""
SAME_LOOK = timedelta(minutes=60)
"""A satellite sees a tile again after days. Some archives tell the time of the tile, others that of its datatake, which
begins up to half an hour earlier."""
PASS_BREAK = timedelta(minutes=10)
"""Scenes of one pass follow each other; a satellite is back after an orbit, 99 minutes, at the earliest."""


class DroppedScene(BaseModel):
    """A scene that was found and left out, and why; without a day where its item tells none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    reason: str
    day: date | None = None


def newest_only(scenes: Iterable[Scene]) -> tuple[list[Scene], list[DroppedScene]]:
    """Return the newest processing of every acquisition, and the scenes whose ground it covers already."""
    groups: defaultdict[tuple[object, ...], list[Scene]] = defaultdict(list)
    for scene in scenes:
        groups[_acquisition(scene)].append(scene)
    kept: list[Scene] = []
    dropped: list[DroppedScene] = []
    for group in (look for scenes_ in groups.values() for look in _looks(scenes_)):
        mine: list[Scene] = []
        for scene in sorted(group, key=lambda s: (newest_first(s), s.id), reverse=True):
            winner = _covering(scene, mine)
            if winner is None:
                mine.append(scene)
            else:
                dropped.append(_dropped(scene, f"same acquisition as {winner.id}, which is kept"))
        kept += mine
    return kept, dropped


def _acquisition(scene: Scene) -> tuple[object, ...]:
    """Return what processings of one acquisition share; slices of a radar pass share it too, on other ground."""
    if scene.sensor == "s1" and scene.relative_orbit is not None:
        return scene.sensor, scene.platform, scene.relative_orbit, scene.day
    if scene.sensor == "s1":
        return scene.sensor, scene.platform, scene.datatake or scene.datetime
    return scene.sensor, scene.platform, scene.tile


def _looks(scenes: Sequence[Scene]) -> list[list[Scene]]:
    """Return optical scenes of one satellite and tile by acquisition; radar is one already.

    Not by datatake alone: where no id tells it, processings differ by milliseconds of their time.
    """
    found: list[list[Scene]] = []
    for scene in sorted(scenes, key=lambda s: s.datetime):
        last = found[-1][-1] if found else None
        if last is not None and (
            scene.sensor == "s1" or scene.datatake == last.datatake or scene.datetime - last.datetime <= SAME_LOOK
        ):
            found[-1].append(scene)
        else:
            found.append([scene])
    return found


def _covering(scene: Scene, others: Sequence[Scene]) -> Scene | None:
    """Return one of the scenes that together cover another; None where they leave some of its ground."""
    if not others:
        return None
    mine = _ground(scene)
    try:
        shared = mine.intersection(union_all([_ground(other) for other in others])).area
        nearest = max(others, key=lambda other: mine.intersection(_ground(other)).area)
    except ShapelyError:
        return None
    return nearest if shared >= COVERED * mine.area else None


def _ground(scene: Scene) -> BaseGeometry:
    return make_valid(shape(scene.footprint))


def one_day_per_pass(scenes: Iterable[Scene]) -> list[Scene]:
    """Return the scenes with the day on which their pass began: one across midnight UTC keeps one day."""
    passes: dict[tuple[object, ...], tuple[datetime, date]] = {}
    found = []
    for scene in sorted(scenes, key=lambda s: s.datetime):
        key = (scene.sensor, scene.platform, scene.relative_orbit)
        last, day = passes.get(key, (None, scene.day))
        if last is None or scene.datetime - last > PASS_BREAK:
            day = scene.day
        passes[key] = (scene.datetime, day)
        found.append(scene if scene.day == day else scene.model_copy(update={"day": day}))
    return found


def one_radiometry(scenes: Sequence[Scene]) -> tuple[list[Scene], list[DroppedScene]]:
    """Return the scenes without the radar of the convention that fewer have: γ0 and σ0 differ by about cos θ."""
    counts = Counter(scene.radiometry for scene in scenes if scene.sensor == "s1")
    if len(counts) < 2:
        return list(scenes), []
    most = max(sorted(counts, key=str), key=lambda name: counts[name])
    odd = [scene for scene in scenes if scene.sensor == "s1" and scene.radiometry != most]
    reason = f"is {{}}, most radar scenes of this job are {most}: the two do not mix"
    kept = [scene for scene in scenes if scene.sensor != "s1" or scene.radiometry == most]
    return kept, [_dropped(scene, reason.format(scene.radiometry)) for scene in odd]


def _dropped(scene: Scene, reason: str) -> DroppedScene:
    return DroppedScene(id=scene.id, reason=reason, day=scene.day)
