"""Clients that people already have, with a key, against a whole service that wants one."""

import odc.stac
import pytest
import rasterio
from owslib.ogcapi.processes import Processes
from pystac_client import Client as StacClient

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def job(guarded):
    job = guarded.client.submit(guarded.order(end="2023-06-11", context_days=60))
    guarded.ended(job)
    return job


@pytest.fixture
def shown(guarded):
    return {"Authorization": f"Bearer {guarded.key}"}


def test_a_gis_reads_with_a_key_and_opens_files_without(guarded, job, shown):
    catalog = StacClient.open(f"{guarded.embedded.url}/stac", headers=shown)
    items = list(catalog.search(collections=[job.id]).items())
    assert len(items) == 2
    href = items[0].assets["lai"].href
    assert guarded.key not in href
    with rasterio.open(href) as raster:  # GDAL sends no header of ours
        assert raster.count == 1
        assert raster.read(1, window=((0, 8), (0, 8))).shape == (8, 8)
    assert odc.stac.load(items, bands=["lai"], groupby="id").lai.sizes["time"] == 2
    assert (job.dataset(["lai"]).lai.max() > 0).item()


def test_owslib_orders_with_a_key(guarded, shown):
    client = Processes(guarded.embedded.url, headers=shown)
    info = client.execute("lai-reconstruction", inputs=guarded.order(end="2023-06-01"), async_=True)
    assert guarded.client.cancel(info["jobID"])["status"] == "dismissed"
