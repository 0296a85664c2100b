"""What a tenant may have and order, whoever else orders at the same moment, in either database."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from jobs.order_keys import OrderKey
from jobs.quotas import OverQuota, Quota
from jobs.tables import jobs

CROWD = 12


def at_once(new_store, act):
    """Call `act` with a job book of its own in each of many threads, all at the same moment; what each gave."""
    barrier = Barrier(CROWD)
    books = [new_store() for _ in range(CROWD)]

    def one(number):
        barrier.wait()
        try:
            return act(books[number], number)
        except OverQuota as refused:
            return refused

    with ThreadPoolExecutor(CROWD) as pool:
        return list(pool.map(one, range(CROWD)))


def refusals(given):
    return [answer for answer in given if isinstance(answer, OverQuota)]


@pytest.mark.parametrize("quota", [Quota(active_jobs=3), Quota(orders_per_minute=3)])
def test_no_crowd_gets_more_than_the_quota(store, new_store, request_, quota):
    store.create(request_, tenant="mill")
    given = at_once(new_store, lambda book, _: book.create(request_, tenant="farm", quota=quota))
    assert len(given) - len(refusals(given)) == 3
    assert all("3 " in str(refused) and refused.retry_after >= 1 for refused in refusals(given))


def test_an_order_said_by_many_at_once_is_one(store, new_store, request_):
    key = OrderKey("spring", "0" * 64)
    given = at_once(
        new_store, lambda book, _: book.create(request_, tenant="farm", key=key, quota=Quota(active_jobs=1))
    )
    assert len({job.id for job in given}) == 1


def test_one_tenant_does_not_use_up_anothers(store, request_):
    quota = Quota(active_jobs=1, orders_per_minute=1)
    store.create(request_, tenant="farm", quota=quota)
    store.create(request_, tenant="mill", quota=quota)
    with pytest.raises(OverQuota):
        store.create(request_, tenant="farm", quota=quota)


def test_a_place_is_free_again_once_a_job_has_ended(store, request_):
    quota = Quota(active_jobs=1)
    job = store.create(request_, tenant="farm", quota=quota)
    with pytest.raises(OverQuota, match="1 jobs may wait or run"):
        store.create(request_, tenant="farm", quota=quota)
    store.dismiss(job.id, "farm")
    store.create(request_, tenant="farm", quota=quota)


def test_the_minute_moves_on(store, moved, request_):
    quota = Quota(orders_per_minute=2)
    first = store.create(request_, tenant="farm", quota=quota)
    store.create(request_, tenant="farm", quota=quota)
    with pytest.raises(OverQuota) as refused:
        store.create(request_, tenant="farm", quota=quota)
    assert 30 < refused.value.retry_after <= 60
    moved(jobs.c.created, -45, jobs.c.id == str(first.id))
    with pytest.raises(OverQuota) as refused:
        store.create(request_, tenant="farm", quota=quota)
    assert refused.value.retry_after <= 15
    moved(jobs.c.created, -61, jobs.c.id == str(first.id))
    store.create(request_, tenant="farm", quota=quota)


def test_trying_again_takes_a_place_and_is_no_order(store, request_):
    quota = Quota(active_jobs=1, orders_per_minute=1)
    job = store.create(request_, tenant="farm", quota=quota)
    store.fail(store.claim(store.steps_to_wake(1)[0].id, "worker-1"), "broken")
    assert store.retry(job.id, "farm", quota).state.status == "accepted"
    store.fail(store.claim(store.steps_to_wake(1)[0].id, "worker-1"), "broken")
    store.create(request_, tenant="farm")
    with pytest.raises(OverQuota, match="wait or run"):
        store.retry(job.id, "farm", quota)


def test_many_retries_at_once_keep_the_quota(store, new_store, request_):
    failed = []
    for _ in range(CROWD):
        failed.append(store.create(request_, tenant="farm").id)
        store.fail(store.claim(store.steps_to_wake(1)[0].id, "worker-1"), "broken")
    given = at_once(new_store, lambda book, number: book.retry(failed[number], "farm", Quota(active_jobs=2)))
    assert len(given) - len(refusals(given)) == 2
