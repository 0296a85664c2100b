"""Asking for jobs: one, many, their log, and their end."""

from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest


def test_a_waiting_job_says_when_to_ask_again(client, new_job):
    answer = client.get(f"/jobs/{new_job().id}")
    assert answer.status_code == 200
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["status"] == "accepted"


def test_a_running_job_tells_stage_and_progress(client, new_job, store, claim_next):
    job = new_job()
    store.end_plan(claim_next(job.id), "plan.json", ["r000c000", "r000c001"])
    claim_next(job.id)
    answer = client.get(f"/jobs/{job.id}")
    assert answer.json()["status"] == "running"
    assert answer.json()["stage"]
    assert "started" in answer.json()
    assert "retry-after" in answer.headers


def test_an_ended_job_is_final(client, finished):
    answer = client.get(f"/jobs/{finished.id}")
    info = answer.json()
    assert (info["status"], info["progress"]) == ("successful", 100)
    assert info["finished"] >= info["started"] >= info["created"]
    assert "retry-after" not in answer.headers
    assert any(link["rel"].endswith("/results") for link in info["links"])
    assert all(link["href"].startswith("https://lai.example.org/api/jobs/") for link in info["links"])


def test_the_same_state_is_not_sent_twice(client, new_job, store, claim_next):
    job = new_job()
    first = client.get(f"/jobs/{job.id}")
    again = client.get(f"/jobs/{job.id}", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    claim_next(job.id)
    assert client.get(f"/jobs/{job.id}", headers={"if-none-match": first.headers["etag"]}).status_code == 200


@pytest.mark.parametrize("path", ["/jobs/{}", "/jobs/{}/results", "/jobs/{}/log"])
@pytest.mark.parametrize("job_id", [uuid4(), "no-uuid", "%00", "1" * 500])
def test_an_unknown_job_is_no_such_job(client, path, job_id):
    answer = client.get(path.format(job_id))
    assert answer.status_code == 404
    assert answer.json()["type"].endswith("/no-such-job")
    assert client.delete(f"/jobs/{job_id}").status_code == 404


def test_a_job_says_what_was_ordered_and_whether_it_is_simulated(client, new_job, app):
    job = new_job(step_days=10)
    info = client.get(f"/jobs/{job.id}").json()
    assert info["simulated"] is True
    assert info["order"] == {
        "start": "2023-05-01",
        "end": "2023-05-31",
        "dates": 4,
        "catalog": "simulated",
        "model": "default",
        "resolution": 20,
        "parcels": 0,
    }
    (listed,) = client.get("/jobs").json()["jobs"]
    assert (listed["simulated"], listed["order"]) == (True, info["order"])
    app.state.parts.settings.catalogs.clear()  # nobody knows any more
    assert "simulated" not in client.get(f"/jobs/{job.id}").json()


def test_what_was_ordered_can_be_ordered_again(client, new_job, store, order):
    ring = order["aoi"]["coordinates"][0]
    parcel = {"type": "Feature", "id": "a", "properties": {"crop": "maize"}, "geometry": order["aoi"]}
    for members in (
        {"seed": 7, "dates": ["2023-05-02"]},
        {"parcels": {"type": "FeatureCollection", "features": [parcel]}},
    ):
        job = new_job(**members)
        (href,) = (one["href"] for one in client.get(f"/jobs/{job.id}").json()["links"] if one["rel"] == "related")
        whole = client.get(href.removeprefix("https://lai.example.org/api")).json()
        assert whole["aoi"]["coordinates"][0] == ring
        again = client.post("/jobs", json=whole)
        assert store.request_of(again.json()["id"]) == store.request_of(job.id)
    assert client.get("/jobs/0190aaaa-0000-7000-8000-000000000000/order").status_code == 404


def test_a_filter_may_be_repeated(client, new_job, carry_out):
    waiting, done = new_job(), new_job()
    new_job_ids = {str(waiting.id), str(done.id)}
    carry_out(waiting.id)
    client.delete(f"/jobs/{new_job().id}")
    url, seen = "/jobs?status=accepted&status=running,successful&limit=1", set()
    while url:
        page = client.get(url).json()
        seen |= {job["id"] for job in page["jobs"]}
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        url = following[0].removeprefix("https://lai.example.org/api") if following else None
    assert seen == new_job_ids
    assert client.get("/jobs?status=accepted&status=lost").status_code == 400
    assert client.get("/jobs?processID=other&processID=lai-reconstruction").json()["jobs"]


def test_the_list_pages_with_its_filters(client, new_job, carry_out):
    jobs = [new_job() for _ in range(5)]
    carry_out(jobs[0].id)
    seen, url = [], "/jobs?limit=2&status=accepted,running"
    while url:
        page = client.get(url).json()
        assert len(page["jobs"]) <= 2
        seen += [job["id"] for job in page["jobs"]]
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if following:
            assert parse_qs(urlsplit(following[0]).query)["status"] == ["accepted,running"]
        url = following[0].removeprefix("https://lai.example.org/api") if following else None
    assert len(seen) == 4
    assert set(seen) == {str(job.id) for job in jobs[1:]}


def test_the_list_without_a_filter_shows_all(client, new_job, finished):
    waiting = new_job()
    assert {job["id"] for job in client.get("/jobs").json()["jobs"]} == {str(waiting.id), str(finished.id)}


def test_a_huge_limit_is_cut_not_refused(client, new_job):
    new_job()
    assert len(client.get("/jobs?limit=100000").json()["jobs"]) == 1


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=many",
        "status=done",
        "status=accepted,done",
        "status=",
        "status=created",
        "after=nowhere",
    ],
)
def test_a_broken_question_is_refused(client, query):
    answer = client.get(f"/jobs?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/" + query.partition("=")[0]


def test_the_log_begins_with_the_order(client, new_job, store):
    job = new_job()
    store.log(job.id, "info", "hello")
    entries = client.get(f"/jobs/{job.id}/log").json()["entries"]
    assert entries[-1]["message"] == "hello"
    assert all(set(entry) == {"time", "level", "message"} for entry in entries)
    assert entries[0]["time"].endswith("Z")


def test_a_waiting_job_is_dismissed_once(client, new_job):
    job = new_job()
    first, second = (client.delete(f"/jobs/{job.id}") for _ in range(2))
    assert (first.status_code, first.json()["status"]) == (200, "dismissed")
    assert (second.status_code, second.json()) == (200, first.json())
    assert client.get(f"/jobs/{job.id}").json()["status"] == "dismissed"
    assert client.get(f"/jobs/{job.id}/results").status_code == 410


def test_dismissing_an_ended_job_removes_its_results(client, finished, storage):
    href = client.get(f"/jobs/{finished.id}/results").json()["collection"]["href"]
    assert client.delete(f"/jobs/{finished.id}").json()["status"] == "dismissed"
    assert client.get(f"/jobs/{finished.id}/results").status_code == 410
    assert storage.list(f"jobs/{finished.id}/results/") == []
    assert client.get(href.removeprefix("https://lai.example.org/api")).status_code == 404
