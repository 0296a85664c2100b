"""How a job looks from outside: the statusInfo of OGC API – Processes, in both of its spellings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from jobs.job import Failed, Job, Successful
from service.dependencies import Parts
from service.job_order import OrderSummary, is_simulated, order_summary

PROCESS_ID = "lai-reconstruction"
OGC_REL = "http://www.opengis.net/def/rel/ogc/1.0/"

JobStatus = Literal["accepted", "running", "successful", "failed", "dismissed"]
"""The states that a customer can see; a draft (`created`) is not among them."""


class Link(BaseModel):
    """A way on from here (RFC 8288)."""

    href: str
    rel: str
    type: str | SkipJsonSchema[None] = None
    title: str | SkipJsonSchema[None] = None


class StatusInfo(BaseModel):
    """One job as customers see it; a member that does not apply is absent, never null."""

    model_config = ConfigDict(title="statusInfo")

    jobID: str = Field(description="Id of the job")
    id: str = Field(description="The same id, as openEO and older clients spell it")
    type: Literal["process"] = "process"
    processID: Literal["lai-reconstruction"] = "lai-reconstruction"
    status: JobStatus
    created: datetime
    started: datetime | SkipJsonSchema[None] = None
    finished: datetime | SkipJsonSchema[None] = None
    updated: datetime
    progress: int = Field(ge=0, le=100, description="Percent of the work that is done")
    message: str | SkipJsonSchema[None] = Field(default=None, description="What goes on, or why the job failed")
    stage: str | SkipJsonSchema[None] = Field(default=None, description="The step that is being worked on")
    attempt: int = Field(description="How many times the job has been tried")
    jobsBefore: int | SkipJsonSchema[None] = Field(
        default=None, description="While it waits, asked for by itself: how many jobs wait before it"
    )
    simulated: bool | SkipJsonSchema[None] = Field(
        default=None, description="The scenes are made by a simulator; absent where nobody knows any more"
    )
    order: OrderSummary = Field(description="What was ordered, in short; the whole of it is behind the `related` link")
    links: list[Link]


class JobList(BaseModel):
    """One page of the job list."""

    model_config = ConfigDict(title="jobList")

    jobs: list[StatusInfo]
    links: list[Link]


def status_info(job: Job, parts: Parts) -> dict[str, Any]:
    """Return a job's statusInfo, ready for JSON; its links begin with the configured public URL."""
    job_id = str(job.id)
    info = {
        "jobID": job_id,
        "id": job_id,
        "type": "process",
        "processID": PROCESS_ID,
        "status": job.state.status,
        "created": rfc3339(job.created),
        "started": rfc3339(job.started),
        "finished": rfc3339(job.finished),
        "updated": rfc3339(job.updated),
        "progress": int(job.progress),
        "message": job.state.reason if isinstance(job.state, Failed) else job.message or None,
        "stage": job.stage,
        "attempt": job.attempt,
        "simulated": is_simulated(job, parts),
        "order": order_summary(job.order),
        "links": _links(job, f"{parts.settings.public_url}/jobs/{job_id}"),
    }
    return {name: value for name, value in info.items() if value is not None}


def rfc3339(moment: datetime | None) -> str | None:
    """Return a moment as RFC 3339 text in UTC; None stays None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def link(href: str, rel: str, title: str, media_type: str = "application/json") -> dict[str, str]:
    """Return one link of a JSON answer."""
    return {"href": href, "rel": rel, "type": media_type, "title": title}


def _links(job: Job, href: str) -> list[dict[str, str]]:
    links = [
        link(href, "self", "This job"),
        link(f"{href}/log", "monitor", "The job's log"),
        link(f"{href}/order", "related", "What was ordered"),
    ]
    if isinstance(job.state, Successful):
        links.append(link(f"{href}/results", OGC_REL + "results", "The results"))
    elif isinstance(job.state, Failed):
        links.append(link(f"{href}/results", OGC_REL + "exceptions", "Why the job failed", "application/problem+json"))
    return links
