"""What several processes need of one database: order in its locks, its clock, and that it may go away and come back."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from jobs import database
from jobs.database import Database
from jobs.errors import JobConflict, Unavailable
from jobs.tables import jobs

only_postgresql = pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
"""SQLite has one writer, and no clock but ours."""


def test_processes_that_migrate_together_do_it_once(new_store):
    books = [new_store() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda book: book.migrate(), books))
    assert all(book.at_head() for book in books)


def test_code_goes_on_with_the_schema_of_the_release_after_it(store):
    """While that is rolled out, and when it has been gone back from."""
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'later'")
    assert store.at_head()
    store.migrate()
    with store.database.read() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one() == "later"


def test_a_schema_that_is_missing_or_older_does_not_do(new_store):
    store = new_store()
    assert not store.at_head()
    store.migrate()
    with store.database.write() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    assert not store.at_head()


def test_heartbeats_commits_and_the_reconciler_do_not_wait_for_one_another(new_store, store, request_):
    """Each locks rows of both tables; in different orders, the database would end one of them."""
    job = store.create(request_)
    (plan,) = store.steps_to_wake(1)
    store.end_plan(store.claim(plan.id, "w"), "plan.json", [f"t{i}" for i in range(8)])
    (prepare,) = store.steps_to_wake(1)
    store.end_prepare(store.claim(prepare.id, "w"), "state")
    queued = store.steps_to_wake(10)

    def work(step):
        book = new_store(lease_s=60)
        claimed = book.claim(step.id, "w")
        with ThreadPoolExecutor(1) as other:
            beating = other.submit(beat, book, claimed)
            for _ in range(3):
                book.take_back_expired()
            book.end_tile(claimed, "piece")
            beating.result()

    def beat(book, step):
        for _ in range(20):
            try:
                book.heartbeat(step, fraction=0.5)
            except JobConflict:  # it has ended meanwhile
                return

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, queued))
    assert store.get(job.id).state.status == "running"
    assert [step.kind for step in store.steps_to_wake(10)] == ["finish"]


def test_what_several_send_is_sent_once(new_store, store, request_):
    made = {store.create(request_).id for _ in range(12)}
    books = [new_store(resend_s=60) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        told = [step.id for steps in pool.map(lambda book: book.steps_to_wake(100), books) for step in steps]
    told += [step.id for step in books[0].steps_to_wake(100)]
    assert len(told) == len(set(told)) == len(made)


@only_postgresql
def test_a_database_that_is_away_is_weather_and_comes_back(postgres, store, request_):
    job = store.create(request_)
    postgres.stop()
    try:
        for ask in (lambda: store.get(job.id), lambda: store.create(request_), store.at_head):
            with pytest.raises(Unavailable, match="job book cannot be reached"):
                ask()
    finally:
        postgres.start()
    assert store.get(job.id) == job


@only_postgresql
@pytest.mark.parametrize(("hours", "lease_s", "expired"), [(-1, 60, 0), (1, 1e-3, 1)])
def test_a_worker_whose_clock_is_wrong_moves_no_lease(new_store, store, request_, monkeypatch, hours, lease_s, expired):
    class Wrong(datetime):
        @classmethod
        def now(cls, zone=None):
            return datetime.now(zone) + timedelta(hours=hours)

    job = store.create(request_)
    (step,) = store.steps_to_wake(1)
    with monkeypatch.context() as patch:
        patch.setattr(database, "datetime", Wrong)
        worker = new_store(lease_s=lease_s)
        claimed = worker.claim(step.id, "w")
        worker.heartbeat(claimed)
    time.sleep(0.01)
    assert abs(store.get(job.id).started - datetime.now(UTC)) < timedelta(minutes=1)
    assert store.take_back_expired() == expired


@only_postgresql
def test_time_passes_within_a_transaction(store):
    with store.database.read() as db:
        before = store.database.now(db)
        time.sleep(0.01)
        assert store.database.now(db) > before


@only_postgresql
def test_who_is_stopped_amid_a_transaction_locks_nobody_out(new_store, store, request_, monkeypatch):
    job = store.create(request_)
    monkeypatch.setattr(database, "_IDLE_S", 0.2)
    stopped = new_store()
    with pytest.raises(Unavailable), stopped.database.write() as db:
        db.execute(select(jobs).where(jobs.c.id == str(job.id)).with_for_update())
        assert store.dismiss(job.id).state.status == "dismissed"
        db.execute(select(jobs))


@only_postgresql
def test_a_lock_that_is_held_for_too_long_is_weather(new_store, store, request_, monkeypatch):
    job = store.create(request_)
    monkeypatch.setattr(database, "_BUSY_S", 0.2)
    impatient = new_store()
    with store.database.write() as db:
        db.execute(select(jobs).where(jobs.c.id == str(job.id)).with_for_update())
        with pytest.raises(Unavailable):
            impatient.dismiss(job.id)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_url_as_providers_write_it_is_understood(scheme):
    assert Database(f"{scheme}://me@nowhere.invalid/book").engine.dialect.driver == "psycopg"
