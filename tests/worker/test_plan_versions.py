"""Workers of two releases side by side: a plan of the newer one waits for the newer worker, an older one is read."""

import json

import pytest

from jobs.errors import Unavailable
from jobs.job import JobRequest, Limits
from jobs.planning import PLAN_VERSION, read_plan
from jobs.queue import MESSAGE_VERSION
from worker import tasks


def newer(plan) -> bytes:
    """The plan as a later release might write it."""
    return json.dumps(json.loads(plan.model_dump_json()) | {"version": PLAN_VERSION + 1, "moon": "full"}).encode()


def test_a_newer_plan_waits_and_costs_no_attempt(worker, plan, order):
    job = worker.store.create(JobRequest.parse(order, Limits()))
    (queued,) = worker.store.steps_to_wake(1)
    worker.parts.storage.put_bytes("plan.json", newer(plan))
    worker.store.end_plan(worker.store.claim(queued.id, "a newer worker"), "plan.json", ["r000c000"])
    (queued,) = worker.store.steps_to_wake(1)
    tasks.run_step(worker, str(queued.id), MESSAGE_VERSION, tasks.prepare)
    last = worker.store.entries(job.id)[-1]
    assert last.level == "warning"
    assert f"the plan is of version {PLAN_VERSION + 1}" in last.message
    assert "again in" in last.message
    assert worker.store.get(job.id).state.status == "running"


def test_what_a_plan_of_ours_lacks_has_a_default(plan):
    older = json.loads(plan.model_dump_json())
    del older["cloud_mask"]
    assert read_plan(json.dumps(older).encode()).model_dump_json() == plan.model_dump_json()


def test_errors_of_a_plan_do_not_tell_the_order(plan):
    broken = json.loads(plan.model_dump_json())
    broken["request"]["start"] = "50.8101"
    with pytest.raises(ValueError) as wrong:
        read_plan(json.dumps(broken).encode())
    assert not isinstance(wrong.value, Unavailable)
    assert "50.8101" not in str(wrong.value)
