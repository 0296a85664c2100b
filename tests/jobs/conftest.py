"""A job book in a real database, a storage of each kind, and orders that are valid."""

from datetime import timedelta

import pytest
from sqlalchemy import Column, ColumnElement, update

from jobs.errors import InvalidJob
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


@pytest.fixture
def made():
    """Make a request of an order with some members changed."""

    def parse(order: dict, **members: object) -> JobRequest:
        return JobRequest.parse(order | members, Limits())

    return parse


@pytest.fixture
def refused(made):
    """Return the details of a changed order's problems by their pointers."""

    def problems_of(order: dict, **members: object) -> dict[str, str]:
        with pytest.raises(InvalidJob) as error:
            made(order, **members)
        problems = {problem.pointer: problem.detail for problem in error.value.problems}
        assert len(problems) == len(error.value.problems)
        return problems

    return problems_of


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
    """Return the same book for who has lost patience by the next question; other tests must not wait for the clock."""
    return new_store(lease_s=1e-6, heartbeat_s=1e-7, resend_s=1e-6)


@pytest.fixture
def moved(store):
    """Move moments of the book, a column of some rows, to so many seconds from now: no test waits for the clock."""

    def move(column: Column, seconds: float, *conditions: ColumnElement[bool]) -> None:
        with store.database.write() as db:
            moment = store.database.now(db) + timedelta(seconds=seconds)
            db.execute(update(column.table).where(*conditions).values({column: moment}))

    return move


@pytest.fixture(params=["file", "s3"])
def storage(request, tmp_path) -> Storage:
    """Either storage: what is asked of one is asked of both."""
    if request.param == "file":
        return FileStorage(tmp_path / "storage")
    return request.getfixturevalue("s3_storage")
