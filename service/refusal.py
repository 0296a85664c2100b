"""How a question is refused: by the member that is wrong, its value, and what would be right."""

from __future__ import annotations

from http import HTTPStatus

from jobs.errors import Problem
from service.errors import HttpProblem


def refused(member: str, detail: str) -> HttpProblem:
    """Return the refusal of a member, which may lie deeper: `filter/args/1`."""
    return HttpProblem(HTTPStatus.BAD_REQUEST, f"{member}: {detail}", members=(Problem(f"/{member}", detail),))
