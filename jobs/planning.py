"""From an order to a plan: grid, tiles and scenes, fixed once so that every later step sees the same."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable
from datetime import date
from uuid import UUID

from affine import Affine
from odc.geo.geobox import GeoBox
from pydantic import BaseModel, ConfigDict
from shapely import box
from shapely.geometry.base import BaseGeometry

from jobs.catalog import Catalog, CatalogProfile, DroppedScene
from jobs.errors import NoScenes, Problem, Unavailable
from jobs.grid import Tile, split
from jobs.request import JobRequest
from jobs.scenes import Scene
from jobs.tile_memory import TileLoad

PLAN_VERSION = 1
MOST_NOTES = 20


class Plan(BaseModel):
    """What a job will do.

    Workers of two releases meet in it. Whoever adds a member gives it a default, so that older plans can be read, and
    raises `PLAN_VERSION`, so that older workers leave newer ones alone; the same holds for what it is made of.

    Attributes:
        crs: of the output grid.
        transform: of the output grid, six affine coefficients.
        shape: rows and columns of the output grid.
        tile_px: side of a tile's core.
        halo: pixels read around it.
        scenes: everything that is read, in order of time.
        dropped: scenes found and left out.
        cloud_mask: what says beside the scene classification what is clear; None where nothing does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)  # an order is in it

    version: int = PLAN_VERSION
    job_id: UUID
    request: JobRequest
    crs: str
    transform: tuple[float, float, float, float, float, float]
    shape: tuple[int, int]
    tile_px: int
    halo: int
    target_dates: tuple[date, ...]
    scenes: tuple[Scene, ...]
    dropped: tuple[DroppedScene, ...]
    catalog: CatalogProfile
    cloud_mask: str | None = None

    @property
    def geobox(self) -> GeoBox:
        """The output grid."""
        return GeoBox(self.shape, Affine(*self.transform), self.crs)

    @property
    def tiles(self) -> list[Tile]:
        """The output grid in squares."""
        return split(self.geobox, self.tile_px, self.halo)

    @property
    def s1_scenes(self) -> list[Scene]:
        """Radar scenes, in order of time."""
        return [scene for scene in self.scenes if scene.sensor == "s1"]

    @property
    def s2_scenes(self) -> list[Scene]:
        """Optical scenes, in order of time."""
        return [scene for scene in self.scenes if scene.sensor == "s2"]

    @property
    def simulated(self) -> bool:
        """Whether any scene was made by a simulator."""
        return self.catalog.simulated or any(scene.simulated for scene in self.scenes)

    def notes(self) -> list[str]:
        """Return what the log of a job says of its scenes: which offset they have and why, and what was left out."""
        offsets = Counter(
            (scene.assets[next(iter(scene.assets))].offset, str(scene.offset_reason)) for scene in self.s2_scenes
        )
        told = [f"offset {offset:g} on {count} optical scenes: {why}" for (offset, why), count in offsets.items()]
        left_out = [f"{scene.id} is left out: {scene.reason}" for scene in self.dropped]
        return _at_most(told) + _at_most(left_out)

    def tile(self, tile_id: str) -> Tile:
        """Return one tile by its id."""
        return next(tile for tile in self.tiles if tile.id == tile_id)


def read_plan(content: bytes) -> Plan:
    """Return a plan as it was stored.

    Raises:
        Unavailable: a newer release has made it; another worker can read it.
    """
    version = json.loads(content)["version"]
    if version > PLAN_VERSION:
        said = f"the plan is of version {version}, and this worker reads up to {PLAN_VERSION}"
        said += ": the step waits for one of the release that made it"
        raise Unavailable(said, told=said)
    return Plan.model_validate_json(content)


def _at_most(lines: list[str]) -> list[str]:
    more = len(lines) - MOST_NOTES
    return [*lines[:MOST_NOTES], f"and {more} more, see the manifest"] if more > 0 else lines


def make_plan(
    job_id: UUID,
    request: JobRequest,
    catalog: Catalog,
    *,
    tile_px: int,
    halo: int,
    memory_gb: float = math.inf,
    cloud_mask: str | None = None,
    tick: Callable[[int], None] = lambda found: None,
) -> Plan:
    """Return the plan of an order.

    Args:
        job_id: whose plan it is.
        request: the order.
        catalog: where the scenes are.
        tile_px: side of a tile's core; it is smaller where a worker's memory does not hold all scenes and dates of one.
        halo: pixels read around it.
        memory_gb: of a worker, in 10^9 bytes.
        cloud_mask: what says beside the scene classification what is clear; None: nothing does.
        tick: called with the number of items that the search has found so far; may raise to stop.

    Raises:
        NoScenes: the catalogue has nothing for this area and time.
        InvalidJob: no worker's memory holds even a small tile of it.
        Unavailable: the catalogue cannot be read now.
    """
    geobox = request.geobox
    found = catalog.search(searched_area(geobox, halo), request.scene_range, tick)
    if not found.scenes:
        days = request.scene_range
        detail = f"no-scenes: catalogue {catalog.profile.name!r} has no usable scene of this area from {days.start} to "
        detail += f"{days.end}; {len(found.dropped)} were found and left out"
        if found.dropped:
            detail += f", {found.dropped[0].id} because {found.dropped[0].reason}"
        raise NoScenes(Problem("/aoi", detail))
    load = TileLoad.largest(split(geobox, tile_px, halo), found.scenes, len(request.target_dates))
    return Plan(
        job_id=job_id,
        request=request,
        crs=str(geobox.crs),
        transform=tuple(geobox.transform)[:6],
        shape=(geobox.shape[0], geobox.shape[1]),
        tile_px=load.tile_px(tile_px, (geobox.shape[0], geobox.shape[1]), halo, memory_gb),
        halo=halo,
        target_dates=request.target_dates,
        scenes=found.scenes,
        dropped=found.dropped,
        catalog=catalog.profile.told(),
        cloud_mask=cloud_mask,
    )


def searched_area(geobox: GeoBox, halo: int) -> BaseGeometry:
    """Return where scenes are looked for: the grid and its halo, EPSG:4326."""
    bounds = geobox.pad(halo).geographic_extent.boundingbox
    return box(bounds.left, bounds.bottom, bounds.right, bounds.top)
