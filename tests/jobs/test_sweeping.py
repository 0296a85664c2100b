"""What is kept in storage of ended jobs, and what is removed."""

from threading import Event

import pytest
from prometheus_client import REGISTRY

from jobs import sweeping
from jobs.errors import StorageRefused
from jobs.keys import job_prefix, results_prefix, step_prefix
from jobs.published import Document, Published
from jobs.sweeping import sweep, sweep_ended
from jobs.tables import jobs


def claim_next(store):
    (step,) = store.steps_to_wake(1)
    return store.claim(step.id, "me")


def walk(store, storage, request_):
    """Take a job to its finish step, leaving an object under every step's prefix."""
    job = store.create(request_)
    for end, href in ((store.end_plan, ["t0"]), (store.end_prepare, None), (store.end_tile, None)):
        step = claim_next(store)
        storage.put_bytes(step_prefix(step) + "made", b"x")
        end(step, "made", *([href] if href else []))
    return job, claim_next(store)


def test_only_the_winners_results_stay(store, storage, request_):
    job, finish = walk(store, storage, request_)
    manifest = results_prefix(job.id, finish.attempt) + "manifest.json"
    storage.put_bytes(manifest, b"{}")
    storage.put_bytes(results_prefix(job.id, 7) + "lai.tif", b"half a result of a loser")
    store.succeed(finish, manifest, Published(Document.of("collection.json", b"{}")))
    sweep_ended(store, storage)
    assert storage.list("") == [manifest]


def test_nothing_is_left_of_a_dismissed_job(store, storage, request_):
    job, _ = walk(store, storage, request_)
    store.dismiss(job.id)
    sweep_ended(store, storage)
    assert storage.list("") == []


def test_results_are_kept_until_they_expire(store, storage, request_):
    ended, finish = walk(store, storage, request_)
    manifest = results_prefix(ended.id, finish.attempt) + "manifest.json"
    storage.put_bytes(manifest, b"{}")
    store.succeed(finish, manifest, Published(Document.of("collection.json", b"{}")))
    running = store.create(request_)
    claim_next(store)
    for days, status in [(1, "successful"), (1e-9, "dismissed")]:
        store.expire(days)
        sweep_ended(store, storage)
        assert store.get(ended.id).state.status == status
    assert "kept for 1e-09 days" in store.get(ended.id).message
    assert storage.list("") == []
    assert store.get(running.id).state.status == "running"


def test_results_that_are_deleted_while_their_job_is_swept_go_with_the_next_sweep(store, storage, request_):
    job, finish = walk(store, storage, request_)
    manifest = results_prefix(job.id, finish.attempt) + "manifest.json"
    storage.put_bytes(manifest, b"{}")
    store.succeed(finish, manifest, Published(Document.of("collection.json", b"{}")))
    (found,) = store.to_sweep()
    sweep(found.job, storage)
    store.dismiss(job.id)  # and the storage is away when the API wants to delete them
    store.mark_swept(found)
    assert storage.list("") == [manifest]
    sweep_ended(store, storage)
    assert storage.list("") == []


@pytest.mark.parametrize("end", ["dismissed", "successful"])
def test_what_is_written_after_the_end_is_removed_once_no_step_can_still_be_at_it(
    store, storage, request_, moved, settings, end
):
    job, finish = walk(store, storage, request_)
    manifest = results_prefix(job.id, finish.attempt) + "manifest.json"
    kept = []
    if end == "successful":
        storage.put_bytes(manifest, b"{}")
        store.succeed(finish, manifest, Published(Document.of("collection.json", b"{}")))
        kept = [manifest]
    store.dismiss(job.id) if end == "dismissed" else None
    sweep_ended(store, storage)
    late = step_prefix(finish.model_copy(update={"attempt": finish.attempt + 1})) + "lai.tif"
    storage.put_bytes(late, b"of a worker that is killed before it removes this")
    moved(jobs.c.finished, 60 - settings.visibility_timeout_s)
    sweep_ended(store, storage)
    assert storage.list("") == sorted([*kept, late])
    moved(jobs.c.finished, -60 - settings.visibility_timeout_s)
    sweep_ended(store, storage)
    assert storage.list("") == kept
    assert store.to_sweep() == []


def test_a_job_that_is_first_swept_when_all_is_quiet_is_swept_once(store, storage, request_, moved, settings):
    store.dismiss(store.create(request_).id)
    moved(jobs.c.finished, -60 - settings.visibility_timeout_s)
    sweep_ended(store, storage)
    assert store.to_sweep() == []


def test_a_running_job_is_not_swept(store, storage, request_):
    walk(store, storage, request_)
    sweep_ended(store, storage)
    assert len(storage.list("")) == 3


class Closed:
    """A storage of which one folder may not be removed."""

    def __init__(self, storage, prefix: str) -> None:
        self.storage, self.prefix = storage, prefix

    def delete_prefix(self, prefix: str) -> None:
        if prefix == self.prefix:
            raise StorageRefused(f"{prefix} belongs to somebody else")
        self.storage.delete_prefix(prefix)


def test_one_that_cannot_be_swept_does_not_keep_the_others_waiting_for_ever(store, storage, request_):
    kept = store.create(request_)
    store.dismiss(kept.id)
    for _ in range(3):
        job, _ = walk(store, storage, request_)
        store.dismiss(job.id)
    closed = Closed(storage, job_prefix(kept.id))
    for _ in range(200):  # each round ends at the closed one, wherever that comes
        with pytest.raises(StorageRefused):
            sweep_ended(store, closed)
    assert storage.list("") == []
    assert [found.job.id for found in store.to_sweep()] == [kept.id]


def test_it_tells_when_it_last_swept_behind_all(store, storage, request_):
    def told() -> float:
        return REGISTRY.get_sample_value("clearleaf_sweeping_last_success_timestamp_seconds")

    class Rounds(Event):
        """Stops after so many rounds."""

        left = 3

        def wait(self, timeout=None) -> bool:
            self.left -= 1
            return self.left < 0

    store.dismiss(store.create(request_).id)
    (found,) = store.to_sweep()
    before = told()
    sweeping.run(store, Closed(storage, job_prefix(found.job.id)), 0, Rounds())
    assert told() == before
    sweeping.run(store, storage, 0, Rounds())
    assert told() > before
