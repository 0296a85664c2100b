"""What a job gave: the document of its outputs, and the files behind the signed hrefs."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response, StreamingResponse

from service.auth import open_to_all
from service.dependencies import GivenJob, GivenParts
from service.files import answer, content_of, file_answers, results_root
from service.openapi import problems
from service.results import ResultsDocument, results_document
from service.signing import check_signature
from service.turns import Turns

Piece = TypeVar("Piece")

router = APIRouter(tags=["results"])


@router.get(
    "/jobs/{job_id}/results",
    summary="What a job gave",
    response_model=ResultsDocument,
    responses=problems(404, 409, 410, 422, 503),
)
def results(job: GivenJob, parts: GivenParts) -> JSONResponse:
    """Give each output's href, signed afresh, and its type.

    404 until the job has ended, 410 once it was dismissed. A failed job answers with the reason: 422 where no scene
    answered the order, 409 otherwise.
    """
    return JSONResponse(results_document(job, parts), headers={"Cache-Control": "no-store"})


@router.head("/files/{key:path}", include_in_schema=False)
@router.get(
    "/files/{key:path}",
    summary="One file of a job's results",
    response_class=Response,
    responses={**file_answers("*/*"), **problems(403, 404, 416, 503)},
)
@open_to_all
async def file(
    request: Request,
    parts: GivenParts,
    key: Annotated[str, Path(description="Where the file is, as given in a signed href")],
    expires: Annotated[str | None, Query(description="Unix time at which the href ends")] = None,
    signature: Annotated[str | None, Query(description="What proves that we made the href")] = None,
) -> Response:
    """Give a stored file, whole or one range of it, to whoever holds a signed href.

    Collections and items are stored with relative hrefs and served with signed ones.
    """
    seconds_left = check_signature(key, expires, signature, parts.signer)
    turns, job = parts.crowded.file_reads, results_root(key)
    async with turns.of(job):
        response = await run_in_threadpool(lambda: answer(content_of(key, parts, seconds_left), request))
    if isinstance(response, StreamingResponse):
        response.body_iterator = _in_turns(response.body_iterator, turns, job)
    return response


async def _in_turns(pieces: AsyncIterable[Piece], turns: Turns, job: str) -> AsyncIterator[Piece]:
    """Yield the pieces of a file, with a turn at the reading of each: whoever takes them slowly holds none."""
    left = aiter(pieces)
    while True:
        async with turns.of(job):
            piece = await anext(left, None)
        if piece is None:
            return
        yield piece
