"""What the reconciler does in a round: takes back, wakes, sweeps."""

from jobs.keys import results_prefix, step_prefix
from jobs.published import Document, Published
from jobs.queue import QUEUE_OF
from jobs.reconciler import reconcile_once


class Bell:
    """A queue that only remembers."""

    def __init__(self, away: bool = False) -> None:
        self.rung, self.away = [], away

    def run_dry(self):
        return frozenset(QUEUE_OF)

    def wake(self, step) -> bool:
        self.rung.append(step.kind)
        return not self.away


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


def test_only_the_winners_results_stay(store, storage, settings, request_):
    job, finish = walk(store, storage, request_)
    manifest = results_prefix(job.id, finish.attempt) + "manifest.json"
    storage.put_bytes(manifest, b"{}")
    storage.put_bytes(results_prefix(job.id, 7) + "lai.tif", b"half a result of a loser")
    store.succeed(finish, manifest, Published(Document.of("collection.json", b"{}")))
    reconcile_once(store, Bell(), storage, settings)
    assert storage.list("") == [manifest]


def test_nothing_is_left_of_a_dismissed_job(store, storage, settings, request_):
    job, _ = walk(store, storage, request_)
    store.dismiss(job.id)
    reconcile_once(store, Bell(), storage, settings)
    assert storage.list("") == []


def test_results_are_kept_for_as_long_as_the_settings_say(store, storage, settings, request_):
    ended, finish = walk(store, storage, request_)
    manifest = results_prefix(ended.id, finish.attempt) + "manifest.json"
    storage.put_bytes(manifest, b"{}")
    store.succeed(finish, manifest, Published(Document.of("collection.json", b"{}")))
    running = store.create(request_)
    claim_next(store)
    for days, status in [(None, "successful"), (1, "successful"), (1e-9, "dismissed")]:
        reconcile_once(store, Bell(), storage, settings.model_copy(update={"retention_days": days}))
        assert store.get(ended.id).state.status == status
    assert "kept for 1e-09 days" in store.get(ended.id).message
    assert storage.list("") == []
    assert store.get(running.id).state.status == "running"


def test_a_running_job_is_not_swept(store, storage, settings, request_):
    walk(store, storage, request_)
    reconcile_once(store, Bell(), storage, settings)
    assert len(storage.list("")) == 3


def test_a_broker_that_is_away_is_asked_once_a_round(store, storage, settings, request_):
    for _ in range(3):
        store.create(request_)
    bell = Bell(away=True)
    reconcile_once(store, bell, storage, settings)
    assert bell.rung == ["plan"]
    back = Bell()
    reconcile_once(store, back, storage, settings)
    assert back.rung == ["plan"] * 3
