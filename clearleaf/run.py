"""One job in one process, without servers: plan, prepare, tiles and finish, one after the other."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from jobs.catalog import CatalogProfile
from jobs.errors import StorageFull
from jobs.job import JobRequest, Limits
from worker import steps
from worker.runtime import build_parts
from worker.settings import WorkerSettings

Progress = Callable[[str, float, str], None]
"""Called with the stage, the share of it that is done, and what is being done."""


class OutputExists(RuntimeError):
    """The output folder holds something already."""


def run_job(payload: dict[str, Any], catalog: str, out: Path, progress: Progress, *, overwrite: bool = False) -> Path:
    """Carry out an order and return the path of its collection.json.

    Args:
        payload: the order, as it would be POSTed.
        catalog: configured name, or path or URL of a static STAC catalogue.
        out: folder that appears once everything is done; work goes on in a hidden folder beside it.
        progress: see `Progress`.
        overwrite: replace what is there.

    Raises:
        OutputExists: the folder is not empty.
        InvalidJob: the order is wrong or nothing can be made of it.
        Unavailable: catalogue or disk are away.
    """
    out = out.absolute()
    if out.exists() and any(out.iterdir()) and not overwrite:
        raise OutputExists(f"--out {out} is not empty: choose another folder, or add --overwrite")
    work = out.parent / f".{out.name}.unfinished"
    shutil.rmtree(work, ignore_errors=True)
    try:
        work.mkdir(parents=True)
    except OSError as error:
        raise StorageFull(f"--out {out} cannot be made ({error.strerror}): choose another folder") from error
    try:
        results = _carry_out(payload, catalog, work, progress)
        if out.exists():
            shutil.rmtree(out)
        results.rename(out)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return out / "collection.json"


def _carry_out(payload: dict[str, Any], catalog: str, work: Path, progress: Progress) -> Path:
    """Return the folder of the results below the work folder."""
    settings = _settings(catalog, work)
    request = JobRequest.parse(payload | {"catalog": settings.default_catalog}, Limits())
    job_id = uuid5(NAMESPACE_URL, request.model_dump_json())  # the same order has the same id: results compare
    parts = build_parts(settings)
    progress("plan", 0.0, "searching scenes")
    plan_key, tile_ids = steps.plan_step(job_id, request, parts, "plan/")
    plan = steps.load_plan(plan_key, parts)
    found = f"{len(plan.s1_scenes)} radar and {len(plan.s2_scenes)} optical scenes"
    progress("plan", 1.0, found)
    state_key = steps.prepare_step(plan, parts, "prepare/", lambda share, what: progress("prepare", share, what))
    pieces = []
    for i, tile_id in enumerate(tile_ids):

        def tell(share: float, what: str, done: int = i) -> None:
            progress("tile", (done + share) / len(tile_ids), what)

        pieces.append(steps.tile_step(plan, tile_id, state_key, parts, f"{tile_id}/", tell))
    steps.finish_step(plan, state_key, pieces, parts, "results/", lambda share, what: progress("finish", share, what))
    progress("finish", 1.0, "published")
    return parts.storage.root / "results"


def _settings(catalog: str, work: Path) -> WorkerSettings:
    """Return the settings of the environment, with the catalogue that was asked for and everything below one folder."""
    configured = WorkerSettings().catalogs
    profile = configured.get(catalog) or CatalogProfile(name="catalog", href=catalog)
    return WorkerSettings(
        data_dir=work,
        storage_url=f"file://{work}",
        scratch_dir=work / "scratch",
        catalogs={profile.name: profile},
        default_catalog=profile.name,
    )
