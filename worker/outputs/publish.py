"""The finish step: everything is made locally and verified, then uploaded, the manifest last."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from pystac import Item, Link, MediaType

from jobs.keys import asset_file
from jobs.planning import Plan
from jobs.series_files import SERIES_FILES
from jobs.storage import Storage
from models.evaluation.correlation import Correlogram
from models.progress import Progress, part_of
from worker.outputs.assets import DAYS_TO_CLEAR, EXTRA, FUSED, QUALITY_ASSET, STANDARD, RasterAsset
from worker.outputs.cog import write_cog
from worker.outputs.collection import collection_document, make_collection
from worker.outputs.documents import document_bytes
from worker.outputs.items import Provenance, join_facts, make_item
from worker.outputs.picture import write_season
from worker.outputs.pieces import Pieces
from worker.outputs.report import write_report
from worker.outputs.series import write_series
from worker.outputs.thumbnail import write_thumbnail

__all__ = ["Provenance", "publish"]

MANIFEST = "manifest.json"
LIBRARIES = ("clearleaf", "torch", "numpy", "scipy", "rasterio", "odc-geo", "pystac", "exactextract")


def publish(
    plan: Plan,
    piece_keys: Sequence[str],
    provenance: Provenance,
    storage: Storage,
    prefix: str,
    scratch: Path,
    progress: Progress,
) -> str:
    """Publish a job's results and return the key of the manifest.

    Args:
        plan: of the job.
        piece_keys: one per tile.
        provenance: how the values were made.
        storage: where to.
        prefix: of this attempt; nobody reads below it before the manifest is named in the job book.
        scratch: empty local folder; the caller removes it.
        progress: see `Progress`.

    Raises:
        StorageFull: the results cannot be stored.
        BadRaster: a raster does not read back as it was written.
    """
    pieces = Pieces(storage, piece_keys, scratch)
    facts = join_facts(pieces.facts, provenance.skipped)
    published = [*STANDARD, *(EXTRA[name] for name in plan.request.extra_assets)]
    made = published if FUSED in published or not plan.request.parcels else [*published, FUSED]
    for i, asset in enumerate(made):

        def tell(done: int, asset: RasterAsset = asset, before: int = i) -> None:
            share = (before + done / len(plan.target_dates)) / len(made)
            progress(0.6 * share, f"writing {asset.name}, {done} of {len(plan.target_dates)} dates")

        _write_rasters(plan, pieces, asset, scratch, tell)
    progress(0.6, "describing the results")
    items = _write_items(plan, published, facts, provenance, scratch)
    write_report(scratch, provenance.report)
    if plan.request.parcels:
        correlation = Correlogram.from_json(provenance.report["error_correlation"])
        tell_series = part_of(progress, 0.7, 0.8)
        write_series(plan, scratch, correlation, tell_series)
    if made is not published:
        for day in plan.target_dates:
            (scratch / asset_file(FUSED.name, day)).unlink()
    collection = collection_document(make_collection(plan, items, published))
    _write_json(scratch / "collection.json", collection)
    write_season(scratch, collection)
    return _upload(plan, provenance, facts, storage, prefix, scratch, progress)


def _write_rasters(plan: Plan, pieces: Pieces, asset: RasterAsset, folder: Path, tell: Callable[[int], None]) -> None:
    """Write one asset of every date, several dates at once; no more than those are in memory."""
    with pieces.array(asset.name) as arrays:
        _write_dates(plan, arrays, asset, folder, tell)


def _write_dates(
    plan: Plan, arrays: dict[str, np.ndarray], asset: RasterAsset, folder: Path, tell: Callable[[int], None]
) -> None:
    tiles = plan.tiles

    def write(i: int) -> None:
        whole = np.full(plan.shape, asset.nodata, asset.dtype)
        for tile in tiles:
            whole[tile.rows, tile.columns] = arrays[tile.id][i]
        day = plan.target_dates[i]
        write_cog(folder / asset_file(asset.name, day), whole, plan.geobox, asset)

    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        try:
            for done, _ in enumerate(pool.map(write, range(len(plan.target_dates)))):
                tell(done + 1)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _write_items(
    plan: Plan, rasters: Sequence[RasterAsset], facts: dict[str, Any], provenance: Provenance, folder: Path
) -> list[Item]:
    items = []
    for day in plan.target_dates:
        quality = _read(folder / asset_file(QUALITY_ASSET.name, day))
        age = DAYS_TO_CLEAR.decode(_read(folder / asset_file(DAYS_TO_CLEAR.name, day)))
        item = make_item(plan, day, quality, np.nan_to_num(age, nan=-1), rasters, facts, provenance)
        for relation in ("root", "parent", "collection"):
            item.add_link(Link(relation, "./collection.json", MediaType.JSON))
        _write_json(folder / f"{item.id}.json", item.to_dict(transform_hrefs=False))
        write_thumbnail(folder, day)
        items.append(item)
    return items


def _read(path: Path) -> np.ndarray:
    with rasterio.open(path) as source:
        return np.asarray(source.read(1))


def _upload(
    plan: Plan,
    provenance: Provenance,
    facts: dict[str, Any],
    storage: Storage,
    prefix: str,
    folder: Path,
    progress: Progress,
) -> str:
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    files = []
    for i, path in enumerate(paths):
        progress(0.8 + 0.19 * i / len(paths), f"publishing, {i} of {len(paths)} files")
        files.append({"href": f"./{path.name}", "size": path.stat().st_size, "sha256": _sha256(path)})
        storage.put_file(prefix + path.name, path)
    manifest = json.dumps(_manifest(plan, provenance, facts, files), indent=1).encode()
    storage.put_bytes(prefix + MANIFEST, manifest)
    return prefix + MANIFEST


def _manifest(plan: Plan, provenance: Provenance, facts: dict[str, Any], files: list[dict[str, Any]]) -> dict[str, Any]:
    outputs = {
        "collection": {"href": "collection.json", "type": "application/json"},
        "accuracy": {"href": "accuracy.json", "type": "application/json"},
        "manifest": {"href": MANIFEST, "type": "application/json"},
    }
    if plan.request.parcels:
        outputs["series"] = {"href": SERIES_FILES["json"].name, "type": SERIES_FILES["json"].media_type}
    libraries = {name: version(name) for name in LIBRARIES}
    return {
        "job_id": str(plan.job_id),
        "created": provenance.created.isoformat().replace("+00:00", "Z"),
        "outputs": outputs,
        "request": plan.request.model_dump(mode="json"),
        "simulated": plan.simulated,
        "plan": plan.model_dump(mode="json", include={"version", "crs", "transform", "shape", "tile_px", "halo"}),
        "catalog": _catalog(plan, provenance),
        "scenes": [scene.id for scene in plan.scenes],
        "dropped_scenes": [scene.model_dump(mode="json") for scene in plan.dropped],
        "skipped_scenes": facts["skipped"],
        "cloud_masks": ["scl", *([provenance.cloud_mask] if provenance.cloud_mask else [])],
        "method": provenance.method,
        "weights": {"name": provenance.weights, "sha256": provenance.weights_sha256},
        "state_sha256": provenance.state_sha256,
        "seed": plan.request.seed,
        "versions": {"python": platform.python_version(), "gdal": rasterio.__gdal_version__, **libraries},
        "files": files,
    }


def _catalog(plan: Plan, provenance: Provenance) -> dict[str, str]:
    """Return the catalogue's name, and where it is if whoever ordered named the place; a URL without its query.

    A configured name is enough to run the job again, and its place may hold a path or a key of the service.
    """
    if not provenance.tells_catalog:
        return {"name": plan.catalog.name}
    href = plan.catalog.href.partition("?")[0] if "://" in plan.catalog.href else plan.catalog.href
    return {"name": plan.catalog.name, "href": href}


def _write_json(path: Path, document: dict[str, Any]) -> None:
    path.write_bytes(document_bytes(document))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
