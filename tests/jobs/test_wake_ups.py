"""Which steps workers are woken for, in which order, and when a wake-up that nobody heard is sent again."""

from jobs import tables


def only_step(store):
    (step,) = store.steps_to_wake(10)
    return step


def test_a_job_that_is_begun_goes_before_those_that_came_later(store, request_):
    """Whatever is due first: else one that is nearly done waits behind every newcomer."""
    job = store.create(request_)
    plan = store.claim(only_step(store).id, "w")
    for _ in range(3):
        store.create(request_)
    store.end_plan(plan, "plan.json", ["r000c000"])
    for end in (store.end_prepare, store.end_tile):
        (step,) = store.steps_to_wake(1)
        claimed = store.claim(step.id, "w")
        assert claimed.job_id == job.id
        end(claimed, "key")
    (step,) = store.steps_to_wake(1)
    assert (step.kind, store.claim(step.id, "w").job_id) == ("finish", job.id)


def test_wake_ups_are_bounded_and_tenants_take_turns(store, request_):
    for _ in range(5):
        store.create(request_, tenant="large")
    small = store.create(request_, tenant="small")
    first = store.steps_to_wake(2)
    assert len(first) == 2
    assert store.steps_to_wake(2) == []  # the window is full until somebody is heard of
    owners = {store.claim(step.id, "w").job_id for step in first}
    assert small.id in owners
    assert len(store.steps_to_wake(2)) == 2


def test_an_unheard_wake_up_is_sent_again(store, hurried, request_):
    store.create(request_)
    step = only_step(store)
    assert store.steps_to_wake(10) == []
    assert not step.again
    assert only_step(hurried) == step.model_copy(update={"again": True})


def test_what_could_not_be_sent_is_due_at_once(store, request_):
    for _ in range(3):
        store.create(request_)
    first, *others = store.steps_to_wake(10)
    store.not_sent(others)
    assert {step.id for step in store.steps_to_wake(10)} == {step.id for step in others}
    assert store.claim(first.id, "w1") is not None


def test_while_messages_wait_none_is_sent_again_for_long(store, new_store, moved, request_):
    """And then it is, for a worker may have died with the message in its hands; but nobody calls the broker leaky."""
    patient = new_store(resend_s=600)  # longer than any moment in which the machine stands still
    for _ in range(3):
        store.create(request_)
    sent = {step.id for step in store.steps_to_wake(2)}
    was_sent = tables.steps.c.sent.is_not(None)
    moved(tables.steps.c.sent, -10_000, was_sent)
    for _ in range(3):  # the workers are busy: neither the same steps nor others in their place
        assert patient.steps_to_wake(2, run_dry=["tile", "prepare"]) == []
    moved(tables.steps.c.sent, -12_001, was_sent)
    resent = patient.steps_to_wake(2, run_dry=["tile", "prepare"])
    assert {step.id for step in resent} == sent
    assert not any(step.again for step in resent)
    assert patient.steps_to_wake(2, run_dry=["tile", "prepare"]) == []


def test_what_was_sent_to_a_queue_that_has_run_dry_is_lost(store, hurried, request_):
    for _ in range(3):
        store.create(request_)
    sent = {step.id for step in store.steps_to_wake(2)}
    lost = hurried.steps_to_wake(2, run_dry=["plan", "finish"])
    assert {step.id for step in lost} == sent
    assert all(step.again for step in lost)
