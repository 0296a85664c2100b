"""Where the objects of a job lie in storage; every attempt has keys of its own, so that nobody overwrites a winner."""

from __future__ import annotations

from uuid import UUID

from jobs.job import ClaimedStep


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
