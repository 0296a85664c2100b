"""How the book stands, as Prometheus is told: true, bounded, and cheap however often it asks."""

from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import event, update

from jobs.book_metrics import BookCollector
from jobs.tables import jobs, steps


@pytest.fixture
def book(store):
    """Return what the book says now."""

    def say() -> CollectorRegistry:
        registry = CollectorRegistry()
        registry.register(BookCollector(store.database, fresh_s=0, ended_fresh_s=0))
        return registry

    return say


def value(registry, name, **labels) -> float:
    found = registry.get_sample_value(f"clearleaf_{name}", labels)
    assert found is not None, name
    return found


def age(store, table, column, seconds, *conditions) -> None:
    with store.database.write() as db:
        moment = store.database.now(db) - timedelta(seconds=seconds)
        db.execute(update(table).where(*conditions).values({column: moment}))


def test_an_empty_book_waits_for_nothing(book):
    found = book()
    assert value(found, "job_book_up") == 1
    assert value(found, "jobs", status="accepted") == 0
    assert value(found, "job_queued_oldest_age_seconds") == 0
    assert value(found, "steps_waiting_or_running", queue="gpu") == 0


def test_ages_are_those_of_the_oldest(store, book, request_):
    store.create(request_)
    first = store.create(request_)
    age(store, jobs, "created", 1000, jobs.c.id == str(first.id))
    age(store, steps, "due", 900, steps.c.job_id == str(first.id))
    found = book()
    assert value(found, "jobs", status="accepted") == 2
    assert value(found, "steps", kind="plan", state="queued") == 2
    assert value(found, "steps_waiting_or_running", queue="cpu") == 2
    assert value(found, "job_queued_oldest_age_seconds") == pytest.approx(1000, abs=30)
    assert value(found, "step_queued_oldest_age_seconds", queue="cpu") == pytest.approx(900, abs=30)
    assert value(found, "step_queued_oldest_age_seconds", queue="gpu") == 0


def test_a_step_that_waits_for_the_weather_is_not_due(store, book, request_):
    store.create(request_)
    (queued,) = store.steps_to_wake(1)
    store.postpone(store.claim(queued.id, "me"), 600, "the archive is busy")
    found = book()
    assert value(found, "steps", kind="plan", state="queued") == 1
    assert value(found, "steps_waiting_or_running", queue="cpu") == 0
    assert value(found, "step_queued_oldest_age_seconds", queue="cpu") == 0
    assert value(found, "steps_retried", kind="plan") == 0


def test_a_lease_that_is_over_is_told_until_it_is_taken_back(store, book, request_):
    store.create(request_)
    (queued,) = store.steps_to_wake(1)
    store.claim(queued.id, "me")
    assert value(book(), "leases_expired") == 0
    age(store, steps, "lease", 150)
    found = book()
    assert value(found, "jobs", status="running") == 1
    assert value(found, "leases_expired") == 1
    assert value(found, "leases_expired_oldest_age_seconds") == pytest.approx(150, abs=30)
    store.take_back_expired()
    found = book()
    assert value(found, "leases_expired_oldest_age_seconds") == 0
    assert value(found, "steps_retried", kind="plan") == 1


def test_steps_of_ended_jobs_wait_for_nobody(store, book, request_):
    job = store.create(request_)
    age(store, steps, "due", 900)
    store.dismiss(job.id)
    found = book()
    assert value(found, "jobs", status="dismissed") == 1
    assert value(found, "step_queued_oldest_age_seconds", queue="cpu") == 0


def test_many_scrapes_cost_one_look(store, request_):
    store.create(request_)
    asked = []
    event.listen(store.database.engine, "before_cursor_execute", lambda *said: asked.append(said[2]))
    collector = BookCollector(store.database)
    for _ in range(100):
        list(collector.collect())
    assert len([sql for sql in asked if "FROM" in sql]) == 3


def test_a_book_that_is_away_is_told_and_nothing_else(store, book):
    with store.database.write() as db:
        db.exec_driver_sql("ALTER TABLE steps RENAME TO gone")
    found = book()
    assert value(found, "job_book_up") == 0
    assert found.get_sample_value("clearleaf_jobs", {"status": "accepted"}) is None
