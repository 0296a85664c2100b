"""An order that a catalogue's extent rules out is refused at the door; a catalogue that is away refuses nothing."""

import subprocess
import sys
from datetime import UTC, datetime

import pystac
import pytest
from starlette.testclient import TestClient

from jobs.catalog import Catalog, CatalogProfile
from jobs.store import JobFilter
from service import extents
from service.app import create_app

BOUNDS = [11.0, 48.0, 12.0, 49.0]


def collection(name, bounds, years, said):
    interval = [None if year is None else datetime(year, 1, 1, tzinfo=UTC) for year in years]
    spatial, temporal = pystac.SpatialExtent([bounds]), pystac.TemporalExtent([interval])
    return pystac.Collection(name, name, pystac.Extent(spatial, temporal), extra_fields=said)


@pytest.fixture
def write(tmp_path):
    """Write a catalogue of two collections without scenes."""

    def written(bounds=BOUNDS, years=(2022, 2024), **said):
        catalog = pystac.Catalog("here", "here")
        catalog.add_children([collection(name, bounds, years, said) for name in ("sentinel-2-l2a", "sentinel-1-rtc")])
        catalog.normalize_and_save(str(tmp_path / "catalogue"), pystac.CatalogType.SELF_CONTAINED)
        return CatalogProfile(name="simulated", href=str(tmp_path / "catalogue"))

    return written


@pytest.fixture
def service_on(store, broker, storage, signer, settings):
    def serving(profile):
        known = settings.model_copy(update={"catalogs": {"simulated": profile}})
        return TestClient(create_app(store, broker, storage, signer, known), base_url="https://lai.example.org")

    return serving


def refused(client, order):
    answer = client.post("/jobs", json=order)
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    return error["pointer"], error["detail"]


def moved(order, shift):
    ring = [[round(x + shift[0], 2), round(y + shift[1], 2)] for x, y in order["aoi"]["coordinates"][0]]
    return order | {"aoi": {"type": "Polygon", "coordinates": [ring]}}


def test_an_order_within_the_extent_is_taken(service_on, write, order):
    assert service_on(write()).post("/jobs", json=order).status_code == 201


def test_a_place_that_the_catalogue_does_not_cover_is_refused(service_on, write, order, store):
    pointer, detail = refused(service_on(write()), moved(order, (20, 0)))
    assert pointer == "/aoi"
    assert "11 to 12° of longitude" in detail
    assert store.list("local", JobFilter(), limit=1).jobs == []


def test_latitudes_and_longitudes_that_are_swapped_are_recognised(service_on, write, order):
    ring = [[y, x] for x, y in order["aoi"]["coordinates"][0]]
    parcel = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    parcels = {"type": "FeatureCollection", "features": [parcel]}
    for member, area in (("aoi", parcel), ("parcels", parcels)):
        without = {name: value for name, value in order.items() if name != "aoi"}
        pointer, detail = refused(service_on(write()), without | {member: area})
        assert pointer == f"/{member}"
        assert "swapped" in detail


@pytest.mark.parametrize(("years", "pointer"), [((2016, 2018), "/start"), ((2024, None), "/end")])
def test_a_time_of_which_the_catalogue_has_nothing_is_refused(service_on, write, order, years, pointer):
    found, detail = refused(service_on(write(years=years)), order | {"context_days": 5})
    assert found == pointer
    assert f"from {years[0]}-01-01 to" in detail


def test_the_context_counts(service_on, write, order):
    client = service_on(write(years=(2022, 2023)))
    assert client.post("/jobs", json=order | {"context_days": 10}).status_code == 422
    assert client.post("/jobs", json=order | {"context_days": 180}).status_code == 201


def test_a_catalogue_that_cannot_be_read_refuses_nothing(service_on, write, order, monkeypatch):
    monkeypatch.setattr(Catalog, "extents", lambda self: 1 / 0)
    assert service_on(write()).post("/jobs", json=moved(order, (20, 0))).status_code == 201


def test_the_catalogue_is_read_once_and_again_when_it_may_have_grown(service_on, write, order, monkeypatch):
    client, elsewhere = service_on(write()), moved(order, (20, 0))
    refused(client, elsewhere)
    profile = write(bounds=[11, 48, 40, 49])
    assert profile.name == "simulated"
    refused(client, elsewhere)
    now = extents.time.monotonic()
    monkeypatch.setattr(extents.time, "monotonic", lambda: now + extents.HOLDS_S + 1)
    assert client.post("/jobs", json=elsewhere).status_code == 201


@pytest.mark.parametrize("simulated", [True, False])
def test_a_catalogue_that_calls_itself_simulated_is(service_on, write, order, simulated):
    """Though the settings say nothing of it, as with `clearleaf up --catalog mine=PATH`."""
    client = service_on(write(**{"clearleaf:simulated": simulated}))
    job = client.post("/jobs", json=order).json()
    assert job["simulated"] is simulated
    assert client.get(f"/page/jobs/{job['id']}.json").json()["simulated"] is simulated
    (catalog,) = client.get("/page/config.json").json()["catalogs"]
    assert catalog["simulated"] is simulated


def test_a_finished_job_says_what_its_collection_says(service_on, write, order, carry_out):
    client = service_on(write())
    job = client.post("/jobs", json=order).json()
    assert job["simulated"] is False
    carry_out(job["id"], said={"clearleaf:simulated": True})
    assert client.get(f"/jobs/{job['id']}").json()["simulated"] is True
    assert client.get("/jobs").json()["jobs"][0]["simulated"] is True


def test_the_example_order_lies_where_the_catalogue_is(service_on, write):
    client = service_on(write(bounds=[-60, -35, -59.99, -34.99], years=(2019, 2020)))
    content = client.get("/openapi.json").json()["paths"]["/jobs"]["post"]["requestBody"]["content"]
    assert client.post("/jobs", json=content["application/json"]["example"]).status_code == 201


def test_the_front_desk_runs_without_the_science():
    """It reads finished rasters, but never needs the worker's room, the networks, or what they weigh."""
    code = "import sys, service.app; print({'torch', 'models', 'worker'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("said", [{"clearleaf:simulated": True}, {}])
def test_a_job_of_a_release_that_kept_no_such_note_is_as_its_catalogue_says(service_on, write, new_job, said):
    job = new_job()
    assert job.simulated is None
    client = service_on(write(**said))
    assert client.get(f"/jobs/{job.id}").json()["simulated"] is bool(said)
    assert client.get("/jobs").json()["jobs"][0]["simulated"] is bool(said)
