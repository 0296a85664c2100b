"""Work in a thread of its own: its result, its error, and its end on request."""

import threading
import time

import pytest

from jobs.errors import JobDismissed
from worker import steps
from worker.stoppable import stoppable


def test_it_gives_what_the_work_gives():
    asked = []
    assert stoppable(lambda: time.sleep(0.1) or 7, lambda: asked.append(1), every_s=0.02) == 7
    assert len(asked) > 2


def test_it_raises_what_the_work_raises():
    def fail():
        raise ZeroDivisionError("why")

    with pytest.raises(ZeroDivisionError, match="why"):
        stoppable(fail, lambda: None)


def test_work_that_is_given_up_ends():
    steps_taken, began = [], time.monotonic()

    def work():
        while True:
            steps_taken.append(time.sleep(0.01))

    def given_up():
        if len(steps_taken) > 5:
            raise JobDismissed("given up")

    with pytest.raises(JobDismissed):
        stoppable(work, given_up, every_s=0.05)
    assert time.monotonic() - began < 5
    count = len(steps_taken)
    time.sleep(0.1)
    assert len(steps_taken) == count
    assert "clearleaf-work" not in [thread.name for thread in threading.enumerate()]


def endless(*arguments, **options):
    while True:
        time.sleep(0.01)


class GivenUp:
    """Progress of a job that is dismissed as soon as a step has got to something."""

    def __init__(self, at: str) -> None:
        self.at, self.seen = at, 0

    def __call__(self, share: float, message: str) -> None:
        self.seen += message.startswith(self.at)
        if self.seen > 2:
            raise JobDismissed("given up")


@pytest.mark.timeout(30)
def test_a_plan_can_be_stopped_while_the_catalogue_is_walked(plan, parts, monkeypatch):
    monkeypatch.setattr(steps, "make_plan", endless)
    with pytest.raises(JobDismissed):
        steps.plan_step(plan.job_id, plan.request, parts, "plan/", GivenUp("searching"))
    assert parts.storage.head("plan/plan.json") is None


@pytest.mark.timeout(60)
def test_a_tile_can_be_stopped_while_it_is_reconstructed(plan, parts, monkeypatch):
    state = steps.prepare_step(plan, parts, "prepare/", lambda share, message: None)
    monkeypatch.setattr(steps, "reconstruct_tile", endless)
    with pytest.raises(JobDismissed):
        steps.tile_step(plan, plan.tiles[0].id, state, parts, "tile/", GivenUp("reconstructing"))
    assert parts.storage.head(f"tile/{plan.tiles[0].id}.npz") is None
