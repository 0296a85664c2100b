"""What the job book keeps of jobs that were deleted or failed, and for how long."""

import pytest
from sqlalchemy import select

from jobs.errors import JobDismissed, JobNotFound
from jobs.file_storage import FileStorage
from jobs.keys import step_prefix
from jobs.order_keys import OrderKey
from jobs.published import Document, Published
from jobs.settings import JobsSettings
from jobs.sweeping import sweep_ended
from jobs.tables import idempotency, jobs, metadata

KEY = OrderKey("order-1", "0" * 64)


@pytest.fixture
def storage(tmp_path):
    return FileStorage(tmp_path / "storage")


@pytest.fixture
def months_pass(moved, store, storage):
    """Let a job have ended long ago, and be swept for good."""

    def pass_(job):
        moved(jobs.c.finished, -40 * 86_400, jobs.c.id == str(job.id))
        sweep_ended(store, storage)

    return pass_


def claim_next(store):
    (queued,) = store.steps_to_wake(1)
    return store.claim(queued.id, "me")


def published(store, request_, **named):
    job = store.create(request_, **named)
    store.end_plan(claim_next(store), "plan", ["t0"])
    store.end_prepare(claim_next(store), "state")
    store.end_tile(claim_next(store), "tile")
    store.succeed(claim_next(store), "jobs/manifest.json", Published(Document.of("collection.json", b"{}")))
    return job


def rows_of(store, job):
    """Return the tables that have a row of a job."""
    tables = [table for table in metadata.sorted_tables if table is jobs or "job_id" in table.c]
    with store.database.read() as db:
        found = {table.name: (table.c.id if table is jobs else table.c.job_id) == str(job.id) for table in tables}
        return {t.name for t in tables if db.execute(select(t).where(found[t.name]).limit(1)).one_or_none() is not None}


def test_nothing_is_known_of_a_job_that_was_deleted_long_ago(store, request_, months_pass):
    kept, gone = published(store, request_), published(store, request_, key=KEY)
    store.dismiss(gone.id)
    months_pass(gone)
    assert rows_of(store, gone) == {"jobs", "steps", "log", "idempotency"}
    assert store.forget(50) == 0
    assert store.request_of(gone.id)
    assert store.forget(30) == 1
    assert rows_of(store, gone) == set()
    assert rows_of(store, kept) >= {"jobs", "steps", "log"}
    with pytest.raises(JobNotFound):
        store.get(gone.id)
    assert store.create(request_, key=KEY).id != gone.id
    with store.database.read() as db:
        assert db.execute(select(idempotency.c.key)).scalars().all() == [KEY.key]


def test_a_job_is_known_until_nothing_of_it_can_be_left_in_storage(store, request_, storage, moved, months_pass):
    job = store.create(request_)
    store.dismiss(job.id)
    assert store.forget(1e-9) == 0
    sweep_ended(store, storage)  # the first time: a worker may still be writing
    assert store.forget(1e-9) == 0
    months_pass(job)
    assert store.forget(1e-9) == 1


def test_a_job_that_failed_long_ago_goes_with_what_it_left_to_be_retried_from(store, request_, storage, months_pass):
    job = store.create(request_)
    step = claim_next(store)
    storage.put_bytes(step_prefix(step) + "plan.json", b"fields of a customer")
    store.fail(step, "no scene can be read")
    months_pass(job)
    assert storage.list("") != []
    assert store.forget(50) == 0
    assert store.get(job.id).state.status == "failed"
    assert store.forget(30) == 0
    assert store.get(job.id).state.status == "dismissed"
    sweep_ended(store, storage)
    assert storage.list("") == []
    assert store.forget(30) == 1
    assert rows_of(store, job) == set()


def test_jobs_are_forgotten_some_at_a_time_the_oldest_first(store, request_, months_pass, moved):
    ended = [store.create(request_) for _ in range(3)]
    for job in ended:
        store.dismiss(job.id)
        months_pass(job)
    moved(jobs.c.finished, -50 * 86_400, jobs.c.id == str(ended[1].id))
    assert store.forget(30, limit=1) == 1
    assert [rows_of(store, job) != set() for job in ended] == [True, False, True]
    assert store.forget(30, limit=5) == 2


def test_a_worker_that_comes_back_when_its_job_is_forgotten_is_told_to_stop(store, request_, months_pass):
    job = store.create(request_)
    step = claim_next(store)
    store.dismiss(job.id)
    months_pass(job)
    assert store.forget(30) == 1
    with pytest.raises(JobDismissed):
        store.heartbeat(step)
    with pytest.raises(JobDismissed):
        store.end_plan(step, "plan", ["t0"])
    assert not store.postpone(step, 1, "weather")


@pytest.mark.parametrize(("given", "days"), [({}, 30), ({"forget_days": ""}, None), ({"forget_days": "0.5"}, 0.5)])
def test_deleted_jobs_are_kept_for_a_month_if_nobody_says_otherwise(given, days):
    assert JobsSettings(**given).forget_days == days
