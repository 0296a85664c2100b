"""Thousands of requests that nobody would think of: no fault of ours, and every answer as the OpenAPI describes it."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

EXAMPLES = 100
"""Of each of some thirty operations."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


JOB_PARAMETERS = ("job_id", "collection_id")
OUR_NAME = {"Host": "lai.example.org"}
"""Without keys the service answers under its own names only."""


@pytest.fixture
def ids(job, new_job):
    """A job that has ended, one that waits, and whatever the generator thinks of."""
    return [str(job.id), str(new_job().id), None]


@pytest.fixture
def schema(app):
    return schemathesis.openapi.from_asgi("/openapi.json", app, headers=OUR_NAME)


def test_every_answer_is_as_described(schema, ids):
    """Each operation by itself, so that one that is broken does not hide the others."""
    asked, broken = 0, []
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.method == "delete":
            continue  # the jobs are still needed; other tests delete

        @given(case=operation.as_strategy(), job_id=st.sampled_from(ids))
        @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
        def ask(case, job_id):
            nonlocal asked
            asked += 1
            for name in JOB_PARAMETERS:
                if job_id is not None and name in (case.path_parameters or {}):
                    case.path_parameters[name] = job_id
            if isinstance((case.query or {}).get("wait"), (int, float)):
                case.query["wait"] = 0  # nothing would happen meanwhile
            case.call_and_validate(checks=CHECKS, headers=OUR_NAME)

        try:
            ask()
        except (Exception, BaseExceptionGroup) as error:
            broken.append(f"{operation.label}: {error}")
    assert not broken, "\n\n".join(broken)
    assert asked >= 1000
