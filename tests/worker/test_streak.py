"""A worker that fails whatever it is given ends; one bad order, or one bad hour, ends nobody."""

import os
import signal
import time
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from jobs import tables
from jobs.errors import InvalidJob, JobConflict, Problem, Unavailable
from jobs.job import JobRequest, Limits
from jobs.queue import MESSAGE_VERSION
from worker import draining, tasks
from worker.streak import SickWorker, Streak


def ordered(worker, order) -> str:
    """Order a job; returns the id of its plan."""
    job = worker.store.create(JobRequest.parse(order, Limits()))
    with worker.store.database.read() as db:
        return db.execute(select(tables.steps.c.id).where(tables.steps.c.job_id == str(job.id))).scalar_one()


@pytest.fixture
def attempt(worker, order):
    """Make an attempt at the plan of a job, named by a letter, that ends in an error or well."""
    steps = {}

    def run(job: str, error: Exception | None = None, *, dismissed: bool = False) -> None:
        def body(worker, step, job, prefix, progress):
            if dismissed:
                worker.store.dismiss(step.job_id)
            if error is not None:
                raise error
            return lambda: None

        if job not in steps:
            steps[job] = ordered(worker, order)
        with worker.store.database.write() as db:  # no test waits until it is due again
            db.execute(update(tables.steps).values(due=worker.store.database.now(db)))
        tasks.run_step(worker, steps[job], MESSAGE_VERSION, body)

    return run


def test_who_fails_three_steps_of_different_jobs_in_a_row_is_sick(attempt):
    attempt("a", ZeroDivisionError())
    attempt("b", ZeroDivisionError())
    with pytest.raises(SickWorker, match="the last 3 steps from cpu, of 2 jobs, ended in internal errors"):
        attempt("a", ZeroDivisionError())


def test_the_job_book_is_told_of_the_last_one_too(attempt, worker):
    with pytest.raises(SickWorker):
        for job in "abc":
            attempt(job, ZeroDivisionError())
    with worker.store.database.read() as db:
        assert list(db.execute(select(tables.steps.c.state)).scalars()) == ["queued"] * 3
    assert not draining._shared[draining._IN_HAND]


def test_one_bad_order_ends_nobody(attempt):
    for _ in range(10):
        attempt("a", ZeroDivisionError())


def test_who_gets_something_done_is_well(attempt):
    for job in "abcdef":
        attempt(job, ZeroDivisionError())
        attempt(job, ZeroDivisionError())
        attempt("done with " + job)


@pytest.mark.parametrize(
    "error", [InvalidJob(Problem("/aoi", "no")), Unavailable("storm"), JobConflict("dismissed"), draining.ToldToEnd("")]
)
def test_orders_weather_and_customers_say_nothing_of_a_worker(attempt, error):
    """Neither that it is sick nor that it is well."""
    for job in "abcd":
        attempt(job, error)
    attempt("e", ZeroDivisionError())
    attempt("f", ZeroDivisionError())
    attempt("g", error)
    with pytest.raises(SickWorker):
        attempt("h", ZeroDivisionError())


def test_a_sick_worker_ends_as_a_whole_after_a_last_look(attempt, worker, order, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("CLEARLEAF_DATA_DIR", str(tmp_path))
    from worker import app

    class Ended(BaseException):
        pass

    def end(code):
        done.append(code)
        raise Ended

    def sick(*_):
        raise ZeroDivisionError

    done = []
    monkeypatch.setattr(app, "_process", [worker])
    monkeypatch.setattr(app, "_main", [4711])
    monkeypatch.setattr(os, "kill", lambda *told: done.append(told))
    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setitem(tasks.BODIES, "plan", sick)
    attempt("a", ZeroDivisionError())
    attempt("b", ZeroDivisionError())
    monkeypatch.setattr(time, "sleep", lambda seconds: done.append(seconds))
    with pytest.raises(Ended):
        app.app.tasks["clearleaf.plan"](ordered(worker, order), MESSAGE_VERSION)
    assert done == [app._LAST_LOOK_S, (4711, signal.SIGKILL), 1]
    assert "this worker takes no more steps and ends: the last 3 steps" in caplog.text


def test_what_a_dismissed_job_lacks_says_nothing_of_the_worker(attempt):
    for job in "abcd":
        attempt(job, FileNotFoundError("its objects are gone"), dismissed=True)


def test_a_plan_says_nothing_of_a_device():
    streak, jobs = Streak(), [uuid4() for _ in range(3)]
    for job in jobs:
        streak.check()
        streak.broken("plan")
        streak.goes_on("prepare", job)
    with pytest.raises(SickWorker, match="3 steps from gpu, of 3 jobs"):
        streak.check()
    streak.broken("tile")
    streak.check()
