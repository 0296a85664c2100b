"""Results: a document keyed by output, and files that only a signed and unexpired href opens."""

import json
import time
from urllib.parse import parse_qs, urlsplit

import pytest

BASE = "https://lai.example.org/api"


def path_of(href):
    assert href.startswith(BASE + "/")
    return href.removeprefix(BASE)


@pytest.fixture
def hrefs(client, finished):
    """Collection, item and raster of the finished job, found by following links."""
    collection = client.get(f"/jobs/{finished.id}/results").json()["collection"]["href"]
    links = client.get(path_of(collection)).json()["links"]
    item = next(link["href"] for link in links if link["rel"] == "item")
    raster = client.get(path_of(item)).json()["assets"]["lai"]["href"]
    return {"collection": path_of(collection), "item": path_of(item), "raster": path_of(raster)}


def test_the_document_names_exactly_the_declared_outputs(client, finished):
    answer = client.get(f"/jobs/{finished.id}/results")
    assert answer.status_code == 200
    assert list(answer.json()) == ["collection", "accuracy", "manifest"]
    for output in answer.json().values():
        assert set(output) == {"href", "type"}
        assert client.get(path_of(output["href"])).headers["content-type"] == output["type"]


def test_parcels_add_the_series(client, new_job, carry_out):
    job = new_job()
    carry_out(job.id, series=True)
    results = client.get(f"/jobs/{job.id}/results").json()
    assert list(results) == ["collection", "accuracy", "manifest", "series"]
    given = client.get(path_of(results["series"]["href"]))
    assert given.json()["features"] == []
    assert given.headers["content-type"] == results["series"]["type"]


def test_before_the_end_the_results_are_not_ready(client, new_job, claim_next):
    job = new_job()
    for _ in range(2):
        answer = client.get(f"/jobs/{job.id}/results")
        assert answer.status_code == 404
        assert answer.json()["type"].endswith("/result-not-ready")
        if answer.json()["detail"].count("accepted"):
            claim_next(job.id)


@pytest.mark.parametrize(("reason", "status"), [("no-scenes: nothing in May", 422), ("the disk is full", 409)])
def test_a_failed_job_gives_its_reason(client, new_job, store, claim_next, reason, status):
    job = new_job()
    store.fail(claim_next(job.id), reason)
    assert client.get(f"/jobs/{job.id}").json()["message"] == reason
    answer = client.get(f"/jobs/{job.id}/results")
    assert (answer.status_code, answer.json()["detail"]) == (status, reason)


def test_stored_files_keep_relative_hrefs_and_served_ones_are_signed(client, hrefs, storage, finished):
    item = client.get(hrefs["item"])
    assert item.headers["content-type"] == "application/geo+json"
    links = {link["rel"]: link["href"] for link in item.json()["links"]}
    assert client.get(path_of(links["collection"])).json()["type"] == "Collection"
    assert links["derived_from"] == "https://stac.example.org/items/S2A_1"
    (key,) = (key for key in storage.list(f"jobs/{finished.id}/results/") if key.endswith("2023-05-01.json"))
    assert json.loads(storage.get_bytes(key))["assets"]["lai"]["href"] == "./lai.tif"


def test_a_document_cannot_have_foreign_files_signed(client, hrefs):
    links = {link["rel"]: link["href"] for link in client.get(hrefs["item"]).json()["links"]}
    assert links["related"] == "../../../../../other-job/results/1/manifest.json"


def test_inner_hrefs_end_with_their_document(client, hrefs):
    def expires(path):
        return int(parse_qs(urlsplit(path).query)["expires"][0])

    assert 3500 < expires(hrefs["collection"]) - time.time() <= 3600
    assert abs(expires(hrefs["raster"]) - expires(hrefs["collection"])) <= 2


def test_a_file_comes_whole(client, hrefs):
    answer = client.get(hrefs["raster"])
    assert answer.status_code == 200
    assert answer.content == bytes(range(256)) * 8
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-type"].startswith("image/tiff")


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=10-19", slice(10, 20)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-5", slice(-5, None)),
        ("bytes=0-99999", slice(None)),
        ("bytes=-99999", slice(None)),
        ("bytes=-" + "9" * 5000, slice(None)),
        ("bytes=5-" + "9" * 5000, slice(5, None)),
        ("bytes=" + "0" * 5000 + "7-8", slice(7, 9)),
    ],
)
@pytest.mark.parametrize("name", ["raster", "collection"])
def test_a_part_of_a_file_is_that_part(client, hrefs, name, asked, part):
    whole = client.get(hrefs[name]).content
    answer = client.get(hrefs[name], headers={"range": asked})
    first, stop, _ = part.indices(len(whole))
    assert answer.status_code == 206
    assert answer.content == whole[part]
    assert answer.headers["content-range"] == f"bytes {first}-{stop - 1}/{len(whole)}"
    assert answer.headers["content-length"] == str(stop - first)


@pytest.mark.parametrize("asked", ["bytes=4096-", "bytes=" + "9" * 5000 + "-"])
def test_a_range_behind_the_end_is_not_satisfiable(client, hrefs, asked):
    answer = client.get(hrefs["raster"], headers={"range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == "bytes */2048"
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "lines=1-2", "bytes=9-3", "bytes=-", "nonsense"])
def test_a_range_that_is_not_understood_gives_the_whole(client, hrefs, asked):
    assert client.get(hrefs["raster"], headers={"range": asked}).status_code == 200


def test_a_range_of_another_state_gives_the_whole(client, hrefs):
    etag = client.get(hrefs["raster"]).headers["etag"]
    assert client.get(hrefs["raster"], headers={"range": "bytes=0-1", "if-range": etag}).status_code == 206
    assert client.get(hrefs["raster"], headers={"range": "bytes=0-1", "if-range": '"other"'}).status_code == 200
    assert client.get(hrefs["raster"], headers={"if-none-match": etag}).status_code == 304


@pytest.mark.parametrize("name", ["raster", "collection"])
def test_head_says_what_get_would(client, hrefs, name):
    get, head = client.get(hrefs[name]), client.head(hrefs[name])
    assert (head.status_code, head.content) == (200, b"")
    for header in ("content-length", "content-type", "etag", "last-modified", "accept-ranges"):
        assert head.headers[header] == get.headers[header]


def test_any_flaw_of_a_signature_is_forbidden(client, hrefs):
    path, _, query = hrefs["raster"].partition("?")
    signed = {name: values[0] for name, values in parse_qs(query).items()}
    other = hrefs["item"].partition("?")[0]
    flawed = [
        (path, {}),
        (path, {"expires": signed["expires"]}),
        (path, {"signature": signed["signature"]}),
        (path, signed | {"expires": str(int(signed["expires"]) + 1)}),
        (path, signed | {"expires": "soon"}),
        (path, signed | {"expires": "9" * 400}),
        (path, signed | {"expires": "²"}),
        (path, signed | {"signature": signed["signature"][:-1]}),
        (path, signed | {"signature": "é"}),
        (other, signed),
        ("/files/../../etc/passwd", signed),
        ("/files/jobs%2F..%2F..%2Fx", signed),
        ("/files/", signed),
    ]
    for target, parameters in flawed:
        answer = client.get(target, params=parameters)
        assert answer.status_code in ((403,) if target.startswith("/files/jobs") else (403, 404)), target
        assert answer.headers["content-type"] == "application/problem+json"


def test_an_expired_href_is_forbidden(client, hrefs, monkeypatch):
    later = time.time() + 3601
    monkeypatch.setattr(time, "time", lambda: later)
    assert client.get(hrefs["raster"]).status_code == 403
