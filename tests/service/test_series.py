"""The series of parcels: one request, in the form that the client can read."""

import pytest


@pytest.fixture
def parcels(order):
    return {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": order["aoi"]}]}


@pytest.mark.parametrize(
    ("query", "media_type", "content"),
    [
        ("", "application/geo+json", b'{"type": "FeatureCollection", "features": []}'),
        ("?f=json", "application/geo+json", b'{"type": "FeatureCollection", "features": []}'),
        ("?f=csv", "text/csv", b"id,date,mean\n"),
        ("?f=geoparquet", "application/vnd.apache.parquet", b"PAR1"),
    ],
)
def test_each_form(client, new_job, carry_out, parcels, query, media_type, content):
    job = new_job(parcels=parcels)
    carry_out(job.id, series=True)
    url = f"/jobs/{job.id}/series{query}"
    answer = client.get(url)
    assert (answer.status_code, answer.content) == (200, content)
    assert answer.headers["content-type"].partition(";")[0] == media_type
    assert client.get(url, headers={"if-none-match": answer.headers["etag"]}).status_code == 304
    assert client.head(url).headers["content-length"] == str(len(content))
    assert client.get(url, headers={"range": "bytes=0-2"}).content == content[:3]


def test_an_unknown_form_is_refused(client, finished):
    answer = client.get(f"/jobs/{finished.id}/series?f=covjson")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/f"


def test_a_job_without_parcels_has_none(client, finished):
    answer = client.get(f"/jobs/{finished.id}/series")
    assert answer.status_code == 404
    assert "ordered without parcels" in answer.json()["detail"]


def test_they_come_with_the_end(client, new_job, parcels):
    assert client.get(f"/jobs/{new_job(parcels=parcels).id}/series").json()["type"].endswith("result-not-ready")
