"""Laws of the job book: nothing accepted is lost, nothing is done twice."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from pydantic import ValidationError
from sqlalchemy import update

from jobs import tables
from jobs.errors import JobConflict, JobDismissed, JobNotFound, KeyReused, StepLost
from jobs.job import Failed, Successful
from jobs.order_facts import OrderFacts
from jobs.published import Document, Published
from jobs.store import JobFilter, OrderKey

NOTHING = Published(Document.of("collection.json", b"{}"))


def only_step(store):
    (step,) = store.steps_to_wake(10)
    return step


def claim(store, owner="w1"):
    return store.claim(only_step(store).id, owner)


def walk_to_tiles(store, request_, tiles=("r000c000", "r000c001")):
    job = store.create(request_)
    store.end_plan(claim(store), "plan.json", tiles)
    store.end_prepare(claim(store), "state")
    return job, [store.claim(step.id, "w1") for step in store.steps_to_wake(10)]


def test_a_job_walks_through_its_steps(store, request_):
    job, tiles = walk_to_tiles(store, request_)
    assert sorted(tile.tile_id for tile in tiles) == ["r000c000", "r000c001"]
    progress = [store.get(job.id).progress]
    for tile in tiles:
        store.end_tile(tile, f"piece-{tile.tile_id}")
        progress.append(store.get(job.id).progress)
    finish = claim(store)
    assert finish.kind == "finish"
    assert store.outputs(job.id).piece_hrefs == {t.tile_id: f"piece-{t.tile_id}" for t in tiles}
    store.succeed(finish, "jobs/x/results/1/manifest.json", NOTHING)
    ended = store.get(job.id)
    assert ended.state == Successful(manifest_href="jobs/x/results/1/manifest.json")
    assert ended.progress == 100
    assert ended.started is not None
    assert ended.finished is not None
    assert progress == sorted(progress)
    assert store.steps_to_wake(10) == []


def test_what_is_said_twice_holds_once(store, request_):
    job = store.create(request_)
    plan = claim(store)
    store.end_plan(plan, "plan.json", ["r000c000"])
    store.end_plan(plan, "plan.json", ["r000c000"])
    store.end_prepare(claim(store), "state")
    tile = claim(store)
    store.end_tile(tile, "piece")
    store.end_tile(tile, "piece")
    finish = claim(store)
    store.succeed(finish, "m", NOTHING)
    store.succeed(finish, "m", NOTHING)
    with pytest.raises(JobConflict):
        store.succeed(finish, "another", NOTHING)
    assert store.get(job.id).state.manifest_href == "m"


def test_of_many_claimers_one_wins(store, request_):
    store.create(request_)
    step = only_step(store)
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda i: store.claim(step.id, f"w{i}"), range(16)))
    assert sum(claim is not None for claim in claims) == 1


def test_tiles_that_end_together_leave_one_finish(store, new_store, request_):
    books = [new_store() for _ in range(6)]
    for _ in range(5):
        job, tiles = walk_to_tiles(store, request_, tuple(f"t{i}" for i in range(6)))
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda pair: pair[0].end_tile(pair[1], "piece"), zip(books, tiles, strict=True)))
        (finish,) = store.steps_to_wake(10)
        assert finish.kind == "finish"
        store.dismiss(job.id)


def test_an_expired_lease_is_taken_back_and_the_old_owner_is_refused(store, hurried, request_):
    store.create(request_)
    old = claim(hurried)
    assert store.take_back_expired() == 1
    new = claim(store, "w2")
    assert (new.id, new.attempt) == (old.id, 2)
    with pytest.raises(StepLost):
        store.end_plan(old, "plan.json", ["t"])
    with pytest.raises(StepLost):
        store.heartbeat(old)
    store.end_plan(new, "plan.json", ["t"])


def test_a_heartbeat_keeps_the_lease_and_shows_progress(store, moved, request_):
    job = store.create(request_)
    step = claim(store)
    for fraction in (0.2, 0.5, 0.9):
        moved(tables.steps.c.lease, -1)
        store.heartbeat(step, fraction=fraction, message=f"{fraction:.0%}")
        assert store.take_back_expired() == 0
    assert store.get(job.id).message == "90%"
    assert store.get(job.id).stage == "plan"
    assert store.get(job.id).progress == 4


def test_attempts_run_out_with_a_reason(store, hurried, settings, request_):
    job = store.create(request_)
    for _ in range(settings.max_attempts):
        assert claim(hurried) is not None
        store.take_back_expired()
    state = store.get(job.id).state
    assert isinstance(state, Failed)
    assert "fell silent" in state.reason
    assert store.steps_to_wake(10) == []


def test_waiting_for_the_weather_does_not_use_up_attempts(store, settings, request_):
    job = store.create(request_)
    for _ in range(settings.max_attempts + 2):
        store.postpone(claim(store), 0, "catalogue is away")
    assert store.get(job.id).state.status == "running"
    for _ in range(settings.max_postpones - settings.max_attempts - 1):
        store.postpone(claim(store), 0, "catalogue is away")
    assert "catalogue is away" in store.get(job.id).state.reason


def test_what_somebody_will_mend_is_waited_for_without_end(store, settings, request_):
    job = store.create(request_)
    for _ in range(settings.max_postpones + 1):
        store.postpone(claim(store), 0, "credentials have expired", counts=False)
    for _ in range(settings.max_postpones):
        store.postpone(claim(store), 0, "catalogue is away")
    assert store.get(job.id).state.status == "running"
    store.postpone(claim(store), 0, "catalogue is away")
    assert store.get(job.id).state == Failed(reason=f"catalogue is away (waited {settings.max_postpones} times)")


def test_a_postponed_step_waits(store, moved, request_):
    store.create(request_)
    step = claim(store)
    store.postpone(step, 600, "storm")
    assert store.steps_to_wake(10) == []
    assert store.claim(step.id, "w2") is None
    moved(tables.steps.c.due, -1)
    assert claim(store, "w2") is not None


def test_after_an_attempt_that_failed_a_step_rests_longer_each_time(store, moved, request_):
    """Who has failed is idle, and would take it again: one sick worker used up the attempts of all jobs in seconds."""
    job = store.create(request_)
    for pause_s in (30, 60):
        step = claim(store)
        store.release(step, "out of its mind")
        assert store.entries(job.id)[-1].message == f"plan failed: out of its mind; trying again in {pause_s} s"
        assert store.claim(step.id, "w1") is None
        moved(tables.steps.c.due, -1)
    store.release(claim(store), "out of its mind")
    assert store.get(job.id).state == Failed(reason="plan failed: out of its mind (3 attempts)")


def test_weather_makes_no_rest_longer(store, request_):
    job = store.create(request_)
    for _ in range(3):
        store.postpone(claim(store), 0, "storm")
    store.release(claim(store), "out of its mind")
    assert "trying again in 30 s" in store.entries(job.id)[-1].message


def test_dismissed_is_told_to_the_worker(store, request_):
    job = store.create(request_)
    step = claim(store)
    first = store.dismiss(job.id)
    assert store.dismiss(job.id) == first
    with pytest.raises(JobDismissed):
        store.heartbeat(step)
    with pytest.raises(JobDismissed):
        store.end_plan(step, "plan.json", ["t"])
    assert store.take_back_expired() == 0
    assert store.steps_to_wake(10) == []


def seen(store, job):
    """What a customer sees of a job."""
    return store.get(job.id), store.entries(job.id)


@pytest.mark.parametrize("give_back", ["release", "postpone", "fail"])
def test_a_step_of_an_ended_job_is_not_given_back(store, request_, give_back):
    job, (first, second) = walk_to_tiles(store, request_)
    verbs = {
        "release": lambda step: store.release(step, "broken"),
        "postpone": lambda step: store.postpone(step, 0, "storm"),
        "fail": lambda step: store.fail(step, "hopeless"),
    }
    assert store.fail(first, "disk on fire")
    before = seen(store, job)
    assert not verbs[give_back](second)
    assert seen(store, job) == before
    store.dismiss(job.id)
    before = seen(store, job)
    assert not verbs[give_back](second)
    assert seen(store, job) == before
    assert store.steps_to_wake(10) == []


@pytest.mark.parametrize("give_back", ["release", "postpone", "fail"])
def test_giving_back_tells_whether_the_step_was_ours(store, request_, give_back):
    job = store.create(request_)
    step = claim(store)
    arguments = (0, "storm") if give_back == "postpone" else ("broken",)
    assert getattr(store, give_back)(step, *arguments)
    assert not getattr(store, give_back)(step, *arguments)
    assert store.get(job.id).state.status in ("running", "failed")


def test_a_retry_opens_only_what_is_missing(store, request_):
    job, tiles = walk_to_tiles(store, request_)
    store.end_tile(tiles[0], "piece")
    store.fail(tiles[1], "disk on fire")
    assert store.get(job.id).state == Failed(reason="disk on fire")
    again = store.retry(job.id)
    assert (again.attempt, again.state.status) == (2, "accepted")
    step = claim(store)
    assert step.tile_id == tiles[1].tile_id
    assert step.attempt == 2
    store.end_tile(step, "piece")
    assert only_step(store).kind == "finish"
    with pytest.raises(JobConflict):
        store.retry(job.id)


def test_another_tenant_sees_nothing(store, request_):
    job = store.create(request_, tenant="a")
    for verb in (store.get, store.dismiss, store.retry):
        with pytest.raises(JobNotFound):
            verb(job.id, "b")
    with pytest.raises(JobNotFound):
        store.get(uuid4(), "a")
    assert store.list("b", JobFilter(), limit=10).jobs == []


def test_twins_of_an_order_make_one_job(store, new_store, request_):
    books, key = [new_store() for _ in range(6)], OrderKey("field-7", "ab" * 32)
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda book: book.create(request_, key=key).id, books))
    assert len(set(made)) == 1
    assert len(store.list("local", JobFilter(), limit=10).jobs) == 1
    assert store.create(request_, tenant="b", key=key).id not in made  # keys are each customer's own
    with pytest.raises(KeyReused, match="field-7"):
        store.create(request_, key=OrderKey("field-7", "cd" * 32))


def test_lists_page_newest_first(store, request_):
    made = [store.create(request_).id for _ in range(5)]
    seen, after = [], None
    while True:
        page = store.list("local", JobFilter(statuses=("accepted",)), limit=2, after=after)
        seen += [job.id for job in page.jobs]
        if page.next is None:
            break
        after = page.next
    assert seen == made[::-1]
    with pytest.raises(ValueError, match="cursor"):
        store.list("local", JobFilter(), limit=2, after="nonsense")


def test_lists_know_when_a_job_was_ordered_and_how_long_it_took(store, moved, request_):
    waits, runs, ended = (store.create(request_) for _ in range(3))
    for step in store.steps_to_wake(10):
        claimed = store.claim(step.id, "w")
        if claimed.job_id == ended.id:
            store.fail(claimed, "broken")
        elif claimed.job_id == waits.id:
            store.release(claimed, "not yet")
    before = store.create(request_)

    def ids(**bounds):
        return [job.id for job in store.list("local", JobFilter(**bounds), limit=10).jobs]

    assert ids(created_to=ended.created) == [ended.id, runs.id, waits.id]
    assert ids(created_from=before.created) == [before.id]
    assert ids(created_from=runs.created, created_to=runs.created) == [runs.id]
    moved(tables.jobs.c.started, -3601, tables.jobs.c.id == str(runs.id))  # days as numbers are good to a millisecond
    assert runs.id in ids(min_seconds=3600)
    assert before.id not in ids(min_seconds=0)  # nobody has begun it
    took = store.get(ended.id)
    assert ids(max_seconds=(took.finished - took.started).total_seconds() + 0.01) == [ended.id]


def test_the_log_begins_with_the_order(store, request_):
    job = store.create(request_)
    assert [entry.message for entry in store.entries(job.id)] == ["accepted"]


def test_an_order_survives_the_book(store, order, request_):
    assert store.request_of(store.create(request_).id) == request_


def test_an_order_is_read_where_it_is_needed_only(store, order, request_):
    """It may be megabytes: whoever asks how a job stands, or lists jobs, does without."""
    job = store.create(request_)
    with store.database.write() as db:
        db.execute(update(tables.jobs).values(request={"cannot": "be understood"}))
    assert store.get(job.id) == job
    assert store.list("local", JobFilter(), limit=1).jobs == [job]
    (plan,) = store.steps_to_wake(1)
    assert store.job_of(store.claim(plan.id, "w")).order == OrderFacts.of(request_)
    assert store.dismiss(job.id).order.bbox == request_.area.bounds
    with pytest.raises(ValidationError):
        store.request_of(job.id)


def test_orders_from_before_their_facts_were_kept_are_told_alike(store, request_):
    job = store.create(request_)
    with store.database.write() as db:
        db.execute(update(tables.jobs).values(facts=None))
    assert store.get(job.id) == job


def test_nobody_has_the_order_of_a_job_that_is_not_there(store):
    with pytest.raises(JobNotFound):
        store.request_of(uuid4())


def test_migration_and_tables_agree(store):
    """What the first migration makes is what the code expects."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from jobs.tables import metadata

    assert store.at_head()
    with store.database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
