"""A catalogue behind a real HTTP server on loopback: read like one on disk, and every status means something."""

import gzip
import json
import threading
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from types import SimpleNamespace

import httpx
import pytest
from shapely import box

from clearleaf.simulated import write_catalogue
from jobs import catalog_http
from jobs.catalog import Catalog, CatalogProfile
from jobs.catalog_http import LONGEST_WAIT_S, fetch, retry_after, shown
from jobs.errors import AccessDenied, InvalidJob, Unavailable
from jobs.order_times import TimeRange
from jobs.redaction import without_keys
from jobs.sources import Source, without_password
from models.simulation.site import SiteSpec

DAYS = TimeRange(start=date(2023, 5, 1), end=date(2023, 5, 20))
EVERYWHERE = box(-180, -90, 180, 90)


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder, except where the test has said what to answer instead."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        for ending, answer in self.server.answers.items():
            if self.path.endswith(ending):
                answer(self)
                return
        super().do_GET()

    def log_message(self, *args):
        """Say nothing."""


def status(code, **headers):
    def answer(handler):
        handler.send_response(code)
        for name, value in (headers | {"Content-Length": "0"}).items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()

    return answer


def dripping(handler):
    """Answer a byte now and then, each in time for its own, until the test is over."""
    handler.send_response(200)
    dripped(handler)


def dripped(handler):
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.close_connection = True
    with suppress(OSError):
        while not handler.server.over.wait(0.01):
            handler.wfile.write(b" ")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    spec = SiteSpec(size_px=16, start=date(2023, 4, 25), end=date(2023, 5, 31), region="belgium", seed=1)
    return write_catalogue(spec, tmp_path_factory.mktemp("catalogue")).parent


@pytest.fixture
def server(folder):
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder))) as server:
        server.answers, server.over = {}, threading.Event()
        threading.Thread(target=partial(server.serve_forever, 0.01), daemon=True).start()
        yield server
        server.over.set()
        server.shutdown()


@pytest.fixture
def profile(server):
    return CatalogProfile(name="far", href=f"http://user:hunter2@127.0.0.1:{server.server_port}/catalog.json")


def test_it_is_read_like_one_on_disk(profile, folder):
    far = Catalog(profile).search(EVERYWHERE, DAYS)
    near = Catalog(CatalogProfile(name="near", href=str(folder))).search(EVERYWHERE, DAYS)
    assert [scene.id for scene in far.scenes] == [scene.id for scene in near.scenes]
    assert all(scene.href.startswith("http://") for scene in far.scenes)


def test_a_root_that_is_not_there_is_the_orders_fault(server, profile):
    server.answers["/catalog.json"] = status(404)
    with pytest.raises(InvalidJob, match=r"there is no http://127\.0\.0\.1") as refused:
        Catalog(profile)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("code", [401, 403])
@pytest.mark.parametrize("document", ["/catalog.json", "/sentinel-2-l2a/collection.json"])
def test_a_closed_catalogue_is_said_to_be_closed(server, profile, code, document):
    server.answers[document] = status(code)
    with pytest.raises(AccessDenied, match=f"({code} .*): give a user and password") as closed:
        Catalog(profile).search(EVERYWHERE, DAYS)
    assert closed.value.told.endswith("choose another one, or ask whoever runs the service to have it opened")


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503])
@pytest.mark.parametrize("document", ["/catalog.json", "/sentinel-1-rtc/collection.json", "_rtc.json"])
def test_a_server_in_trouble_is_weather_and_its_patience_is_passed_on(server, profile, code, document):
    server.answers[document] = status(code, Retry_After="7")
    with pytest.raises(Unavailable, match=str(code)) as away:
        Catalog(profile).search(EVERYWHERE, DAYS)
    assert away.value.retry_after == 7


def test_a_catalogue_of_which_every_item_is_gone_is_unavailable(server, profile):
    server.answers["_rtc.json"] = status(404)
    with pytest.raises(Unavailable, match="sentinel-1-rtc") as away:
        Catalog(profile).search(EVERYWHERE, DAYS)
    assert "hunter2" not in str(away.value)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (status(404), "is not there"),
        (status(403), "may not be read by us"),
        (status(302, Location="http://localhost:9/internal.json"), "may not be read by us"),
        (status(400), "is no STAC item"),
        (status(200), "is no JSON"),
    ],
)
def test_an_item_that_cannot_be_had_is_left_out_by_name(server, profile, answer, reason):
    before = Catalog(profile).search(EVERYWHERE, DAYS)
    victim = before.scenes[0]
    server.answers[victim.href.rpartition("/")[2]] = answer
    after = Catalog(profile).search(EVERYWHERE, DAYS)
    assert [scene.id for scene in after.scenes] == [scene.id for scene in before.scenes[1:]]
    (dropped,) = after.dropped
    assert dropped.id == victim.href.partition(f":{server.server_port}/")[2]
    assert dropped.reason.startswith(reason)
    assert "hunter2" not in str(dropped)


def test_a_question_that_is_not_understood_is_no_catalogue(server, profile):
    server.answers["/catalog.json"] = status(400)
    with pytest.raises(InvalidJob, match="400"):
        Catalog(profile)


def test_a_server_that_does_not_answer_is_weather(server, profile):
    server.answers["/catalog.json"] = lambda handler: handler.server.over.wait(60)
    with pytest.raises(Unavailable, match="cannot be reached"):
        Catalog(profile, patience_s=0.2)
    nobody = profile.model_copy(update={"href": "http://127.0.0.1:9/catalog.json"})
    with pytest.raises(Unavailable, match="cannot be reached"):
        Catalog(nobody)


def test_an_answer_that_breaks_off_is_weather(server, profile):
    def half(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"type":')
        handler.close_connection = True

    server.answers["/catalog.json"] = half
    with pytest.raises(Unavailable):
        Catalog(profile)


def test_an_answer_that_drips_is_given_up(server, profile, monkeypatch):
    server.answers["/catalog.json"] = dripping
    clock = count(0, 10)
    monkeypatch.setattr(catalog_http, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    with pytest.raises(Unavailable, match=r"http://127\.0\.0\.1:\d+/catalog.json takes more than 180 s") as away:
        Catalog(profile, patience_s=30)
    assert "hunter2" not in str(away.value)


def test_an_answer_without_end_is_not_read_to_its_end(server):
    sent = []

    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        with suppress(OSError):
            while len(sent) < 1000:
                sent.append(handler.wfile.write(b" " * 2**16))

    server.answers["/catalog.json"] = endless
    with httpx.Client() as client, pytest.raises(ValueError, match=r"catalog.json answers with more than 100000 bytes"):
        fetch(client, "GET", f"http://127.0.0.1:{server.server_port}/catalog.json", most_bytes=100_000)
    assert len(sent) < 1000


def test_a_redirect_is_not_read_before_it_is_followed(server, profile, folder):
    def endless(handler):
        handler.send_response(302)
        handler.send_header("Location", "/catalog.json")
        dripped(handler)  # whoever reads this to its end waits for longer than anybody has patience

    server.answers["/moved.json"] = endless
    moved = profile.href.replace("catalog.json", "moved.json")
    assert Catalog(CatalogProfile(name="far", href=moved)).search(EVERYWHERE, DAYS).scenes


def test_redirects_in_a_circle_end(server, profile):
    server.answers["/catalog.json"] = status(302, Location="/catalog.json")
    with pytest.raises(Unavailable, match="more than 10 redirects"):
        Catalog(profile)


def test_a_small_packed_answer_that_unpacks_without_end_is_refused(server):
    def packed(handler):
        content = gzip.compress(b" " * 2**20)
        handler.send_response(200)
        handler.send_header("Content-Encoding", "gzip")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    server.answers["/catalog.json"] = packed
    with httpx.Client() as client, pytest.raises(ValueError, match="more than 100000 bytes"):
        fetch(client, "GET", f"http://127.0.0.1:{server.server_port}/catalog.json", most_bytes=100_000)


@pytest.mark.parametrize(
    "url", ["https://user:p@ss@host/c?sig=p", "https://user:p@host", "https://us@er:p@p@ss@host/a@b"]
)
def test_passwords_with_an_at_are_hidden_whole(url):
    assert without_keys(f"{url} failed").startswith("https://host")
    assert "ss@" not in without_keys(url)
    assert shown(url).startswith("https://host")
    assert without_password(url).startswith("https://host")


def test_patience_is_asked_for_in_seconds_or_until_a_moment():
    assert retry_after("120") == 120
    before = datetime.now(UTC)
    told = retry_after(format_datetime(before + timedelta(seconds=90), usegmt=True))  # in whole seconds
    assert 89 - (datetime.now(UTC) - before).total_seconds() <= told <= 90
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert retry_after("9" * 18) == LONGEST_WAIT_S
    assert [retry_after(text) for text in ("", "soon", "-5", "1.5", "9" * 5000)] == [None] * 5


def test_a_document_elsewhere_is_not_fetched_unless_the_configuration_says_so(server, profile):
    def elsewhere(handler):
        root = {"type": "Catalog", "id": "c", "stac_version": "1.0.0", "description": "made up"}
        links = [{"rel": "child", "href": "http://localhost:9/collection.json"}]
        content = json.dumps(root | {"links": links}).encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    server.answers["/catalog.json"] = elsewhere
    with pytest.raises(AccessDenied, match="localhost, which is none of its catalogue's hosts"):
        Catalog(profile).search(EVERYWHERE, DAYS)
    trusted = Source(href=profile.href, collection="sentinel-2-l2a", asset_hosts=("localhost",))
    with pytest.raises(Unavailable, match="localhost:9"):
        Catalog(CatalogProfile(name="far", s2=trusted)).search(EVERYWHERE, DAYS)


def test_a_redirect_elsewhere_is_refused_like_a_link(server, profile):
    server.answers["/catalog.json"] = status(302, Location="http://localhost:9/internal.json")
    with pytest.raises(AccessDenied, match="localhost, which is none of its catalogue's hosts"):
        Catalog(profile).search(EVERYWHERE, DAYS)


def test_a_redirect_within_the_catalogue_is_followed(server, profile, folder):
    server.answers["/moved.json"] = status(301, Location="/catalog.json")
    moved = profile.href.replace("catalog.json", "moved.json")
    found = Catalog(CatalogProfile(name="far", href=moved)).search(EVERYWHERE, DAYS)
    assert found.scenes


def test_a_folder_behind_http_is_found_to_be_a_static_catalogue(profile, folder):
    far = profile.model_copy(update={"href": profile.href.removesuffix("catalog.json")})
    near = Catalog(CatalogProfile(name="near", href=str(folder))).search(EVERYWHERE, DAYS)
    assert [s.id for s in Catalog(far).search(EVERYWHERE, DAYS).scenes] == [s.id for s in near.scenes]
