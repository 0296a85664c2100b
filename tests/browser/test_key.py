"""The page of a service that wants a key: asked for once, sent with every question, never in an address."""

import json
import re
from pathlib import Path

import pytest

from jobs.api_keys import KeyBook, Scope
from jobs.database import Database

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def job(guarded):
    """A job of the tenant `farm` that has ended well, with parcels."""
    parcels = json.loads((guarded.catalogue / "parcels.geojson").read_text())
    job = guarded.client.submit(guarded.order(parcels=parcels, parcel_id="id", end="2023-06-21", context_days=60))
    guarded.ended(job)
    return job


@pytest.fixture
def asked(visit, guarded):
    """A page without a key, and every address that its browser asks for."""
    seen = visit(url=guarded.embedded.url)
    addresses = []
    seen.page.on("request", lambda request: addresses.append(request.url))
    return seen.page, addresses


def sign_in(page, key):
    page.get_by_label("Key", exact=True).fill(key)
    page.get_by_role("button", name="Sign in").click()


def test_a_key_opens_everything_and_stands_in_no_address(asked, guarded, job):
    page, addresses = asked
    page.goto(f"{guarded.embedded.url}/jobs/{job.id}")
    page.get_by_role("dialog", name="A key is needed").wait_for()
    assert not page.get_by_role("button", name="Sign out").is_visible()
    sign_in(page, "two words")
    page.get_by_text("A key is one word").wait_for()
    sign_in(page, "clk_000000000000." + "A" * 43)
    page.get_by_text(re.compile("This key is unknown")).wait_for()
    with page.expect_response(re.compile(r"/tiles/lai/")) as tile:
        sign_in(page, guarded.key)
    assert tile.value.status == 200
    page.get_by_role("heading", name="Files").wait_for()
    page.wait_for_function("getComputedStyle(document.querySelector('#map canvas')).width !== '0px'")
    for name, start in (("LAI ?GeoTIFF", b"II"), ("parcels ?CSV", b"id"), ("STAC collection", b"{"), ("GeoJSON", b"{")):
        with page.expect_download() as download:
            page.get_by_role("link", name=re.compile(name)).first.click()
        assert Path(download.value.path()).read_bytes().startswith(start)
    secret = guarded.key.split(".")[1]
    assert not [address for address in addresses if secret in address]
    assert secret not in page.content()
    assert page.evaluate("document.cookie + JSON.stringify(localStorage)") == "{}"

    page.get_by_role("link", name="Jobs").click()  # another page of the same tab
    page.locator(".jobs a").first.wait_for()
    assert page.get_by_role("dialog").count() == 0
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("dialog", name="A key is needed").wait_for()
    assert page.evaluate("sessionStorage.length") == 0
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("heading", name="The page could not be made").wait_for()


def test_a_field_is_ordered_with_a_key(asked, guarded):
    page, _ = asked
    page.goto(guarded.embedded.url)
    sign_in(page, guarded.key)
    page.locator("input[type=file]").set_input_files(guarded.catalogue / "aoi.geojson")
    page.get_by_label("First day").fill("2023-06-01")
    page.get_by_label("Last day").fill("2023-06-01")
    with guarded.held("worker"):
        page.get_by_role("button", name="Order the map").click()
        page.wait_for_url("**/jobs/*")
        page.get_by_role("button", name="Stop the job").wait_for()
    job_id = page.url.rpartition("/")[2]
    assert guarded.client.status(job_id)["jobID"] == job_id


def test_a_key_that_only_reads_is_told_before_a_field_is_drawn(asked, guarded, job):
    database = Database(f"sqlite:///{guarded.embedded.data / 'jobs.sqlite'}")
    key = KeyBook(database).create("farm", {Scope.READ}, name="reader").text
    page, _ = asked
    page.goto(guarded.embedded.url)
    sign_in(page, key)
    page.get_by_text("This key opens jobs and orders none").wait_for()
    assert page.get_by_role("button", name="Order the map").count() == 0
    page.goto(f"{guarded.embedded.url}/jobs/{job.id}")
    page.get_by_role("heading", name="Files").wait_for()
    page.get_by_text("Manifest").wait_for()
    assert page.locator(".body > .actions").count() == 0


def test_a_key_that_ends_meanwhile_is_asked_for_again_and_nothing_is_lost(asked, guarded):
    page, _ = asked
    page.goto(guarded.embedded.url)
    sign_in(page, guarded.key)
    page.get_by_label("First day").fill("2023-06-01")
    page.evaluate("sessionStorage.clear()")
    page.route("**/jobs", lambda route: route.fulfill(status=401, json={"detail": "this key has ended"}), times=1)
    page.locator("input[type=file]").set_input_files(guarded.catalogue / "aoi.geojson")
    page.get_by_label("Last day").fill("2023-06-01")
    page.get_by_role("button", name="Order the map").click()
    page.get_by_text("this key has ended").wait_for()
    sign_in(page, guarded.key)
    page.wait_for_url("**/jobs/*")
