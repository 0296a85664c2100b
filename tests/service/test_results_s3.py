"""Results in an S3 bucket: the API's own links lead there, by redirect or through the API."""

from urllib.parse import urlsplit

import boto3
import httpx
import pytest
from starlette.testclient import TestClient

from jobs.s3_storage import S3Storage
from service.app import create_app

CONTENT = bytes(range(256)) * 8


@pytest.fixture
def redirects():
    return True


@pytest.fixture
def storage(s3, bucket, redirects):
    return S3Storage(bucket, "lai", endpoint_url=s3.url, redirects=redirects)


@pytest.fixture
def raster(client, finished, settings):
    """Path of the raster's link, found by following links as a client would."""
    collection = client.get(f"/jobs/{finished.id}/results").json()["collection"]["href"]
    links = client.get(collection.removeprefix(settings.public_url)).json()["links"]
    item = next(link["href"] for link in links if link["rel"] == "item")
    href = client.get(item.removeprefix(settings.public_url)).json()["assets"]["lai"]["href"]
    assert href.startswith(settings.public_url)
    return href.removeprefix(settings.public_url)


def test_a_link_leads_to_the_bucket(client, raster, s3):
    answer = client.get(raster, follow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["location"].startswith(s3.url)
    assert answer.headers["cache-control"] == "no-store"
    assert httpx.get(answer.headers["location"], timeout=60).content == CONTENT
    part = httpx.get(answer.headers["location"], headers={"range": "bytes=5-9"}, timeout=60)
    assert (part.status_code, part.content) == (206, CONTENT[5:10])


def test_what_a_file_is_like_is_told_here_as_the_bucket_would_tell_it(client, raster):
    told = client.head(raster, follow_redirects=False)
    there = httpx.get(client.get(raster, follow_redirects=False).headers["location"], timeout=60)
    assert (told.status_code, there.status_code) == (200, 200)
    for name in ("content-length", "content-type", "etag", "last-modified", "accept-ranges"):
        assert told.headers[name] == there.headers[name], name
    again = client.head(raster, headers={"if-none-match": told.headers["etag"]}, follow_redirects=False)
    assert again.status_code == 304


def test_where_it_leads_holds_no_longer_than_the_link(client, raster):
    location = client.get(raster, follow_redirects=False).headers["location"]
    (expires,) = (part for part in urlsplit(location).query.split("&") if part.startswith("X-Amz-Expires="))
    assert 3500 < int(expires.partition("=")[2]) <= 3600


def test_a_broken_signature_leads_nowhere(client, raster):
    assert client.get(raster[:-1], follow_redirects=False).status_code == 403


@pytest.mark.parametrize("redirects", [False])
def test_without_redirects_files_come_through_the_api(client, raster):
    whole = client.get(raster, follow_redirects=False)
    assert (whole.status_code, whole.content) == (200, CONTENT)
    part = client.get(raster, headers={"range": "bytes=-5"}, follow_redirects=False)
    assert (part.status_code, part.content) == (206, CONTENT[-5:])
    head = client.head(raster)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(CONTENT)))
    assert head.headers["etag"] == whole.headers["etag"]
    assert client.get(raster, headers={"if-none-match": whole.headers["etag"]}).status_code == 304
    assert client.get(raster, headers={"range": "bytes=9999-"}).status_code == 416


def test_dismissing_removes_the_objects_and_the_links_say_so(client, finished, raster, storage):
    assert client.delete(f"/jobs/{finished.id}").json()["status"] == "dismissed"
    assert storage.list("") == []
    assert client.get(raster).status_code == 404
    assert client.get(f"/jobs/{finished.id}/results").status_code == 410


def test_a_bucket_that_went_away_is_a_503_that_tells_nobody_where_it_is(client, finished, raster, s3, bucket, storage):
    client_ = boto3.client("s3", endpoint_url=s3.url, region_name="us-east-1")
    storage.delete_prefix("jobs/")
    client_.delete_bucket(Bucket=bucket)
    answer = client.delete(f"/jobs/{finished.id}")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert bucket not in answer.text
    assert client.get(f"/jobs/{finished.id}").json()["status"] == "dismissed"


def test_the_python_client_downloads_along_redirects(store, broker, storage, signer, settings, finished, tmp_path):
    from clearleaf.client import Client

    here = settings.model_copy(update={"public_url": "http://testserver"})
    service = TestClient(create_app(store, broker, storage, signer, here))

    class Both(httpx.BaseTransport):
        """The service in this process, and the S3 service over the network."""

        def handle_request(self, request):
            if request.url.host != "testserver":
                assert "authorization" not in request.headers
                return elsewhere.handle_request(request)
            found = service.request(request.method, str(request.url), headers=request.headers, follow_redirects=False)
            return httpx.Response(found.status_code, headers=found.headers, content=found.content)

    with httpx.HTTPTransport() as elsewhere:
        client = Client("http://testserver", transport=Both())
        collection = client.job(str(finished.id)).download(tmp_path / "lai")
    assert collection.exists()
    (raster,) = tmp_path.rglob("lai.tif")
    assert raster.read_bytes() == CONTENT
