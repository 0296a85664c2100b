"""The walk of one tile, in the order of the paper's method section."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from odc.geo.geobox import GeoBox

from jobs.grid import Tile
from jobs.planning import Plan
from models.biophysical import observed_lai
from models.progress import Progress, silent
from models.reconstruction import LaiReconstructor
from models.series import BoolArray, FloatArray, IntArray, OpticalSeries, RadarSeries, Site, day_number
from worker.inputs.read import SceneReader, Tick
from worker.outputs.assets import classify
from worker.rasters import S1Stack, S2Stack, SkippedScene


@dataclass(frozen=True)
class SceneStack:
    """All scenes of a square of ground, on one grid."""

    s1: S1Stack
    s2: S2Stack

    @property
    def skipped(self) -> tuple[SkippedScene, ...]:
        """Scenes that could not be read."""
        return self.s1.skipped + self.s2.skipped

    def crop(self, geobox: GeoBox) -> SceneStack:
        """Return the part of the stack on a grid that lies inside its own."""
        column, row = (round(v) for v in ~self.s1.geobox.transform @ (geobox.transform.c, geobox.transform.f))
        part = np.s_[..., row : row + geobox.shape[0], column : column + geobox.shape[1]]
        optical = self.s2.series
        maps = {name: getattr(optical, name)[part] for name in ("reflectance", "clear", "usable", "water", "snow")}
        radar = replace(self.s1.series, power=self.s1.series.power[part])
        return SceneStack(
            S1Stack(geobox, radar, self.s1.skipped), S2Stack(geobox, replace(optical, **maps), self.s2.skipped)
        )


@dataclass(frozen=True)
class TileResult:
    """What a tile delivers, (D, H, W) on its core.

    Attributes:
        lai: observed where the date has a clear observation, fused elsewhere, m2/m2; NaN = no data.
        lai_sigma: m2/m2.
        quality: classes of `outputs.assets.QUALITY`.
        days_to_clear: days to the nearest usable observation; -1 where there is none.
        predicted: output of step 1, m2/m2.
        fused: output of step 2, m2/m2.
    """

    lai: FloatArray
    lai_sigma: FloatArray
    quality: np.ndarray
    days_to_clear: IntArray
    predicted: FloatArray
    fused: FloatArray

    def crop(self, rows: slice, columns: slice) -> TileResult:
        """Return the part on some rows and columns."""
        return TileResult(**{name: array[:, rows, columns] for name, array in vars(self).items()})


def read_stack(plan: Plan, geobox: GeoBox, reader: SceneReader, tick: Tick = lambda done, of: None) -> SceneStack:
    """Return every planned scene on a grid.

    Raises:
        AccessDenied: none of a sensor's scenes may be read.
        Unavailable: the weather takes too many of them, or this worker lacks a key of the plan's catalogue.
    """
    reader = reader.for_catalog(plan.catalog)
    s1, s2 = plan.s1_scenes, plan.s2_scenes
    of = len(s1) + len(s2)
    radar = reader.read_s1(s1, geobox, lambda done, _: tick(done, of))
    optical = reader.read_s2(s2, geobox, lambda done, _: tick(len(s1) + done, of))
    return SceneStack(radar, optical)


def observe(stack: SceneStack) -> Site:
    """Return observed LAI beside the radar series."""
    return Site(observed_lai(stack.s2.series), stack.s1.series)


def reconstruct_tile(
    tile: Tile, plan: Plan, stack: SceneStack, lai: LaiReconstructor, progress: Progress = silent
) -> TileResult:
    """Return everything that a tile delivers, on its core.

    Args:
        tile: of the plan.
        plan: of the job.
        stack: scenes on the padded tile.
        lai: reconstructor in the job's state.
        progress: see `Progress`.
    """
    days = day_number(list(plan.target_dates))
    site = observe(stack)
    found = lai.reconstruct(site, days, progress)  # step 1 and step 2
    observed = site.observed.on(days)
    seen = np.isfinite(observed)
    delivered = np.where(seen, observed, found.fused)
    sigma = np.where(seen, lai.noise_of_observation(delivered), found.sigma)
    nothing = _never_looked_at(stack)
    water_or_snow = _water(stack.s2.series) | _snow_on(stack.s2.series, days)
    delivered = np.where(nothing, np.float32(np.nan), delivered)
    result = TileResult(
        lai=delivered.astype(np.float32),
        lai_sigma=np.where(nothing, np.nan, sigma).astype(np.float32),
        quality=classify(delivered, seen, site.observed.in_domain_on(days), water_or_snow, found.days_to_clear),
        days_to_clear=found.days_to_clear,
        predicted=np.where(nothing, np.nan, found.predicted).astype(np.float32),
        fused=np.where(nothing, np.nan, found.fused).astype(np.float32),
    )
    return result.crop(*tile.inner)


def _water(optical: OpticalSeries) -> BoolArray:
    """Return (1, H, W) True where most looks say water."""
    return np.asarray(optical.water.sum(axis=0) > optical.clear.sum(axis=0))[None]


def _snow_on(optical: OpticalSeries, days: IntArray) -> BoolArray:
    """Return (D, H, W) True where a scene of the day says snow."""
    return np.stack([optical.snow[optical.days == day].any(axis=0) for day in days])


def _never_looked_at(stack: SceneStack) -> BoolArray:
    """Return (1, H, W) True where no clear scene and no radar pass ever looked: nothing can be said there."""
    looked = stack.s2.series.usable.any(axis=0) | np.isfinite(stack.s1.series.power).all(axis=1).any(axis=0)
    return np.asarray(~looked)[None]


def save_stack(stack: SceneStack, path: Path) -> None:
    """Write a stack to an uncompressed archive: a job of one tile reads its scenes once, in *prepare*."""
    arrays = {f"s2.{k}": v for k, v in vars(stack.s2.series).items() if k != "platforms"}
    arrays |= {f"s1.{k}": v for k, v in vars(stack.s1.series).items()}
    arrays["s2.platforms"] = np.array(stack.s2.series.platforms, dtype="U3")
    for name, skipped in (("s1.skipped", stack.s1.skipped), ("s2.skipped", stack.s2.skipped)):
        arrays[name] = np.array([[s.id, s.reason] for s in skipped], dtype=str).reshape(-1, 2)
    with path.open("wb") as file:  # given a path, numpy would add an ending of its own
        np.savez(file, **arrays)


def load_stack(path: Path, geobox: GeoBox) -> SceneStack:
    """Return the stack that `save_stack` wrote; the grid is the plan's."""
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    skipped = {s: tuple(SkippedScene(*row) for row in arrays.pop(f"{s}.skipped").tolist()) for s in ("s1", "s2")}
    s1 = {k.removeprefix("s1."): v for k, v in arrays.items() if k.startswith("s1.")}
    s2 = {k.removeprefix("s2."): v for k, v in arrays.items() if k.startswith("s2.")}
    s2["platforms"] = tuple(str(platform) for platform in s2["platforms"])
    return SceneStack(
        S1Stack(geobox, RadarSeries(**s1), skipped["s1"]), S2Stack(geobox, OpticalSeries(**s2), skipped["s2"])
    )
