"""A worker that is told to end does so at once, or after its step, or gives the step back."""

import multiprocessing
import threading
import time
from types import SimpleNamespace

import pytest

from worker import draining

forked = multiprocessing.get_context("fork")
"""As Celery starts the process that computes."""


@pytest.fixture(autouse=True)
def nothing_said():
    draining._shared[:] = b"\0\0"
    yield
    draining._shared[:] = b"\0\0"


@pytest.fixture
def computing():
    """Returns a way to run a process that has a step in hand until that may end, or is told to give it back."""
    started = []

    def run(may_end) -> multiprocessing.Process:
        begun = forked.Event()

        def step() -> None:
            draining.begin()
            begun.set()
            try:
                while not may_end.wait(0.02):
                    draining.go_on()
            except draining.ToldToEnd:
                raise SystemExit(7) from None
            finally:
                draining.end()

        started.append(forked.Process(target=step))
        started[-1].start()
        assert begun.wait(60)
        return started[-1]

    yield run
    for process in started:
        process.kill()
        process.join()


def told_to_end(step_may_take_s: float) -> float:
    """Tell the main process of a worker to end; returns after how many seconds it goes on with that."""
    configuration = SimpleNamespace(worker_soft_shutdown_timeout=step_may_take_s)
    began = time.monotonic()
    draining.DrainingWorker.wait_for_soft_shutdown(SimpleNamespace(app=SimpleNamespace(conf=configuration)))
    return time.monotonic() - began


def test_who_has_nothing_to_do_ends_at_once():
    assert told_to_end(600) < 60


def test_a_step_that_ends_in_time_is_finished(computing):
    may_end = forked.Event()
    process = computing(may_end)
    ending = threading.Timer(draining._SETTLED_S + 0.2, may_end.set)
    ending.start()
    assert told_to_end(600) < 120
    assert may_end.is_set()
    process.join(60)
    assert process.exitcode == 0


def test_a_step_that_takes_too_long_is_given_back(computing):
    process = computing(forked.Event())
    told_to_end(0.5)
    process.join(60)
    assert process.exitcode == 7


def test_a_step_that_hears_nothing_does_not_keep_the_worker(monkeypatch):
    monkeypatch.setattr(draining, "GIVE_BACK_S", 0.3)
    draining.begin()
    assert told_to_end(0.3) < 60


def test_celery_runs_it(tmp_path, monkeypatch):
    monkeypatch.setenv("CLEARLEAF_DATA_DIR", str(tmp_path))
    from worker.app import app

    assert issubclass(app.Worker, draining.DrainingWorker)
