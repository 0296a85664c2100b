"""Once per job: sample windows over the AOI, fit the reconstruction to them, and write the state every tile uses."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from odc.geo.geobox import GeoBox

from jobs.errors import InvalidJob, Problem
from jobs.planning import Plan
from models.area_fit import Report, fit_to_area
from models.progress import Progress
from models.reconstruction import LaiReconstructor
from models.series import Site, day_number
from models.weights import WeightsError, find_weights
from worker.rasters import SkippedScene
from worker.reconstruct import SceneStack, observe, read_stack
from worker.runtime import Parts

WINDOW_PX = 32
"""640 m at 20 m pixels: the square on which the protocol hides and scores."""
MOST_WINDOWS = 6
"""Enough to see the AOI's variety, few enough to adapt within a minute on two cores."""


@dataclass(frozen=True)
class Preparation:
    """The state of a job.

    Attributes:
        state: networks, statistics and sigma factor, as safetensors.
        report: how the reconstruction does on hidden dates, as published.
        method: which LAI is delivered.
        weights: name of the published set.
        weights_sha256: of its file.
        skipped: scenes that could not be read.
    """

    state: bytes
    report: dict[str, Any]
    method: str
    weights: str
    weights_sha256: str
    skipped: tuple[SkippedScene, ...]

    @property
    def state_sha256(self) -> str:
        """Sha256 of the state."""
        return hashlib.sha256(self.state).hexdigest()

    def facts(self) -> bytes:
        """Return everything but the state, as JSON."""
        named = {key: getattr(self, key) for key in ("report", "method", "weights", "weights_sha256", "state_sha256")}
        return json.dumps(named | {"skipped": [vars(s) for s in self.skipped]}, indent=1).encode()


def prepare(plan: Plan, stack: SceneStack | None, parts: Parts, progress: Progress) -> Preparation:
    """Return the state of a job.

    Args:
        plan: of the job.
        stack: the whole job's scenes where it is one tile; windows are cut from it instead of being read.
        parts: of this process.
        progress: see `Progress`.

    Raises:
        InvalidJob: the order asks for weights that do not exist.
    """
    request = plan.request
    try:
        weights = find_weights(request.weights)
    except WeightsError as error:
        raise InvalidJob(Problem("/weights", str(error))) from error
    published = LaiReconstructor.load(request.weights, request.model, parts.device)
    sites, skipped = _sample(plan, stack, parts, lambda share, message: progress(0.4 * share, message))
    first, last = (int(day) for day in day_number([request.start, request.end]))
    fitted, report = fit_to_area(
        published,
        sites,
        first_day=first,
        last_day=last,
        adapt_networks=request.adapt,
        seed=request.seed,
        bounds=request.area.bounds,
        progress=lambda share, message: progress(0.4 + 0.6 * share, message),
    )
    return Preparation(
        fitted.state(), _report(report, plan), fitted.method, weights.name, weights.of(request.model).sha256, skipped
    )


def windows(geobox: GeoBox, seed: int) -> list[tuple[slice, slice]]:
    """Return rows and columns of the windows sampled from a grid: all of a small one, a spread draw of a large one."""
    height, width = geobox.shape
    places = [
        (slice(top, top + WINDOW_PX), slice(left, left + WINDOW_PX))
        for top in range(0, height - WINDOW_PX + 1, WINDOW_PX)
        for left in range(0, width - WINDOW_PX + 1, WINDOW_PX)
    ]
    if len(places) <= MOST_WINDOWS:
        return places
    rng = np.random.default_rng(seed)
    strata = np.array_split(np.arange(len(places)), MOST_WINDOWS)
    return [places[int(rng.choice(stratum))] for stratum in strata]


def _sample(
    plan: Plan, stack: SceneStack | None, parts: Parts, progress: Progress
) -> tuple[list[Site], tuple[SkippedScene, ...]]:
    """Return the sites of the sampled windows and the scenes that could not be read."""
    geobox = _at_least_one_window(plan.geobox)
    places = windows(geobox, plan.request.seed)
    sites: list[Site] = []
    skipped: dict[str, SkippedScene] = {}
    for i, (rows, columns) in enumerate(places):
        progress(i / len(places), "reading sample windows")
        box = geobox[rows, columns]
        mine = stack.crop(box) if stack is not None else read_stack(plan, box, parts.reader)
        skipped |= {scene.id: scene for scene in mine.skipped}
        sites.append(observe(mine))
    return _with_data(sites), tuple(skipped.values())


def _at_least_one_window(geobox: GeoBox) -> GeoBox:
    """Return a grid grown into the halo on every side, so that a small AOI still fills one window."""
    height, width = geobox.shape
    rows, columns = (max(0, -(-(WINDOW_PX - side) // 2)) for side in (height, width))
    return geobox.pad(columns, rows) if rows or columns else geobox


def _with_data(sites: Sequence[Site]) -> list[Site]:
    """Return the sites that any clear scene shows; all of them where none is."""
    seen = [site for site in sites if np.isfinite(site.observed.lai).any()]
    return seen or list(sites)


def _report(report: Report, plan: Plan) -> dict[str, Any]:
    found = report.as_json()
    found["target"] = (
        "observed LAI (SL2P-type) of single clear Sentinel-2 scenes, hidden with all scenes within 15 days"
    )
    found["simulated"] = plan.simulated
    return found
