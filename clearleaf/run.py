"""One job in one process, without servers: plan, prepare, tiles and finish, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from clearleaf.outputs import COLLECTION, check_output, put_in_place, work_folder
from jobs.job import JobRequest, Limits
from jobs.load_settings import load_settings
from jobs.profiles import BUILT_IN, CatalogProfile
from worker import steps
from worker.runtime import build_parts
from worker.settings import WorkerSettings

Progress = Callable[[str, float, str], None]
"""Called with the stage, the share of it that is done, and what is being done."""


def run_job(payload: dict[str, Any], catalog: str, out: Path, progress: Progress, *, overwrite: bool = False) -> Path:
    """Carry out an order and return the path of its collection.json.

    Args:
        payload: the order, as it would be POSTed.
        catalog: configured or built-in name, or path or URL of a static STAC catalogue or a STAC API.
        out: folder that appears once everything is done; work goes on in a hidden folder beside it.
        progress: see `Progress`.
        overwrite: replace earlier results that are there.

    Raises:
        BadOutput: the folder holds something that is not to be replaced.
        InvalidJob: the order is wrong or nothing can be made of it.
        Unavailable: catalogue or disk are away.
    """
    out = out.resolve()  # a link to a folder stays a link
    check_output(out, overwrite=overwrite)
    with work_folder(out) as work:
        put_in_place(_carry_out(payload, catalog, work, progress), out, work, overwrite=overwrite)
    return out / COLLECTION


def _carry_out(payload: dict[str, Any], catalog: str, work: Path, progress: Progress) -> Path:
    """Return the folder of the results below the work folder."""
    configured = load_settings(WorkerSettings).catalogs
    profile = configured.get(catalog) or BUILT_IN.get(catalog)
    profile = profile or CatalogProfile(name="catalog", href=_absolute(catalog))
    settings = _settings(profile, work)
    request = JobRequest.parse(payload | {"catalog": profile.name}, Limits())
    job_id = uuid5(NAMESPACE_URL, request.model_dump_json())  # the same order has the same id: results compare
    # A place that was given here is told in the manifest: without it the job could not be run again.
    parts = replace(build_parts(settings), tells_catalog=catalog not in configured and catalog not in BUILT_IN)
    progress("plan", 0.0, "searching scenes")
    plan_key, tile_ids = steps.plan_step(job_id, request, parts, "plan/")
    plan = steps.load_plan(plan_key, parts)
    found = f"{len(plan.s1_scenes)} radar and {len(plan.s2_scenes)} optical scenes"
    progress("plan", 1.0, found)
    state_key = steps.prepare_step(plan, parts, "prepare/", lambda share, what: progress("prepare", share, what))
    pieces = []
    count = len(tile_ids)
    for i, tile_id in enumerate(tile_ids):

        def tell(share: float, what: str, done: int = i) -> None:
            progress("tile", (done + share) / count, f"tile {done + 1} of {count}: {what}")

        pieces.append(steps.tile_step(plan, tile_id, state_key, parts, f"{tile_id}/", tell))
    steps.finish_step(plan, state_key, pieces, parts, "results/", lambda share, what: progress("finish", share, what))
    progress("finish", 1.0, "published")
    return work / "results"


def _absolute(catalog: str) -> str:
    """Return a URL as it is, and a path as it is found from anywhere."""
    return catalog if "://" in catalog else str(Path(catalog).absolute())


def _settings(profile: CatalogProfile, work: Path) -> WorkerSettings:
    """Return the settings of the environment, with the catalogue that was asked for and everything below one folder."""
    return load_settings(
        WorkerSettings,
        data_dir=work,
        storage_url=f"file://{work}",
        scratch_dir=work / "scratch",
        catalogs={profile.name: profile},
        default_catalog=profile.name,
    )
