"""How many scenes were read, and how others were lost, for Prometheus."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import Counter

from worker.inputs.weather import ANSWERED, AWAY, DAMAGED, MISSING, SLOW
from worker.rasters import SkippedScene

READ = Counter("clearleaf_scenes_read", "Scenes that were read, once for every tile and window that wants them.")
ERRORS = Counter("clearleaf_scene_errors", "Scenes that were skipped because they could not be read.", ["kind"])
_KINDS = {DAMAGED: "damaged", MISSING: "missing", SLOW: "slow", AWAY: "away"}
"""Any other reason is `unusable`; reasons themselves hold what archives say, and must not become labels."""
for _name in ("refused", "unusable", *_KINDS.values()):
    ERRORS.labels(_name)


def count_scenes(read: int, skipped: Sequence[SkippedScene]) -> None:
    """Count what a reading has brought."""
    READ.inc(read)
    for scene in skipped:
        ERRORS.labels(_kind(scene.reason)).inc()


def _kind(reason: str) -> str:
    return "refused" if reason.startswith(ANSWERED) else _KINDS.get(reason, "unusable")
