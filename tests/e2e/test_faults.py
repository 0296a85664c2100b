"""Whatever is killed, an accepted job finishes, and is published once."""

import os
import shutil
import signal
import subprocess
import time

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def preparing(info):
    return info.get("stage") == "prepare" and info["progress"] > 15  # its scenes are read: it computes


def test_a_worker_killed_in_mid_step(service):
    job = service.client.submit(service.order())
    service.until(job, preparing)
    service.kill("worker")
    service.ended(job)
    assert len(service.published(job)) == 1
    messages = [entry["message"] for entry in job.log()]
    assert any("fell silent" in message for message in messages)
    assert messages.count("published") == 1


def test_a_worker_told_to_end_hands_its_step_on(service):
    """No step waits for its lease: it is finished, or given back, before the worker goes."""
    job = service.client.submit(service.order(seed=5))
    service.until(job, preparing)
    worker = service.embedded.child("worker").process
    os.kill(worker.pid, signal.SIGTERM)
    worker.wait(timeout=240)
    service.ended(job)
    assert len(service.published(job)) == 1
    assert not [entry for entry in job.log() if "fell silent" in entry["message"]]


def test_a_broker_killed_and_wiped(service):
    job = service.client.submit(service.order(adapt=False))
    service.kill("broker")
    shutil.rmtree(service.embedded.data / "broker" / "appendonlydir", ignore_errors=True)
    late = service.client.submit(service.order(adapt=False, seed=1))  # accepted while there is no broker
    service.ended(job)
    service.ended(late)
    assert len(service.published(job)) == len(service.published(late)) == 1


def test_an_api_restarted_in_mid_job(service):
    job = service.client.submit(service.order(adapt=False, seed=2))
    service.kill("api")
    service.ended(job)
    assert job.results()["collection"]["href"]


def test_a_dismissed_job_stops_within_seconds(service):
    job = service.client.submit(service.order(seed=3))
    service.until(job, preparing)
    job.cancel()
    following = service.client.submit(service.order(adapt=False, seed=4))
    started = time.monotonic()
    service.until(following, lambda info: info["status"] in ("running", "successful"))
    assert time.monotonic() - started < 30  # also where the machine is slow, or stops for a moment
    assert job.status()["status"] == "dismissed"
    service.ended(following)
    assert not (service.embedded.data / "storage" / "jobs" / job.id / "results").exists()


def test_a_full_disk_is_told_and_the_job_goes_on_once_there_is_room(service_on, small_disk, tmp_path):
    with service_on(tmp_path / "data", storage_url=f"file://{small_disk}") as service:
        job = service.client.submit(service.order(adapt=False))
        told = service.until(job, lambda info: "the result storage is full" in info.get("message", ""))
        assert told["status"] in ("accepted", "running")
        assert f"{small_disk} is full: free some space there" in service.embedded.child("worker").log.read_text()
        assert not list(small_disk.rglob("manifest.json"))
        subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
        service.ended(job)
        assert len(list(small_disk.rglob("manifest.json"))) == 1
