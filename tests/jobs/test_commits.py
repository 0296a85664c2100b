"""A worker at the end of a step: the winner's objects stay, whatever the job book answers; a loser's go."""

from types import SimpleNamespace

import pytest

from jobs.errors import InvalidJob, JobDismissed, Problem, StorageRefused, Unavailable
from jobs.file_storage import FileStorage
from jobs.keys import step_prefix
from jobs.queue import MESSAGE_VERSION, QUEUE_OF
from jobs.tables import steps
from worker import draining, tasks
from worker.settings import WorkerSettings


class Silent:
    """A broker that takes everything."""

    def run_dry(self):
        return frozenset(QUEUE_OF)

    def wake(self, step):
        return True


@pytest.fixture
def worker(store, tmp_path, monkeypatch):
    monkeypatch.setattr(tasks, "COMMIT_PAUSES_S", (0.0, 0.0))
    parts = SimpleNamespace(storage=FileStorage(tmp_path / "storage"), device="cpu")
    return tasks.Worker(store, Silent(), parts, WorkerSettings(data_dir=tmp_path))


@pytest.fixture
def carry_out(worker, store, request_):
    """Carry out the first step of a job, which leaves an object, with a commit of the test's own."""

    def run(commit):
        job = store.create(request_)
        (queued,) = store.steps_to_wake(1)
        done = SimpleNamespace(job=job)

        def body(worker, step, job, prefix, progress):
            done.step = step
            worker.parts.storage.put_bytes(prefix + "plan.json", b"{}")
            return lambda: commit(step)

        tasks.run_step(worker, str(queued.id), MESSAGE_VERSION, body)
        done.objects = worker.parts.storage.list(step_prefix(done.step))
        return done

    return run


def away(times, then):
    """Return a commit that is not answered so many times, and may be heard all the same."""
    left = iter(range(times))

    def commit(step):
        then(step)
        if next(left, None) is not None:
            raise Unavailable("the job book restarts", told="the job book restarts")

    return commit


def end(store):
    return lambda step: store.end_plan(step, step_prefix(step) + "plan.json", ["r000c000"])


@pytest.mark.parametrize("unanswered", [0, 1, 2])
def test_a_commit_is_said_until_it_is_answered(carry_out, store, unanswered):
    done = carry_out(away(unanswered, end(store)))
    assert done.objects
    assert store.get(done.job.id).stage == "prepare"
    assert not any("again in" in entry.message for entry in store.entries(done.job.id))


def test_a_commit_that_was_heard_but_never_answered_keeps_its_objects(carry_out, store):
    done = carry_out(away(99, end(store)))
    assert done.objects == [store.outputs(done.job.id).plan_href]


def test_a_commit_that_was_never_heard_leaves_nothing_and_the_step_waits(carry_out, store):
    done = carry_out(away(99, lambda step: None))
    assert done.objects == []
    assert "the job book restarts" in store.get(done.job.id).message


def test_a_loser_leaves_nothing(carry_out, store):
    def lose(step):
        store.postpone(step, 0, "taken back")
        (queued,) = store.steps_to_wake(1)
        store.claim(queued.id, "another worker")
        end(store)(step)

    assert carry_out(lose).objects == []


@pytest.mark.parametrize(
    "error", [InvalidJob(Problem("/aoi", "no")), JobDismissed("stop"), Unavailable("storm"), ZeroDivisionError()]
)
def test_an_attempt_that_fails_leaves_nothing(carry_out, error):
    def fail(step):
        raise error

    assert carry_out(fail).objects == []


def test_nothing_is_removed_before_the_book_has_been_told(carry_out, worker, store, monkeypatch):
    kept = []

    def closed(*args):
        kept.extend(worker.parts.storage.list(""))
        raise Unavailable("the job book is away")

    monkeypatch.setattr(store, "release", closed)
    with pytest.raises(Unavailable):
        carry_out(lambda step: 1 / 0)
    assert kept == worker.parts.storage.list("") != []


def test_a_step_that_is_given_back_goes_on_at_once_and_costs_nothing(worker, store, request_, monkeypatch):
    monkeypatch.setattr(draining, "_shared", b"\0\1")
    monkeypatch.setattr(draining, "begin", lambda: None)
    monkeypatch.setattr(draining, "end", lambda: None)
    job = store.create(request_)
    (queued,) = store.steps_to_wake(1)
    for _ in range(worker.settings.max_postpones + 2):
        tasks.run_step(worker, str(queued.id), MESSAGE_VERSION, lambda *parts: parts[-1](0.5, "computing"))
    assert store.get(job.id).state.status == "running"
    assert "told to end; again in 0 s" in store.entries(job.id)[-1].message


def test_a_storage_that_lets_nobody_in_is_waited_for_and_asked_every_five_minutes(worker, store, request_, moved):
    """Expired credentials are mended in the morning; every job of the night would have failed by then."""
    job = store.create(request_)
    (queued,) = store.steps_to_wake(1)

    def refused(*_):
        raise StorageRefused("the result storage does not let us in")

    for _ in range(worker.settings.max_postpones + 2):
        moved(steps.c.due, -1)
        tasks.run_step(worker, str(queued.id), MESSAGE_VERSION, refused)
    assert store.get(job.id).state.status == "running"
    assert "again in 300 s" in store.entries(job.id)[-1].message
