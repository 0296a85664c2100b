"""The page: who gets it, what it may load, and its files."""

import hashlib
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from service import web_files
from service.accept import prefers_html
from service.app import create_app
from service.settings import ApiSettings
from service.web_files import FOLDER

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"}
PLACES = ["page/main.js", "page/css/base.css", "page/vendor/ol/ol.js", "page/leaf.svg"]


def page_of(store, broker, storage, signer, settings, **changes):
    app = create_app(store, broker, storage, signer, settings.model_copy(update=changes))
    return TestClient(app, base_url="https://lai.example.org").get("/", headers=BROWSER)


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        (BROWSER["accept"], True),
        ("text/html", True),
        ("text/*", True),
        ("text/html;q=0.9, application/json;q=0.5", True),
        ("*/*", False),
        ("", False),
        ("application/json", False),
        ("text/html, application/json", False),
        ("text/html;q=0.5, application/*", False),
        ("text/html;q=0", False),
        ("text/html;q=much", False),
        ("image/png", False),
    ],
)
def test_html_is_for_who_prefers_it(accept, html):
    assert prefers_html(accept) is html


@pytest.mark.parametrize("path", ["/", "/jobs/{id}"])
def test_a_browser_gets_the_page_and_a_client_json(client, new_job, path):
    path = path.format(id=new_job().id)
    page, plain, asked = (
        client.get(path, headers=BROWSER),
        client.get(path),
        client.get(path, headers={"accept": "application/json"}),
    )
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.text.startswith("<!doctype html>")
    for answer in (plain, asked):
        assert answer.headers["content-type"] == "application/json"
    assert all("Accept" in answer.headers["vary"].split(", ") for answer in (page, plain, asked))


def test_other_doors_stay_json_for_browsers(client):
    assert client.get("/jobs", headers=BROWSER).headers["content-type"] == "application/json"
    assert client.get("/nowhere", headers=BROWSER).headers["content-type"] == "application/problem+json"


def test_news_of_a_job_keep_apart_what_callers_accept(client, new_job):
    path = f"/jobs/{new_job().id}"
    known = client.get(path).headers["etag"]
    again = client.get(path, headers={"if-none-match": known})
    assert (again.status_code, again.headers["vary"].split(", ")[0]) == (304, "Accept")


def test_the_page_lets_in_nothing_but_our_own_files(client):
    page = client.get("/", headers=BROWSER)
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["img-src"] == "'self' data:"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert "unsafe" not in page.headers["content-security-policy"]
    assert page.headers["referrer-policy"] == "no-referrer"
    assert not re.search(r"<style|<script(?![^>]* src=)| style=| on\w+=", page.text)


def test_the_page_names_files_that_there_are_below_the_public_url(client):
    page = client.get("/", headers=BROWSER).text
    links = re.findall(r'(?:href|src)="([^"#]*)"', page)
    assert all(link.startswith("/api/") for link in links)  # the path of the public URL, never its host
    files = [link.removeprefix("/api") for link in links if link.startswith("/api/page/")]
    assert len(files) > 10
    assert {client.get(file).status_code for file in files} == {200}


@pytest.mark.parametrize("module", sorted(path.name for path in FOLDER.glob("*.js")))
def test_modules_import_what_there_is_and_write_no_markup(client, module):
    text = client.get(f"/page/{module}").text
    imported = re.findall(r'(?:from|import\() ?"\./([\w.]+)"', text)
    assert {client.get(f"/page/{name}").status_code for name in imported} <= {200}
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|https?://(?!www\.w3\.org/2000/svg)",
        text,
    )


def test_a_base_map_is_a_setting_that_the_policy_follows(store, broker, storage, signer, settings):
    url = "https://{a-c}.tiles.example.org/{z}/{x}/{y}.png"
    policy = page_of(store, broker, storage, signer, settings, basemap_url=url).headers["content-security-policy"]
    assert "img-src 'self' data: https://*.tiles.example.org;" in policy
    assert "connect-src 'self';" in policy


@pytest.mark.parametrize("url", ["ftp://x/{z}/{x}/{y}", "https://x/tiles.png", "https://x;script-src */{z}/{x}/{y}"])
def test_a_base_map_that_is_none_is_refused(url):
    with pytest.raises(ValueError, match="basemap_url"):
        ApiSettings(basemap_url=url)


def test_the_policy_follows_where_files_lie(store, broker, storage, signer, settings, monkeypatch):
    monkeypatch.setattr(storage, "presigned", lambda key, expires_in: f"https://s3.example.org:9000/results/{key}?sig")
    policy = page_of(store, broker, storage, signer, settings).headers["content-security-policy"]
    assert "connect-src 'self' https://s3.example.org:9000;" in policy


@pytest.mark.parametrize("path", PLACES)
def test_files_are_kept_and_asked_for_again(client, path):
    plain = client.get(path, headers={"accept-encoding": "identity"})
    packed = client.get(path, headers={"accept-encoding": "gzip"})
    assert plain.content == packed.content == (FOLDER / path.removeprefix("page/")).read_bytes()
    assert plain.headers["vary"].split(", ")[0] == "Accept-Encoding"
    assert plain.headers["x-content-type-options"] == "nosniff"
    for answer, coding in ((plain, "identity"), (packed, "gzip")):
        again = client.get(path, headers={"accept-encoding": coding, "if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_large_files_travel_packed(client):
    answer = client.get("/page/vendor/ol/ol.js", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < 400_000


@pytest.mark.parametrize(
    "path",
    [
        "/page/../app.py",
        "/page/..%2fapp.py",
        "/page/%2e%2e/%2e%2e/pyproject.toml",
        "/page//etc/passwd",
        "/page/index.html",
        "/page/",
        "/page/css",
    ],
)
def test_nothing_else_can_be_asked_for(client, path):
    assert client.get(path).status_code == 404


def test_vendored_files_are_those_of_the_note():
    note = (FOLDER / "vendor" / "README.md").read_text()
    sums = dict(re.findall(r"^\| `([^`]+)` .*`([0-9a-f]{64})` \|$", note, re.MULTILINE))
    carried = {
        p.relative_to(FOLDER / "vendor") for p in (FOLDER / "vendor").rglob("*") if p.suffix in (".js", ".css", ".json")
    }
    assert {Path(name) for name in sums} == carried
    for name, known in sums.items():
        assert hashlib.sha256((FOLDER / "vendor" / name).read_bytes()).hexdigest() == known
        assert (FOLDER / "vendor" / name).with_name("LICENSE.md").is_file()


def test_the_page_learns_of_caps_and_catalogues(client):
    config = client.get("/page/config.json").json()
    assert config["limits"] == {"area_km2": 2500, "dates": 400, "vertices": 10000, "parcels": 10000}
    assert config["catalogs"] == [
        {"name": "simulated", "title": "Simulated", "simulated": True, "bbox": None, "start": None, "end": None}
    ]
    assert config["basemap"]["url"] == ""
    assert config["may_order"] is True


def test_the_page_learns_what_was_ordered(client, order):
    job_id = client.post("/jobs", json=order).json()["id"]
    listed = client.get("/page/jobs.json").json()["jobs"]
    assert [job["id"] for job in listed] == [job_id]
    assert listed[0]["order"]["simulated"] is True
    shown = client.get(f"/page/jobs/{job_id}.json").json()
    assert shown["request"]["aoi"] == order["aoi"]
    assert (shown["start"], shown["dates"], shown["parcels"]) == ("2023-05-01", 7, 0)
    assert shown["bbox"] == [11.6, 48.7, 11.64, 48.73]


def test_the_list_goes_on_and_refuses_a_place_that_is_none(client, order):
    for seed in range(21):
        client.post("/jobs", json=order | {"seed": seed})
    first = client.get("/page/jobs.json").json()
    rest = client.get("/page/jobs.json", params={"after": first["next"]}).json()
    assert (len(first["jobs"]), len(rest["jobs"]), rest["next"]) == (20, 1, None)
    assert client.get("/page/jobs.json?after=nonsense").status_code == 400
    assert client.get("/page/jobs/nonsense.json").status_code == 404


def test_the_page_and_its_files_are_those_of_the_start(client, tmp_path, monkeypatch):
    before = client.get("/", headers=BROWSER).text
    monkeypatch.setattr(web_files, "FOLDER", tmp_path)
    assert client.get("/", headers=BROWSER).text == before
