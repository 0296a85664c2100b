"""The pages that begin with the demo's catalogue, typed on a smaller one of the same days and place."""

import json
from dataclasses import replace

import numpy as np
import pytest
import rasterio

from clearleaf.client import Client
from clearleaf.demo import CATALOGUE
from clearleaf.embedded import Embedded
from clearleaf.simulated import DEMO, write_catalogue
from jobs.catalog import CatalogProfile

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """The folder of a catalogue like the demo's, a quarter of its size."""
    return write_catalogue(replace(DEMO, size_px=32), tmp_path_factory.mktemp("demo") / "simulated-catalogue").parent


@pytest.fixture(scope="module")
def url(scenes, tmp_path_factory):
    """Of a service that has done a job with parcels."""
    profile = CatalogProfile(name=CATALOGUE, href=str(scenes / "catalog.json"), simulated=True)
    with Embedded(tmp_path_factory.mktemp("service"), [profile]).running() as embedded, Client(embedded.url) as client:
        areas = {name: json.loads((scenes / f"{name}.geojson").read_text()) for name in ("aoi", "parcels")}
        client.submit(areas | {"start": "2024-05-01", "end": "2024-05-21", "step_days": 10}).wait()
        yield embedded.url


@pytest.fixture(autouse=True)
def demo_folder(scenes, tmp_path):
    """What `make demo` leaves in the folder in which it was typed."""
    (tmp_path / "clearleaf-demo").mkdir()
    (tmp_path / "clearleaf-demo" / "simulated-catalogue").symlink_to(scenes)


def test_gis(typed, url, tmp_path):
    printed = typed("gis.md", url)
    assert '"tilejson":"3.0.0"' in printed.replace(" ", "")
    lai, near = (rasterio.open(tmp_path / name).read(1, masked=True) for name in ("lai.tif", "near.tif"))
    assert 0 <= lai.min() < lai.max() <= 8
    kept = near.filled(0) > 0
    assert kept.any()
    np.testing.assert_allclose(near[kept] * 0.001, lai[kept], atol=1e-6)
    assert rasterio.open(tmp_path / "europe.tif").crs.to_epsg() == 3035


def test_the_first_job(typed, url, tmp_path):
    printed = typed("first-job.md", url)
    assert "season.png" in printed
    assert '"status": "successful"' in printed
    for folder in ("first-lai", "from-the-service"):
        assert (tmp_path / folder / "collection.json").exists()


def test_scientists(typed, url, tmp_path):
    printed = typed("scientist.md", url)
    assert "clearleaf  RMSE" in printed  # enough days could be hidden for the page to show figures
    assert "paper " in printed
    assert printed.count("'rmse'") == 3
