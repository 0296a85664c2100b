"""Celery is set so that messages may be lost, doubled or late, and a broker that is away costs a moment."""

import time
from uuid import uuid4

import pytest

from clearleaf.processes import free_port
from jobs.job import QueuedStep
from jobs.queue import QUEUE_OF, TASK_OF, JobQueue, make_celery
from jobs.settings import JobsSettings


@pytest.fixture
def celery(tmp_path):
    return make_celery(JobsSettings(data_dir=tmp_path, broker_url=f"redis://127.0.0.1:{free_port()}/0"))


def test_a_task_is_acknowledged_when_done_and_never_circles(celery):
    conf = celery.conf
    assert conf.task_acks_late
    assert not conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1
    assert conf.result_backend is None
    assert conf.task_ignore_result
    assert list(conf.accept_content) == ["json"]
    assert conf.broker_transport_options["visibility_timeout"] >= 43_200


def test_every_step_has_a_queue(celery):
    assert set(TASK_OF) == set(QUEUE_OF)
    for kind, task in TASK_OF.items():
        assert celery.conf.task_routes[task] == {"queue": QUEUE_OF[kind]}


def test_a_broker_that_is_away_is_told_at_once(celery):
    started = time.monotonic()
    assert not JobQueue(celery).wake(QueuedStep(id=uuid4(), kind="plan"))
    assert time.monotonic() - started < 3
