"""What customers are told of a step that went wrong, and what our own log keeps of it."""

from types import SimpleNamespace

import httpx
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from jobs import catalog_http, s3_errors
from jobs.catalog import CatalogProfile, open_catalog
from jobs.database import Database
from jobs.errors import InvalidJob, Problem
from jobs.job import JobRequest, Limits
from jobs.settings import JobsSettings
from jobs.store import JobStore
from worker import tasks
from worker.inputs.access import Access

PLACE = "s3://internal-bucket/prod at http://seaweedfs.clearleaf.svc:8333"
WHO = "User: arn:aws:sts::123456789012:assumed-role/clearleaf-worker/i-0abc is not authorized"
DENIED = {"Error": {"Code": "AccessDenied", "Message": WHO}, "ResponseMetadata": {"HTTPStatusCode": 403}}
ELSEWHERE = "postgresql+psycopg://clearleaf:secret@127.0.0.1:1/book"
CLOSED = "http://127.0.0.1:1/private"


SQUARE = [[3.02, 50.81], [3.03, 50.81], [3.03, 50.82], [3.02, 50.82], [3.02, 50.81]]
ORDER = {"aoi": {"type": "Polygon", "coordinates": [SQUARE]}, "start": "2018-05-01", "end": "2018-06-30"}


def storage_refuses():
    with s3_errors.told(PLACE):
        raise ClientError(DENIED, "PutObject")


def storage_is_away():
    with s3_errors.told(PLACE):
        raise EndpointConnectionError(endpoint_url="http://seaweedfs.clearleaf.svc:8333")


def book_is_away():
    with Database(ELSEWHERE).read():
        raise AssertionError("there is no database")


def catalogue_is_away():
    open_catalog(CatalogProfile(name="mine", href=CLOSED), patience_s=0.5)


def catalogue_is_not_there():
    open_catalog(CatalogProfile(name="mine", href="/srv/private"))


def catalogue_is_closed():
    answer = httpx.Response(403, request=httpx.Request("GET", CLOSED))
    raise catalog_http.meaning(answer, CLOSED)


def worker_knows_another_catalogue():
    elsewhere = CatalogProfile(name="mine", href="/srv/private")
    Access.of([CatalogProfile(name="other", href="/srv/other")], None, None).for_catalog(elsewhere)


@pytest.fixture
def store(tmp_path):
    settings = JobsSettings(data_dir=tmp_path)
    store = JobStore(settings.database, settings)
    store.migrate()
    return store


@pytest.fixture
def failing(store):
    """Let a step of a job end in an error; returns all that customers can read of it."""

    def fail(error: Exception) -> str:
        job = store.create(JobRequest.parse(ORDER, Limits()))
        (queued,) = store.steps_to_wake(1)
        assert tasks._give_up(SimpleNamespace(store=store), store.claim(queued.id, "me"), error)
        after = store.get(job.id)
        lines = [entry.message for entry in store.entries(job.id)]
        return "\n".join([after.message, getattr(after.state, "reason", ""), *lines])

    return fail


@pytest.mark.parametrize(
    ("go_wrong", "told", "inside"),
    [
        (storage_refuses, "the result storage does not let the service in", ["arn:aws", "internal-bucket", "AWS_"]),
        (storage_is_away, "the result storage is away", ["internal-bucket", "seaweedfs"]),
        (book_is_away, "the job book is away", ["127.0.0.1"]),
        (catalogue_is_away, "catalogue 'mine' cannot be read for now", ["127.0.0.1"]),
        (catalogue_is_not_there, "catalog 'mine' cannot be used as it is configured", ["/srv/private"]),
        (catalogue_is_closed, "the catalogue does not let the service read", ["127.0.0.1"]),
        (
            worker_knows_another_catalogue,
            "a worker that can read the scenes of catalogue 'mine'",
            ["CLEARLEAF_CATALOGS"],
        ),
    ],
)
def test_customers_hear_what_is_away_and_our_log_where_it_is(failing, caplog, go_wrong, told, inside):
    with pytest.raises(Exception) as error:
        go_wrong()
    read = failing(error.value)
    assert told in read
    for text in inside:
        assert text not in read
        assert text in caplog.text


def test_customers_hear_what_is_wrong_with_their_order(failing):
    assert "end is before start: swap them" in failing(InvalidJob(Problem("/end", "end is before start: swap them")))
