"""The order's way in: committed before the answer, whatever the broker does; refused with the cure."""

import json
import threading
import time
from urllib.parse import urlsplit

import pytest

from jobs.store import JobFilter


def wait_until(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


def test_an_order_is_in_the_book_before_it_is_answered(client, order, store):
    answer = client.post("/jobs", json=order)
    info = answer.json()
    assert answer.status_code == 201
    assert answer.headers["location"] == f"https://lai.example.org/api/jobs/{info['jobID']}"
    assert info["id"] == info["jobID"]
    assert (info["type"], info["processID"], info["status"]) == ("process", "lai-reconstruction", "accepted")
    assert info["progress"] == 0
    assert isinstance(info["progress"], int)
    assert info["created"].endswith("Z")
    assert {"started", "finished"}.isdisjoint(info)
    assert None not in info.values()
    assert [str(job.id) for job in store.list("local", JobFilter(), limit=10).jobs] == [info["id"]]


def test_an_order_rings_the_bell_once(client, order, broker):
    client.post("/jobs", json=order)
    assert wait_until(lambda: len(broker.woken) == 1)
    assert broker.woken[0].kind == "plan"


@pytest.mark.parametrize("trouble", ["away", "broken"])
def test_the_broker_cannot_make_an_order_fail(client, order, broker, trouble, monkeypatch):
    if trouble == "away":
        broker.away = True
    else:
        monkeypatch.setattr(broker, "wake", lambda step: 1 / 0)
    assert client.post("/jobs", json=order).status_code == 201
    assert client.post("/jobs", json=order).status_code == 201


def test_a_slow_broker_does_not_slow_an_order(client, order, broker, monkeypatch):
    asked, go_on, answered = threading.Event(), threading.Event(), []

    def wake(step):
        asked.set()
        answered.append(go_on.wait(60))

    monkeypatch.setattr(broker, "wake", wake)
    for _ in range(3):
        assert client.post("/jobs", json=order).status_code == 201
    assert asked.wait(60)
    assert answered == []
    go_on.set()


def test_the_location_answers_at_once(client, order):
    location = client.post("/jobs", json=order).headers["location"]
    assert client.get(urlsplit(location).path.removeprefix("/api")).status_code == 200


def test_the_catalogue_is_pinned(client, order, store):
    job_id = client.post("/jobs", json=order).json()["id"]
    (job,) = store.list("local", JobFilter(), limit=1).jobs
    assert str(job.id) == job_id
    assert job.order.catalog == "simulated"


def test_every_wrong_member_is_named(client, order):
    wrong = order | {"start": "2023-06-30", "catalog": "nowhere", "cloud_cover": 20}
    answer = client.post("/jobs", json=wrong)
    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    pointers = [error["pointer"] for error in problem["errors"]]
    assert "/catalog" in pointers
    assert "/cloud_cover" in pointers
    assert "/end" in pointers
    assert len(pointers) == len(set(pointers))
    catalog = next(error for error in problem["errors"] if error["pointer"] == "/catalog")
    assert "simulated" in catalog["detail"]


def test_weights_that_do_not_exist_are_refused_with_those_that_do(client, order):
    answer = client.post("/jobs", json=order | {"weights": "none-such"})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, "/weights")
    assert "'release'" in error["detail"]


@pytest.mark.parametrize("catalog", ["nowhere", "", 0, [], {}, True, "https://stac.example.org"])
def test_a_catalogue_is_a_configured_name(client, order, catalog):
    answer = client.post("/jobs", json=order | {"catalog": catalog})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/catalog"]


def test_a_refused_order_leaves_no_trace(client, order, store):
    client.post("/jobs", json=order | {"end": "2022-01-01"})
    assert not store.list("local", JobFilter(), limit=10).jobs


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b'"aoi"', 400),
        (b"\xff\xfe\xfd", 400),
        (b'{"seed": NaN}', 400),
        (b'{"seed": -Infinity}', 400),
        (b'{"seed": 1e999}', 400),
        (b'{"seed": 1, "seed": 2}', 400),
        (b'{"parcel_id": "\\u0000"}', 400),
        (b'{"parcel_id": "\\ud800"}', 400),
        (b'{"parcel_id": "\xed\xa0\x80"}', 400),
        (b'{"parcel_id": "\0"}', 400),
        (b'{"\\u0000": 1}', 400),
        ('{"parcel_id": "\\u0000"}'.encode("utf-16"), 400),
        ('{"parcel_id": "\\ud800"}'.encode("utf-16-be"), 400),
        ("{}".encode("utf-32"), 400),
        (b'{"seed": ' + b"9" * 5000 + b"}", 400),
        (b'{"aoi": ' + b"[" * 16 + b"]" * 16 + b"}", 400),
        (b'{"aoi": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
        (b'{"aoi": ' + b"[" * 15 + b"]" * 15 + b"}", 422),
        (b"{}", 422),
    ],
)
def test_what_is_no_order_is_refused(client, body, status):
    answer = client.post("/jobs", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


@pytest.mark.parametrize("text", ["\\\\u0000", "\\ud83c\\udf3e", "\\\\ud800"])
def test_escapes_of_text_that_can_be_stored_are_taken(client, order, text):
    body = "\ufeff" + json.dumps(order | {"parcel_id": "%"}).replace("%", text)
    answer = client.post("/jobs", content=body.encode(), headers={"content-type": "application/json"})
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_only_json_is_taken(client, order, media_type):
    headers = {"content-type": media_type} if media_type else {}
    assert client.post("/jobs", content=json.dumps(order).encode(), headers=headers).status_code == 415


def test_json_may_say_its_charset(client, order):
    headers = {"content-type": "application/json; charset=utf-8"}
    assert client.post("/jobs", content=json.dumps(order).encode(), headers=headers).status_code == 201


def test_a_large_body_is_refused_unread(client):
    def never():
        raise AssertionError("the body was read")
        yield b""

    headers = {"content-type": "application/json", "content-length": str(17 * 2**20)}
    assert client.post("/jobs", content=never(), headers=headers).status_code == 413


def test_a_body_that_hides_its_size_is_measured(client):
    def much():
        for _ in range(17):
            yield b" " * 2**20

    headers = {"content-type": "application/json"}
    assert client.post("/jobs", content=much(), headers=headers).status_code == 413
