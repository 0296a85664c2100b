"""An S3 service's own faults: each is told with its cure, none leaves half an object or parts of one behind."""

import errno
import socket
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from jobs import s3_storage as module
from jobs.errors import StorageAway, StorageFull, StorageRefused, Unavailable
from jobs.s3_storage import HURRIED, Patience, S3Storage
from jobs.settings import JobsSettings
from jobs.storage import open_checked_storage

ONCE = Patience(tries=1, connect_s=2, read_s=2)


@pytest.fixture
def client(s3):
    return boto3.client("s3", endpoint_url=s3.url, region_name="us-east-1")


@pytest.fixture
def opened(s3, bucket, tmp_path):
    """Open a storage as a process does when it starts."""

    def made(**changed):
        given = {"storage_url": f"s3://{bucket}/lai", "s3_endpoint_url": s3.url, "data_dir": tmp_path}
        return open_checked_storage(JobsSettings(**given | changed))

    return made


@pytest.fixture
def answering(s3):
    """Start a server that answers everything alike, and return a storage on it; asked once, not again and again."""
    running = []

    def start(status, code="", **headers):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = f"<Error><Code>{code}</Code><Message>as told</Message></Error>".encode() if code else b"<html>"
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)

            do_PUT = do_GET

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever).start()
        running.append(server)
        url = f"http://127.0.0.1:{server.server_port}"
        return S3Storage("results", endpoint_url=url, region="us-east-1", patience=ONCE)

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


def test_a_bucket_that_does_not_exist_is_told(opened):
    with pytest.raises(StorageRefused, match="CLEARLEAF_STORAGE_URL"):
        opened(storage_url="s3://no-such-bucket/lai")


@pytest.mark.parametrize(
    "changed",
    [
        {"AWS_SECRET_ACCESS_KEY": "wrong"},
        {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"},
        {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None},
    ],
)
def test_wrong_credentials_are_told(opened, monkeypatch, changed):
    for name, value in changed.items():
        monkeypatch.delenv(name) if value is None else monkeypatch.setenv(name, value)
    with pytest.raises(StorageRefused, match="AWS_ACCESS_KEY_ID") as told:
        opened()
    assert "wrong" not in str(told.value)


def test_who_may_only_read_is_told_at_the_start(s3_storage, opened, s3_server, bucket, monkeypatch):
    s3_storage.put_bytes("a/b", b"x")
    for name, value in s3_server.environment("reader").items():
        monkeypatch.setenv(name, value)
    reader = S3Storage(bucket, "lai", endpoint_url=s3_server.url)
    with pytest.raises(StorageRefused, match="may list, read, write and delete"):
        opened()
    for refused in (lambda: reader.delete_prefix("a/"), lambda: reader.put_bytes("a/b", b"y")):
        with pytest.raises(StorageRefused, match="does not let us in"):
            refused()
    assert reader.get_bytes("a/b") == b"x"


def test_a_service_that_is_away_is_weather(opened, monkeypatch, caplog):
    monkeypatch.setattr(module, "PATIENT", ONCE)
    storage = opened(s3_endpoint_url="http://127.0.0.1:9")
    assert "CLEARLEAF_S3_ENDPOINT_URL" in caplog.text
    for ask in (
        lambda: storage.put_bytes("a", b""),
        lambda: storage.get_bytes("a"),
        lambda: storage.head("a"),
        lambda: storage.list(""),
        lambda: storage.delete_prefix("a/"),
        lambda: storage.read("a", 0, 1),
    ):
        with pytest.raises(Unavailable, match="cannot be reached"):
            ask()


@pytest.mark.parametrize(
    ("status", "code", "kind", "said"),
    [
        (503, "SlowDown", StorageAway, "busy"),
        (500, "InternalError", StorageAway, "busy"),
        (507, "InsufficientStorage", StorageFull, "free some space"),
        (403, "QuotaExceeded", StorageFull, "free some space"),
        (403, "RequestTimeTooSkewed", StorageRefused, "clock"),
        (400, "ExpiredToken", StorageRefused, "AWS_ACCESS_KEY_ID"),
        (400, "AuthorizationHeaderMalformed", StorageRefused, "CLEARLEAF_S3_REGION"),
        (301, "PermanentRedirect", StorageRefused, "CLEARLEAF_S3_REGION"),
        (404, "NoSuchBucket", StorageRefused, "CLEARLEAF_STORAGE_URL"),
    ],
)
def test_every_refusal_is_told_with_its_cure(answering, status, code, kind, said):
    with pytest.raises(kind, match=said) as told:
        answering(status, code).put_bytes("a", b"x")
    assert type(told.value) is kind


def test_a_service_says_when_to_come_back(answering):
    with pytest.raises(Unavailable) as told:
        answering(503, "SlowDown", Retry_After="17").put_bytes("a", b"x")
    assert told.value.retry_after == 17


def test_what_is_no_s3_service_is_told(answering):
    with pytest.raises(StorageRefused, match="CLEARLEAF_S3_ENDPOINT_URL"):
        answering(404).check()


def test_an_object_that_breaks_off_is_weather(answering):
    torn = answering(200, "half", Content_Length="9999", Last_Modified="Mon, 01 Jan 2024 00:00:00 GMT", ETag='"x"')
    with pytest.raises(Unavailable):
        b"".join(torn.read("a", 0, 9999))


@pytest.mark.parametrize(("code", "kind"), [("AccessDenied", StorageRefused), ("InternalError", StorageAway)])
def test_an_object_that_is_not_deleted_is_told(s3_storage, code, kind):
    s3_storage.put_bytes("a/b", b"x")
    error = {"Key": "lai/a/b", "Code": code, "Message": "as told"}
    s3_storage._client.meta.events.register(
        "after-call.s3.DeleteObjects", lambda parsed, **_: parsed.update(Errors=[error])
    )
    with pytest.raises(kind, match="as told") as told:
        s3_storage.delete_prefix("a/")
    assert type(told.value) is kind


def test_a_hiccup_of_every_request_costs_nothing(s3_storage):
    """The first try of each is answered with 503, as under load."""
    tried = set()

    def hiccup(request, **_):
        mark = (request.method, request.url)
        if mark in tried:
            return None
        tried.add(mark)
        return AWSResponse(request.url, 503, {}, _Nothing())

    s3_storage._client.meta.events.register("before-send.s3", hiccup)
    s3_storage.put_bytes("a/b", b"x")
    assert s3_storage.get_bytes("a/b") == b"x"
    s3_storage.delete_prefix("a/")
    assert s3_storage.list("") == []
    assert len(tried) > 4


class _Nothing:
    """An empty body."""

    def stream(self, *_, **__):
        return iter(())


def test_a_page_is_not_all(s3_storage):
    names = [f"many/{i}" for i in range(7)]
    for name in names:
        s3_storage.put_bytes(name, b"")
    events = s3_storage._client.meta.events
    events.register("provide-client-params.s3.ListObjectsV2", lambda params, **_: params | {"MaxKeys": 3})
    assert s3_storage.list("many/") == names
    s3_storage.delete_prefix("many/")
    assert s3_storage.list("") == []


def unfinished(client, bucket):
    return sorted(found["Key"] for found in client.list_multipart_uploads(Bucket=bucket).get("Uploads", ()))


def test_a_large_upload_that_fails_leaves_nothing(s3_storage, client, bucket, tmp_path):
    def refuse(params, **_):
        if params["query_string"]["partNumber"] == 2:
            raise OSError(errno.EIO, "the disk gave out")

    (tmp_path / "large").write_bytes(bytes(17 * 2**20))
    s3_storage._client.meta.events.register("before-call.s3.UploadPart", refuse)
    with pytest.raises(OSError, match="gave out"):
        s3_storage.put_file("large", tmp_path / "large")
    assert s3_storage.head("large") is None
    assert unfinished(client, bucket) == []


def test_parts_that_a_killed_worker_left_are_removed_with_its_objects(s3_storage, client, bucket):
    for key in ("lai/a/large", "lai/b/large"):
        client.create_multipart_upload(Bucket=bucket, Key=key)
    s3_storage.delete_prefix("a/")
    assert unfinished(client, bucket) == ["lai/b/large"]


def test_a_full_local_disk_is_not_the_services_fault(s3_storage, small_disk):
    s3_storage.put_bytes("large", bytes(2 * 2**20))
    with pytest.raises(OSError) as told:
        s3_storage.local("large", small_disk)
    assert told.value.errno == errno.ENOSPC


def test_a_hurried_storage_gives_up_soon_on_a_service_that_is_silent(s3):
    """A service that takes the connection and says nothing, for ever."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        quick = replace(HURRIED, read_s=0.3)
        started = time.monotonic()
        with pytest.raises(Unavailable):
            S3Storage("results", endpoint_url=url, patience=quick).head("a")
        assert time.monotonic() - started < HURRIED.tries * HURRIED.read_s


@pytest.mark.parametrize(
    ("addressing", "begins"),
    [("path", "https://s3.example.org/results/lai/a?"), ("virtual", "https://results.s3.example.org/lai/a?")],
)
def test_the_bucket_stands_where_the_service_wants_it(s3, addressing, begins):
    storage = S3Storage(
        "results", "lai", endpoint_url="https://s3.example.org", region="eu-west-3", addressing=addressing
    )
    url = storage.presigned("a", 60)
    assert url.startswith(begins)
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url
    assert "eu-west-3" in url
