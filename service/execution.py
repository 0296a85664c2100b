"""An execute request of OGC API – Processes, turned into the bare order that the short door takes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

from jobs.errors import MOST_PROBLEMS, InvalidJob, Problem
from service.order_schema import AREA_TYPES
from service.processes import OUTPUTS

_QUALIFIED = {"value", "mediaType", "encoding", "schema", "format"}
"""Members of an input that comes as `{"value": ..., "mediaType": ...}` instead of bare."""


_NO_CALLS = "subscriber cannot be served: this service calls nobody back; wait by GET /jobs/ID?wait=60 instead"


def order_of(execute: dict[str, Any]) -> dict[str, Any]:
    """Return the inputs of an execute request, each as its bare value.

    `response` and members that no rule knows are ignored: there is one way to answer. `outputs` may name some of the
    declared ones; all of them are made.

    Raises:
        InvalidJob: an input comes by reference, an output is unknown, or either is no object; or somebody wants to be
            called back.
    """
    inputs, outputs = execute.get("inputs", {}), execute.get("outputs", {})
    problems = [
        Problem(f"/{name}", f"{name} must be an object of names and values, not {type(value).__name__}")
        for name, value in (("inputs", inputs), ("outputs", outputs))
        if not isinstance(value, dict)
    ]
    if execute.get("subscriber") is not None:
        problems.append(Problem("/subscriber", _NO_CALLS))
    if not problems:
        problems = [*islice(chain(_references(inputs), _unknown(outputs)), MOST_PROBLEMS + 1)]
    if problems:
        raise InvalidJob(*problems)
    return {name: _bare(value) for name, value in inputs.items()}


def under_inputs(error: InvalidJob) -> InvalidJob:
    """Return the same problems, pointing into an execute request instead of a bare order."""
    return InvalidJob(*(Problem(f"/inputs{problem.pointer}", problem.detail) for problem in error.problems))


def _bare(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    return value["value"] if is_qualified(value) else value


def is_qualified(value: object) -> bool:
    """Return whether an input's value comes in an object that says more of it."""
    return isinstance(value, dict) and "value" in value and value.keys() <= _QUALIFIED


def _references(inputs: dict[str, Any]) -> Iterator[Problem]:
    for name, value in inputs.items():
        if isinstance(value, dict) and "href" in value and value.get("type") not in AREA_TYPES:
            detail = f"{name[:80]} comes by reference; this service opens no URLs: send the value itself"
            yield Problem(f"/inputs/{name[:80]}", detail)


def _unknown(outputs: dict[str, Any]) -> Iterator[Problem]:
    for name in outputs:
        if name not in OUTPUTS:
            yield Problem(f"/outputs/{name[:80]}", f"there is no output {name[:80]!r}; known are {', '.join(OUTPUTS)}")
