"""One order over HTTP through broker and worker to published results."""

import hashlib
import json
from datetime import date, timedelta

import httpx
import numpy as np
import pystac
import pytest
import rasterio
from rio_cogeo import cog_validate

from clearleaf.client_errors import InvalidOrder, NotOrdered

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def parcels(service):
    return json.loads((service.catalogue / "parcels.geojson").read_text())


@pytest.fixture(scope="module")
def job(service, parcels):
    job = service.client.submit(service.order(parcels=parcels))
    service.ended(job)
    return job


@pytest.fixture(scope="module")
def folder(job, tmp_path_factory):
    return job.download(tmp_path_factory.mktemp("results")).parent


def test_every_date_has_its_rasters(folder):
    collection = pystac.Collection.from_file(str(folder / "collection.json"))
    items = list(collection.get_items())
    assert [item.id for item in items] == [f"lai-2023-{day}" for day in ("06-01", "06-11", "06-21", "07-01", "07-11")]
    for item in items:
        assert set(item.assets) == {"lai", "lai_sigma", "quality", "days_to_clear", "thumbnail"}
        assert item.properties["clearleaf:simulated"] is True
        for name in ("lai", "lai_sigma", "quality", "days_to_clear"):
            path = item.assets[name].get_absolute_href()
            valid, errors, warnings = cog_validate(path, strict=True, quiet=True)
            assert valid, (path, errors, warnings)


def test_values_are_lai(folder):
    with rasterio.open(folder / "lai-2023-06-21.tif") as raster:
        assert (raster.nodata, raster.scales, raster.units) == (-32768, (0.001,), ("m2 m-2",))
        assert raster.crs.to_epsg() == 32631
        lai = raster.read(1, masked=True) * 0.001
    assert lai.min() >= 0
    assert lai.max() <= 8
    assert lai.count() > 0.95 * lai.size
    assert lai.std() > 0.3
    with rasterio.open(folder / "lai_sigma-2023-06-21.tif") as raster:
        assert (raster.read(1, masked=True) > 0).all()


def test_observed_pixels_are_the_observation(folder):
    """Where quality says observed, days_to_clear is 0, and the other way round a gap is none."""
    for item in pystac.Collection.from_file(str(folder / "collection.json")).get_items():
        quality, age = (
            rasterio.open(item.assets[name].get_absolute_href()).read(1) for name in ("quality", "days_to_clear")
        )
        assert (age[np.isin(quality, (1, 4))] == 0).all()
        assert (age[np.isin(quality, (2, 3))] > 0).all()
        assert item.properties["clearleaf:observed_fraction"] == pytest.approx(
            np.isin(quality, (1, 4)).mean(), abs=0.01
        )


def test_the_report_judges_on_hidden_dates(folder):
    report = json.loads((folder / "accuracy.json").read_text())
    methods = report["scenarios"]["gap15"]
    assert {"clearleaf", "prior", "linear", "nearest"} <= set(methods)
    assert len({figures["n"] for figures in methods.values()}) == 1
    assert 0 <= methods["clearleaf"]["coverage90"] <= 1
    assert not set(report["hidden_dates"]) & set(report["calibration_dates"] + report["adaptation_dates"])
    assert report["simulated"] is True


def test_results_open_as_arrays_and_tables(job, folder, parcels):
    collection = job.collection()
    assert collection.id == job.id
    cube = job.dataset(["lai", "lai_sigma", "quality"])
    assert dict(cube.sizes)["time"] == 5
    assert cube.lai.attrs == {"units": "m2 m-2"}
    assert cube.quality.dtype == np.uint8
    with rasterio.open(folder / "lai-2023-06-21.tif") as raster:
        stored = raster.read(1, masked=True).astype("float32") * 0.001
    there = cube.lai.sel(time="2023-06-21").squeeze().values
    np.testing.assert_allclose(np.ma.filled(stored, np.nan), there, atol=1e-6)
    table = job.parcels()
    assert table["date"].dtype.kind == "M"
    assert len(table) == 5 * len(parcels["features"])
    assert table.crs.to_epsg() == 4326
    assert {"id", "date", "mean", "sigma"} <= set(table.columns)


def test_a_job_without_parcels_has_no_table_of_them(service):
    job = service.client.submit(service.order(end="2023-06-01"))
    service.ended(job)
    with pytest.raises(NotOrdered, match="without parcels"):
        job.parcels()


def test_parcels_keep_their_order(folder, parcels):
    series = json.loads((folder / "parcels.json").read_text())["features"]
    assert [f["id"] for f in series] == [f["id"] for f in parcels["features"]]
    assert all(
        [row["date"] for row in f["series"]] == [f"2023-{d}" for d in ("06-01", "06-11", "06-21", "07-01", "07-11")]
        for f in series
    )
    assert all(row["mean"] is not None or row["reason"] for f in series for row in f["series"])


def test_the_manifest_names_every_file_and_scene(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    assert {"collection", "accuracy", "manifest", "series"} == set(manifest["outputs"])
    assert len(manifest["scenes"]) > 50
    assert len(manifest["state_sha256"]) == 64
    names = {file["href"].removeprefix("./") for file in manifest["files"]}
    assert {"collection.json", "lai-2023-06-21.tif", "parcels.parquet"} <= names
    assert "fused-2023-06-21.tif" not in names  # made for the parcels, published only on request


def test_what_was_fetched_is_what_the_manifest_vouches_for(folder):
    """Documents too, though they come with signed hrefs and are stored with relative ones."""
    manifest = json.loads((folder / "manifest.json").read_text())
    assert {file["href"] for file in manifest["files"]} >= {"./collection.json", "./lai-2023-06-21.json"}
    for file in manifest["files"]:
        content = (folder / file["href"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file["size"], file["sha256"]), file["href"]
    assert manifest["catalog"] == {"name": "simulated"}


def test_no_file_tells_where_this_service_keeps_its_own(folder, service):
    for path in (*folder.glob("*.json"), *folder.glob("*.csv")):
        text = path.read_text()
        assert str(service.embedded.data) not in text, path.name
        assert str(service.catalogue) not in text, path.name


def test_hrefs_are_signed_and_range_capable(service, job):
    href = job.results()["collection"]["href"]
    assert httpx.head(href, timeout=60).status_code == 200
    collection = httpx.get(href, timeout=60).json()
    item = httpx.get(next(link["href"] for link in collection["links"] if link["rel"] == "item"), timeout=60).json()
    part = httpx.get(item["assets"]["lai"]["href"], headers={"Range": "bytes=0-3"}, timeout=60)
    assert (part.status_code, part.content[:2]) == (206, b"II")
    assert httpx.get(href.split("?")[0], timeout=60).status_code == 403


def test_gdal_reads_a_window_over_http(job):
    collection = httpx.get(job.results()["collection"]["href"], timeout=60).json()
    item = httpx.get(next(link["href"] for link in collection["links"] if link["rel"] == "item"), timeout=60).json()
    with rasterio.open("/vsicurl/" + item["assets"]["lai"]["href"]) as raster:
        assert raster.read(1, window=((0, 8), (0, 8))).shape == (8, 8)


def test_the_log_tells_the_walk(job):
    messages = [entry["message"] for entry in job.log()]
    assert messages[0] == "accepted"
    assert messages[-1] == "published"
    assert any("radar and" in message for message in messages)


def test_no_scene_fails_with_a_reason(service):
    taken = {
        item.datetime.date()
        for item in pystac.Catalog.from_file(str(service.catalogue / "catalog.json")).get_items(recursive=True)
    }
    empty = next(day for day in (date(2023, 6, 1) + timedelta(days=i) for i in range(30)) if day not in taken)
    job = service.client.submit(service.order(start=str(empty), end=str(empty), context_days=0))
    info = service.until(job, lambda info: info["status"] == "failed")
    assert info["message"].startswith("no-scenes")


def test_what_lies_outside_the_catalogue_is_refused_at_once(service):
    with pytest.raises(InvalidOrder, match="order days near those"):
        service.client.submit(service.order(start="2019-05-01", end="2019-05-10", context_days=5))


def test_unknown_weights_are_refused_with_the_cure(service):
    with pytest.raises(InvalidOrder, match="without-a"):
        service.client.submit(service.order(weights="without-z"))
