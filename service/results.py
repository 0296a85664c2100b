"""What a finished job gives: one document of its outputs, every href signed afresh."""

from __future__ import annotations

import json
import posixpath
from http import HTTPStatus
from typing import Any, assert_never

from pydantic import BaseModel, ConfigDict
from pydantic.json_schema import SkipJsonSchema

from jobs.job import Accepted, Created, Dismissed, Failed, Job, Running, Successful
from service.dependencies import Parts
from service.errors import OGC_EXCEPTIONS, RESULT_NOT_READY, HttpProblem, removed
from service.processes import OUTPUTS
from service.signing import signed_href


class Output(BaseModel):
    """Where one output is, for as long as its signature holds."""

    href: str
    type: str


class ResultsDocument(BaseModel):
    """The outputs of a job, by name."""

    model_config = ConfigDict(title="results")

    collection: Output
    accuracy: Output
    manifest: Output
    series: Output | SkipJsonSchema[None] = None  # absent, never null: only with parcels


def results_document(job: Job, parts: Parts) -> dict[str, dict[str, str]]:
    """Return each output's href and type; raises as `published_manifest`."""
    return _outputs(published_manifest(job), parts)


def published_manifest(job: Job) -> str:
    """Return the key of the manifest, which names everything that a job gave.

    Raises:
        HttpProblem: 404 before the end, 410 once dismissed, and what the reason calls for if the job failed.
    """
    state = job.state
    match state:
        case Successful():
            return state.manifest_href
        case Failed():
            raise _failure(state)
        case Dismissed():
            raise HttpProblem(HTTPStatus.GONE, f"job {job.id} has no results any more: {job.message}")
        case Created() | Accepted() | Running():
            detail = f"job {job.id} is {state.status}; its results come with its end"
            raise HttpProblem(HTTPStatus.NOT_FOUND, detail, kind=RESULT_NOT_READY)
        case _:
            assert_never(state)


def _outputs(manifest_key: str, parts: Parts) -> dict[str, dict[str, str]]:
    try:
        manifest = parts.storage.get_bytes(manifest_key)
    except FileNotFoundError:  # dismissed since we looked into the book
        raise removed() from None
    declared: dict[str, Any] = json.loads(manifest)["outputs"]
    here = posixpath.dirname(manifest_key)
    settings = parts.settings
    return {
        name: {
            "href": signed_href(
                posixpath.join(here, declared[name]["href"]), parts.signer, settings.public_url, settings.signed_url_s
            ),
            "type": declared[name]["type"],
        }
        for name in OUTPUTS
        if name in declared
    }


def _failure(state: Failed) -> HttpProblem:
    """Return the exception document of a failed job.

    The API works when it tells of a failure, so the status is none of the 5xx, which would make clients ask again.
    """
    no_scenes = state.reason.startswith("no-scenes")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if no_scenes else HTTPStatus.CONFLICT
    return HttpProblem(status, state.reason, kind=OGC_EXCEPTIONS + ("no-scenes" if no_scenes else "job-failed"))
