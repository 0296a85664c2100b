"""What the reconciler does in a round: takes back, wakes, ends what was kept; no bucket holds it up."""

import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest

from jobs import reconciler
from jobs.errors import StepLost
from jobs.queue import QUEUE_OF
from jobs.reach import Reach
from jobs.reconciler import reconcile_once
from jobs.settings import JobsSettings
from jobs.tables import steps
from jobs.unswept import Unswept


class Bell:
    """A queue that only remembers."""

    def __init__(self, away: bool = False) -> None:
        self.rung, self.away = [], away

    def run_dry(self):
        return frozenset(QUEUE_OF)

    def wake(self, step) -> bool:
        self.rung.append(step.kind)
        return not self.away


class SilentBucket:
    """A storage that takes requests and never answers."""

    def __init__(self) -> None:
        self.asked, self.over = Event(), Event()

    def delete_prefix(self, prefix: str) -> None:
        self.asked.set()
        self.over.wait()


@contextmanager
def running(*parts):
    stop = Event()
    thread = Thread(target=reconciler.run, args=(*parts, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(60)
        assert not thread.is_alive()


def until(met) -> None:
    deadline = time.monotonic() + 60
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_broker_that_is_away_is_asked_once_a_round(store, settings, request_):
    for _ in range(3):
        store.create(request_)
    bell = Bell(away=True)
    reconcile_once(store, bell, settings, Reach(settings))
    assert bell.rung == ["plan"]
    back = Bell()
    reconcile_once(store, back, settings, Reach(settings))
    assert back.rung == ["plan"] * 3


def test_jobs_are_kept_for_as_long_as_the_settings_say(store, settings, request_):
    job = store.create(request_)
    (step,) = store.steps_to_wake(1)
    store.fail(store.claim(step.id, "me"), "no scene can be read")
    for days, status in [(None, "failed"), (1, "failed"), (1e-9, "dismissed")]:
        reconcile_once(store, Bell(), settings.model_copy(update={"retention_days": days}), Reach(settings))
        assert store.get(job.id).state.status == status
    store.mark_swept(Unswept(store.get(job.id), last=True))
    for days, known in [(None, True), (1, True), (1e-9, False)]:
        reconcile_once(store, Bell(), settings.model_copy(update={"forget_days": days}), Reach(settings))
        assert (job.id in store.updated([job.id])) == known


@pytest.fixture
def silent(store, request_, moved):
    """A step whose lease is over, as a worker claimed it."""
    store.create(request_)
    (queued,) = store.steps_to_wake(1)
    claimed = store.claim(queued.id, "worker")
    moved(steps.c.lease, -1)
    return claimed


@pytest.fixture
def patient(settings):
    """Settings with a lease that outlasts every moment in which the machine stands still."""
    return settings.model_copy(update={"lease_s": 3600, "reconcile_s": 600})


def reached(store, settings, *minutes: float) -> Reach:
    """Return what a reconciler remembers that has found the book so many minutes ago."""
    reach, now = Reach(settings), store.clock()
    for before in minutes:
        reach.lasts(now - timedelta(minutes=before))
    return reach


def test_a_worker_that_is_silent_while_the_book_is_reached_loses_its_step(store, silent, patient):
    reconcile_once(store, Bell(), patient, reached(store, patient, 70, 60, 50, 40, 30, 20, 10))
    with pytest.raises(StepLost):
        store.heartbeat(silent)


@pytest.mark.parametrize("minutes", [(), (50, 40, 30, 20, 10), (200, 190, 180), (200, 190, 40, 30, 20, 10)], ids=str)
def test_a_book_that_was_away_costs_no_living_worker_its_step(store, silent, patient, minutes):
    """Nor does a reconciler that has just begun: it cannot know."""
    bell = Bell()
    reconcile_once(store, bell, patient, reached(store, patient, *minutes))
    assert bell.rung == []
    store.heartbeat(silent)
    reconcile_once(store, bell, patient, reached(store, patient, 70, 60, 50, 40, 30, 20, 10))
    store.heartbeat(silent)


def test_what_a_break_is_goes_by_the_books_clock():
    reach, now = Reach(JobsSettings(lease_s=60, reconcile_s=10)), datetime(2026, 3, 29, tzinfo=UTC)

    def found(*seconds: float) -> list[bool]:
        return [reach.lasts(now + timedelta(seconds=moment)) for moment in seconds]

    assert found(*range(0, 80, 10)) == 6 * [False] + 2 * [True]
    assert found(95) == [True]  # a slow round
    assert found(140, 150, 170, 199, 200) == 4 * [False] + [True]  # a database that was away, or a machine that slept
    assert found(-3600, -3570, -3541, -3540) == 3 * [False] + [True]  # a clock that was put right


def test_a_bucket_that_never_answers_holds_up_no_round(store, hurried, settings, request_, tmp_path, monkeypatch):
    monkeypatch.setattr(Reach, "lasts", lambda *_: True)
    store.dismiss(store.create(request_).id)
    hurried.create(request_)
    (step,) = hurried.steps_to_wake(1)
    hurried.claim(step.id, "falls silent")
    bucket, alive = SilentBucket(), tmp_path / "alive"
    quick = settings.model_copy(update={"reconcile_s": 0.05, "alive_file": alive})
    with running(store, Bell(), bucket, quick):
        assert bucket.asked.wait(60)
        until(lambda: hurried.steps_to_wake(1))
        touched = alive.stat().st_mtime_ns
        until(lambda: alive.stat().st_mtime_ns > touched)
    bucket.over.set()
