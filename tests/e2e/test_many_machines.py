"""The parts of many machines, on one: the job book in PostgreSQL, results in S3."""

import time

import httpx
import pystac
import pytest
import rasterio

from jobs.s3_storage import S3Storage

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture
def many(service_on, postgres, s3, bucket, tmp_path):
    """A service whose job book and results are elsewhere."""
    url = postgres.empty_database()
    place = {"storage_url": f"s3://{bucket}/lai", "s3_endpoint_url": s3.url}
    scratch = tmp_path / "scratch"
    with service_on(tmp_path / "data", database_url=url, scratch_dir=str(scratch), **place) as service:
        yield service
    assert list(scratch.iterdir()) == []
    assert not (tmp_path / "data" / "storage").exists()


def test_a_job_outlives_its_database_and_is_fetched_from_the_bucket(many, postgres, s3, bucket, tmp_path):
    job = many.client.submit(many.order(adapt=False))
    many.until(job, lambda info: info["status"] == "running")
    postgres.stop()
    assert httpx.get(f"{many.embedded.url}/jobs", timeout=60).status_code == 503
    time.sleep(1)  # some heartbeats, a round of the reconciler
    postgres.start()
    many.ended(job)
    collection = job.download(tmp_path / "lai")
    items = list(pystac.Collection.from_file(str(collection)).get_items())
    assert len(items) == 5
    served = httpx.get(job.results()["collection"]["href"], timeout=60).json()
    href = next(link["href"] for link in served["links"] if link["rel"] == "item")
    asset = httpx.get(href, timeout=60).json()["assets"]["lai"]["href"]
    assert httpx.get(asset, timeout=60).status_code == 307
    with rasterio.open(asset) as there, rasterio.open(items[0].assets["lai"].get_absolute_href()) as here:
        assert (there.read(1) == here.read(1)).all()
    storage = S3Storage(bucket, "lai", endpoint_url=s3.url)
    until(lambda: storage.list(f"jobs/{job.id}/steps/") == [])
    assert len({key.split("/")[3] for key in storage.list(f"jobs/{job.id}/")}) == 1
    job.cancel()
    until(lambda: storage.list("jobs/") == [])


def until(met, within_s=120):
    """Wait for what the reconciler does in its next round."""
    end = time.monotonic() + within_s
    while not met():
        assert time.monotonic() < end
        time.sleep(0.1)
