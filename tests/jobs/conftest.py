"""A job book in a real database, a storage of each kind, and orders that are valid."""

import pytest

from jobs.file_storage import FileStorage
from jobs.job import JobRequest, Limits
from jobs.settings import JobsSettings
from jobs.storage import Storage
from jobs.store import JobStore

SQUARE = {
    "type": "Polygon",
    "coordinates": [[[3.02, 50.81], [3.03, 50.81], [3.03, 50.82], [3.02, 50.82], [3.02, 50.81]]],
}


@pytest.fixture
def order():
    return {"aoi": SQUARE, "start": "2018-05-01", "end": "2018-06-30"}


@pytest.fixture
def request_(order) -> JobRequest:
    return JobRequest.parse(order, Limits())


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request, tmp_path) -> JobsSettings:
    """Of a job book in either database: what is asked of one is asked of both."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres").empty_database()
    return JobsSettings(data_dir=tmp_path, database_url=url)


@pytest.fixture
def new_store(settings):
    """Open the job book once more, as another process would."""
    opened = []

    def open_book(**changed: object) -> JobStore:
        opened.append(JobStore(settings.database, settings.model_copy(update=changed)))
        return opened[-1]

    yield open_book
    for store in opened:
        store.database.engine.dispose()


@pytest.fixture
def store(new_store) -> JobStore:
    store = new_store()
    store.migrate()
    return store


@pytest.fixture
def hurried(store, new_store) -> JobStore:
    """Return the same book for who soon loses patience; a slow machine must not do so where a test is not about it."""
    return new_store(lease_s=0.4, heartbeat_s=0.1, resend_s=0.3)


@pytest.fixture(params=["file", "s3"])
def storage(request, tmp_path) -> Storage:
    """Either storage: what is asked of one is asked of both."""
    if request.param == "file":
        return FileStorage(tmp_path / "storage")
    return request.getfixturevalue("s3_storage")
