"""Where the objects of a job lie in storage; every attempt has keys of its own, so that nobody overwrites a winner."""

from __future__ import annotations

import re
from datetime import date
from uuid import UUID

from jobs.job import ClaimedStep

_RASTER = re.compile(r"([a-z_]+)-([0-9]{4}-[0-9]{2}-[0-9]{2})\.tif")


def asset_file(asset: str, day: date) -> str:
    """Return the file name of one asset of one date."""
    return f"{asset}-{day.isoformat()}.tif"


def raster_of(name: str) -> tuple[str, date] | None:
    """Return the asset and the date of a file that `asset_file` has named; None for any other."""
    found = _RASTER.fullmatch(name)
    return (found[1], date.fromisoformat(found[2])) if found else None


def job_prefix(job_id: UUID) -> str:
    """Return the prefix of everything a job has stored."""
    return f"jobs/{job_id}/"


def steps_prefix(job_id: UUID) -> str:
    """Return the prefix of what steps hand over to one another; swept when the job has ended."""
    return f"{job_prefix(job_id)}steps/"


def results_prefix(job_id: UUID, attempt: int) -> str:
    """Return the prefix of published results of one attempt of the finish step."""
    return f"{job_prefix(job_id)}results/{attempt}/"


def step_prefix(step: ClaimedStep) -> str:
    """Return the prefix under which one attempt of a step writes."""
    if step.kind == "finish":
        return results_prefix(step.job_id, step.attempt)
    name = f"tile-{step.tile_id}" if step.kind == "tile" else step.kind
    return f"{steps_prefix(step.job_id)}{name}/{step.attempt}/"
