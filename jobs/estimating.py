"""Estimating an order before anything is queued: scenes, pixels, seconds, bytes, and what it uses of the caps."""

from __future__ import annotations

from jobs.aoi import Limits, vertex_count
from jobs.cost import HALO_PX, Work, cpu_seconds, stored_bytes
from jobs.estimate import Amounts, Cap
from jobs.request import JobRequest
from jobs.scene_count import SceneCount
from jobs.tile_memory import TileLoad


def tile_px_of(request: JobRequest, scenes: SceneCount, tile_px: int, memory_gb: float) -> int:
    """Return the side of a tile's core as the plan will choose it, if every place is seen as often as the average.

    Args:
        request: the order.
        scenes: that it reads.
        tile_px: side of a tile's core where memory is no matter.
        memory_gb: of a worker, in 10^9 bytes.

    Raises:
        InvalidJob: no worker's memory holds even a small tile of it.
    """
    optical = round(scenes.optical_looks)
    load = TileLoad(round(scenes.looks) - optical, optical, len(request.target_dates))
    rows, columns = request.geobox.shape
    return load.tile_px(tile_px, (rows, columns), HALO_PX, memory_gb)


def estimate_of(request: JobRequest, scenes: SceneCount, tile_px: int) -> Amounts:
    """Return the estimate of an order.

    Args:
        request: the order.
        scenes: that it reads.
        tile_px: side of a tile's core.
    """
    dates = len(request.target_dates)
    work = Work(
        shape=(request.geobox.shape[0], request.geobox.shape[1]),
        tile_px=tile_px,
        dates=dates,
        scenes=scenes.scenes,
        looks=scenes.looks,
        model=request.model,
        adapt=request.adapt,
        extra_assets=len(request.extra_assets),
    )
    return Amounts(
        area_km2=round(request.area_km2, 3),
        scenes=scenes.scenes,
        scenes_counted=scenes.counted,
        dates=dates,
        tiles=work.tiles,
        pixels=work.core_px * dates,
        seconds=_rounded(cpu_seconds(work)),
        bytes=_rounded(stored_bytes(work)),
    )


def caps_of(request: JobRequest, limits: Limits) -> dict[str, Cap]:
    """Return the limits of an order by name, with what it uses of each."""
    aoi = vertex_count(request.area) if request.aoi is not None else 0
    vertices = aoi + sum(vertex_count(parcel.geometry) for parcel in request.parcel_list)
    return {
        "area_km2": Cap(round(request.area_km2, 3), limits.max_area_km2),
        "grid_km2": Cap(round(request.grid_km2, 3), limits.max_grid_km2),
        "dates": Cap(len(request.target_dates), limits.max_dates),
        "series_rows": Cap(len(request.parcel_list) * len(request.target_dates), limits.max_series_rows),
        "vertices": Cap(vertices, limits.max_order_vertices),
    }


def _rounded(value: float) -> int:
    """Return a whole number of two figures: it is known no better."""
    return int(float(f"{value:.2g}"))
