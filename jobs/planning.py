"""From an order to a plan: grid, tiles and scenes, fixed once so that every later step sees the same."""

from __future__ import annotations

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
from jobs.errors import NoScenes, Problem
from jobs.grid import Tile, output_geobox, split
from jobs.request import JobRequest
from jobs.scenes import Scene

PLAN_VERSION = 1
MOST_NOTES = 20


class Plan(BaseModel):
    """What a job will do.

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

    model_config = ConfigDict(frozen=True, extra="forbid")

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
    cloud_mask: str | None = None,
    tick: Callable[[int], None] = lambda found: None,
) -> Plan:
    """Return the plan of an order.

    Args:
        job_id: whose plan it is.
        request: the order.
        catalog: where the scenes are.
        tile_px: side of a tile's core.
        halo: pixels read around it.
        cloud_mask: what says beside the scene classification what is clear; None: nothing does.
        tick: called with the number of items that the search has found so far; may raise to stop.

    Raises:
        NoScenes: the catalogue has nothing for this area and time.
        Unavailable: the catalogue cannot be read now.
    """
    geobox = output_geobox(request.area, request.resolution)
    found = catalog.search(_with_halo(geobox, halo), request.scene_range, tick)
    if not found.scenes:
        days = request.scene_range
        detail = f"no-scenes: catalogue {catalog.profile.name!r} has no usable scene of this area from {days.start} to "
        detail += f"{days.end}; {len(found.dropped)} were found and left out"
        if found.dropped:
            detail += f", {found.dropped[0].id} because {found.dropped[0].reason}"
        raise NoScenes(Problem("/aoi", detail))
    return Plan(
        job_id=job_id,
        request=request,
        crs=str(geobox.crs),
        transform=tuple(geobox.transform)[:6],
        shape=(geobox.shape[0], geobox.shape[1]),
        tile_px=tile_px,
        halo=halo,
        target_dates=request.target_dates,
        scenes=found.scenes,
        dropped=found.dropped,
        catalog=catalog.profile.told(),
        cloud_mask=cloud_mask,
    )


def _with_halo(geobox: GeoBox, halo: int) -> BaseGeometry:
    """Return the grid and its halo as an area in EPSG:4326."""
    bounds = geobox.pad(halo).geographic_extent.boundingbox
    return box(bounds.left, bounds.bottom, bounds.right, bounds.top)
