"""The API's own metrics: by route, never by path, whatever callers make up."""

import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from jobs.api_keys import KeyBook, Scope
from service.app import create_app


def scraped(client) -> dict:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def requests(method, route, status) -> float:
    labels = {"method": method, "route": route, "status": status}
    return REGISTRY.get_sample_value("clearleaf_http_requests_total", labels) or 0.0


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("GET", "/jobs/{job}", "/jobs/{job_id}", "200"),
        ("GET", "/jobs/no-such-job", "/jobs/{job_id}", "404"),
        ("GET", "/stac/collections/{job}", "/stac/collections/{collection_id}", "404"),
        ("GET", "/../etc/passwd", "other", "404"),
        ("BREW", "/jobs", "/jobs", "405"),
    ],
)
def test_requests_are_counted_by_route_and_status(client, new_job, method, path, route, status):
    counted = "other" if method == "BREW" else method
    before = requests(counted, route, status)
    client.request(method, path.format(job=new_job().id))
    assert requests(counted, route, status) == before + 1


def test_no_series_holds_a_job_or_a_path(client, new_job):
    job = new_job()
    client.get(f"/jobs/{job.id}?wait=0")
    client.get(f"/jobs/{job.id}/results/lai.tif?signature=abc")
    client.get("/made-up/path")
    answer = client.get("/metrics").text
    for text in (str(job.id), "signature", "made-up", "lai.tif"):
        assert text not in answer


def test_the_book_is_among_them(client, new_job):
    new_job()
    found = scraped(client)
    assert found["clearleaf_job_book_up"].samples[0].value == 1
    jobs = {sample.labels["status"]: sample.value for sample in found["clearleaf_jobs"].samples}
    assert jobs["accepted"] == 1
    assert "clearleaf_http_request_duration_seconds" in found


def test_the_order_of_a_trace_is_entered_with_it(client, store, claim_next, order):
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    job = client.post("/jobs", json=order, headers={"traceparent": parent}).json()
    assert claim_next(job["id"]).traceparent.split("-")[1] == "0af7651916cd43dd8448eb211c80319c"
    other = client.post("/jobs", json=order, headers={"traceparent": "made up"}).json()
    assert other["status"] == "accepted"
    assert claim_next(other["id"]).traceparent is None


def test_a_key_with_the_scope_opens_the_metrics_and_no_other(store, broker, storage, signer, settings):
    guarded = create_app(store, broker, storage, signer, settings.model_copy(update={"authentication": "keys"}))
    keys = KeyBook(store.database)
    metrics, jobs = (keys.create("ops", [scope]).text for scope in (Scope.METRICS, Scope.JOBS))
    with TestClient(guarded, base_url="https://lai.example.org") as client:
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers={"Authorization": f"Bearer {jobs}"}).status_code == 403
        assert client.get("/metrics", headers={"Authorization": f"Bearer {metrics}"}).status_code == 200
        assert client.get("/jobs", headers={"Authorization": f"Bearer {metrics}"}).status_code == 403
