"""What makes a service easy to live with: orders sent twice, waiting without polling, trying again."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.testclient import TestClient

EXECUTION = "/processes/lai-reconstruction/execution"
KEY = {"idempotency-key": "field-7, spring"}


def test_an_order_sent_twice_makes_one_job(client, order):
    first, second = (client.post("/jobs", json=order, headers=KEY) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["location"] == first.headers["location"]
    assert len(client.get("/jobs").json()["jobs"]) == 1


def test_orders_without_a_key_are_as_many_jobs(client, order):
    assert len({client.post("/jobs", json=order).json()["id"] for _ in range(2)}) == 2


def test_a_key_belongs_to_one_order(client, order):
    job_id = client.post("/jobs", json=order, headers=KEY).json()["id"]
    for door, body in [("/jobs", order | {"seed": 7}), (EXECUTION, {"inputs": order})]:
        answer = client.post(door, json=body, headers=KEY)
        assert answer.status_code == 422
        assert KEY["idempotency-key"] in answer.json()["detail"]
        assert job_id in answer.json()["detail"]
    assert len(client.get("/jobs").json()["jobs"]) == 1


def test_a_refused_order_does_not_use_up_its_key(client, order):
    assert client.post("/jobs", json=order | {"start": "yesterday"}, headers=KEY).status_code == 422
    assert client.post("/jobs", json=order, headers=KEY).status_code == 201


def test_twins_at_the_same_moment_make_one_job(client, order):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post("/jobs", json=order, headers=KEY), range(16)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_that_cannot_be_kept_is_refused(client, order, key):
    answer = client.post("/jobs", json=order, headers={"idempotency-key": key})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/Idempotency-Key"


def test_who_waits_for_the_end_hears_of_it(client, new_job, store):
    job, began = new_job(), time.monotonic()
    threading.Timer(0.7, store.dismiss, [job.id]).start()
    assert client.get(f"/jobs/{job.id}?wait=60").json()["status"] == "dismissed"
    assert 0.6 < time.monotonic() - began < 50


def test_patience_ends(client, new_job):
    began = time.monotonic()
    assert client.get(f"/jobs/{new_job().id}?wait=1").json()["status"] == "accepted"
    assert time.monotonic() - began >= 1


def test_who_knows_a_state_waits_for_news(client, new_job, claim_next):
    job = new_job()
    known = {"if-none-match": client.get(f"/jobs/{job.id}").headers["etag"]}
    assert client.get(f"/jobs/{job.id}?wait=1", headers=known).status_code == 304
    threading.Timer(0.7, claim_next, [job.id]).start()
    assert client.get(f"/jobs/{job.id}?wait=60", headers=known).json()["status"] == "running"


def test_who_waits_has_the_job_read_again_only_once_it_has_changed(client, new_job, store, monkeypatch):
    job, reads = new_job(), []
    get = store.get
    monkeypatch.setattr(store, "get", lambda *args: reads.append(1) or get(*args))
    client.get(f"/jobs/{job.id}?wait=1.6")
    assert len(reads) == 1


def test_an_ended_job_lets_nobody_wait(client, finished):
    began = time.monotonic()
    assert client.get(f"/jobs/{finished.id}?wait=60").json()["status"] == "successful"
    assert time.monotonic() - began < 50


@pytest.mark.parametrize("wait", ["61", "-1", "nan", "long"])
def test_nobody_waits_forever(client, new_job, wait):
    answer = client.get(f"/jobs/{new_job().id}?wait={wait}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/wait"


def test_a_failed_job_is_tried_again(client, new_job, store, claim_next, broker):
    job = new_job()
    store.fail(claim_next(job.id), "the archive lost its scenes")
    answer = client.post(f"/jobs/{job.id}/retry")
    assert (answer.status_code, answer.json()["status"], answer.json()["attempt"]) == (200, "accepted", 2)
    assert claim_next(job.id).kind == "plan"


def test_only_a_failed_job_is_tried_again(client, new_job, finished):
    for job in (new_job(), finished):
        answer = client.post(f"/jobs/{job.id}/retry")
        assert answer.status_code == 409
        assert "only a failed job" in answer.json()["detail"]


def test_a_waiting_job_knows_its_place(client, new_job, carry_out):
    first, second, third = (new_job() for _ in range(3))
    assert [client.get(f"/jobs/{job.id}").json()["jobsBefore"] for job in (first, second, third)] == [0, 1, 2]
    assert client.get(f"/jobs/{third.id}/log").json()["entries"][0]["message"] == "accepted, 2 before it"
    client.delete(f"/jobs/{first.id}")
    assert client.get(f"/jobs/{third.id}").json()["jobsBefore"] == 1
    assert "jobsBefore" not in client.get(f"/jobs/{first.id}").json()


def test_the_log_tells_the_route_and_not_the_path(app, caplog):
    app.state.parts.jobs.get = lambda *_: 1 / 0
    client = TestClient(app, base_url="https://lai.example.org", raise_server_exceptions=False)
    answer = client.get("/jobs/11111111-1111-1111-1111-111111111111/log?signature=abc")
    assert answer.status_code == 500
    (record,) = [r for r in caplog.records if r.name == "service.errors"]
    assert record.getMessage() == "GET /jobs/{job_id}/log"
