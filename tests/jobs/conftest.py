"""A job book on disk, and orders that are valid."""

import pytest

from jobs.job import JobRequest, Limits
from jobs.settings import JobsSettings
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
def settings(tmp_path) -> JobsSettings:
    return JobsSettings(data_dir=tmp_path, lease_s=0.4, heartbeat_s=0.1, resend_s=0.3)


@pytest.fixture
def store(settings) -> JobStore:
    store = JobStore(settings.database, settings)
    store.migrate()
    return store
