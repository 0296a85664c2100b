"""Every route against every kind of caller: nobody without a key, nobody at another tenant's jobs."""

from dataclasses import dataclass, field
from uuid import uuid4

import pytest
from fastapi.routing import APIRoute

from jobs.api_keys import KeyBook, Scope
from service.routes.page import ForBrowsers

OPEN, READ, JOBS, METRICS = None, *Scope
OPENED = {READ: ("reader", "owner"), JOBS: ("owner",), METRICS: ("meter",)}
"""Which of the keys below open what."""


@dataclass(frozen=True)
class Row:
    """One route.

    Attributes:
        scope: what it needs.
        own: what the owner of the job hears.
        query: parameters that it cannot do without.
        body: of a POST.
        lists: its answer names jobs; other tenants hear the same status, and none of the names.
    """

    scope: Scope | None
    own: int = 200
    query: dict = field(default_factory=dict)
    body: dict | None = None
    lists: bool = False


SQUARE = {"type": "Polygon", "coordinates": [[[11.61, 48.71], [11.62, 48.71], [11.62, 48.72], [11.61, 48.71]]]}
ORDER = {"aoi": SQUARE, "start": "2023-05-01", "end": "2023-05-31"}
TILES = "/jobs/{job_id}/tiles/{asset}/{date}"
ITEMS = "/stac/collections/{collection_id}/items"
ROUTES = {
    "GET /": Row(OPEN),
    "GET / (page)": Row(OPEN),
    "GET /jobs/{job_id} (page)": Row(OPEN),
    "GET /page/config.json": Row(READ),
    "GET /page/jobs.json": Row(READ, lists=True),
    "GET /page/jobs/{job_id}.json": Row(READ),
    "GET /page/{path:path}": Row(OPEN),
    "GET /openapi.json": Row(OPEN),
    "GET /healthz": Row(OPEN),
    "GET /readyz": Row(OPEN),
    "GET /metrics": Row(METRICS),
    "GET /conformance": Row(READ),
    "GET /processes": Row(READ),
    "GET /processes/{process_id}": Row(READ),
    "POST /processes/{process_id}/execution": Row(JOBS, 201, body={"inputs": ORDER}),
    "GET /jobs": Row(READ, lists=True),
    "POST /jobs": Row(JOBS, 201, body=ORDER),
    "POST /jobs/estimate": Row(READ, body=ORDER),
    "GET /jobs/{job_id}": Row(READ),
    "DELETE /jobs/{job_id}": Row(JOBS),
    "GET /jobs/{job_id}/order": Row(READ),
    "GET /jobs/{job_id}/log": Row(READ),
    "POST /jobs/{job_id}/retry": Row(JOBS, 409),
    "GET /jobs/{job_id}/results": Row(READ),
    "GET /jobs/{job_id}/series": Row(READ, 404),  # it was ordered without parcels
    "HEAD /jobs/{job_id}/series": Row(READ, 404),
    "GET /jobs/{job_id}/preview.png": Row(READ),
    "GET /jobs/{job_id}/season.webp": Row(READ),
    "GET /jobs/{job_id}/point": Row(READ, query={"lon": 11.61, "lat": 48.71}),
    "POST /jobs/{job_id}/statistics": Row(READ, body=SQUARE),
    f"GET {TILES}/tilejson.json": Row(READ),
    f"GET {TILES}/{{z}}/{{x}}/{{y}}.png": Row(READ),
    "GET /legends/{asset}.json": Row(READ),
    "GET /files/{key:path}": Row(OPEN, 403),  # without a signature
    "HEAD /files/{key:path}": Row(OPEN, 403),
    "GET /stac": Row(READ),
    "GET /stac/": Row(READ),
    "GET /stac/conformance": Row(READ),
    "GET /stac/queryables": Row(READ),
    "GET /stac/collections": Row(READ, lists=True),
    "GET /stac/collections/{collection_id}": Row(READ),
    "GET /stac/collections/{collection_id}/queryables": Row(READ),
    f"GET {ITEMS}": Row(READ),
    f"GET {ITEMS}/{{item_id}}": Row(READ),
    "GET /stac/search": Row(READ, lists=True),
    "POST /stac/search": Row(READ, body={}, lists=True),
}
VALUES = {
    "process_id": "lai-reconstruction",
    "asset": "lai",
    "date": "2023-05-01",
    "z": "12",
    "x": "2180",
    "y": "1420",
    "item_id": "2023-05-01",
    "path:path": "main.js",
    "key:path": "jobs/1/results/1/lai.tif",
}
NAMES = sorted(ROUTES)


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"authentication": "keys"})


@pytest.fixture
def keys(store):
    """Authorization headers: of the job's owner, of another tenant, and of the owner's lesser keys."""
    book = KeyBook(store.database)
    made = {
        "owner": book.create("local", {Scope.JOBS}),
        "other": book.create("other", set(Scope)),
        "reader": book.create("local", {Scope.READ}),
        "meter": book.create("local", {Scope.METRICS}),
    }
    return {name: {"Authorization": f"Bearer {key.text}"} for name, key in made.items()}


@pytest.fixture
def ask(client, job):
    """Ask a route of the table, about the job or another id."""

    def asked(name, headers=None, job_id=None):
        method, path, *page = name.split()
        row = ROUTES[name]
        for word, value in (VALUES | {"job_id": job_id or job.id, "collection_id": job_id or job.id}).items():
            path = path.replace(f"{{{word}}}", str(value))
        accept = {"Accept": "text/html"} if page else {}
        return client.request(method, path, params=row.query, json=row.body, headers=(headers or {}) | accept)

    return asked


def flat(routes):
    """Routes one by one: newer versions of FastAPI keep those of a router together."""
    for route in routes:
        nested = getattr(route, "original_router", None)
        yield from [route] if nested is None else flat(nested.routes)


def names_of(app):
    for route in flat(app.routes):
        assert isinstance(route, APIRoute), f"the doorkeeper is not asked before {route}"
        for method in route.methods:
            yield f"{method} {route.path}" + (" (page)" if isinstance(route, ForBrowsers) else "")


def test_every_route_has_a_row(app):
    assert sorted(names_of(app)) == NAMES


def test_the_description_knows_no_other_routes(app):
    described = {f"{m.upper()} {path}" for path, item in app.openapi()["paths"].items() for m in item}
    assert described <= {name.replace(":path", "") for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_who_may_come_in(ask, keys, name):
    row = ROUTES[name]
    stranger = ask(name)
    if row.scope is OPEN:
        assert stranger.status_code == row.own
        return
    assert stranger.status_code == 401
    assert stranger.headers["www-authenticate"].startswith("Bearer")
    for lesser in {"reader", "owner", "meter"} - set(OPENED[row.scope]):
        assert ask(name, keys[lesser]).status_code == 403
    for key in OPENED[row.scope]:
        assert ask(name, keys[key]).status_code == row.own


OF_A_JOB = [name for name in NAMES if ("{job_id}" in name or "{collection_id}" in name) and ROUTES[name].scope]


@pytest.mark.parametrize("name", OF_A_JOB)
def test_what_is_anothers_is_not_there(ask, keys, job, name):
    unknown = str(uuid4())
    foreign, missing = ask(name, keys["other"]), ask(name, keys["other"], unknown)
    assert foreign.status_code == missing.status_code == 404
    assert foreign.text.replace(str(job.id), unknown) == missing.text
    kept = ("content-type", "cache-control", "etag", "www-authenticate")
    assert [foreign.headers.get(h) for h in kept] == [missing.headers.get(h) for h in kept]
    assert ask(name, keys["owner"]).status_code == ROUTES[name].own  # and nothing has happened to it


@pytest.mark.parametrize("name", [name for name in NAMES if ROUTES[name].lists])
def test_lists_hold_ones_own(ask, keys, job, name):
    assert str(job.id) in ask(name, keys["owner"]).text
    foreign = ask(name, keys["other"])
    assert foreign.status_code == 200
    assert str(job.id) not in foreign.text
    assert foreign.json().get("numberMatched", 0) == 0


@pytest.mark.parametrize(
    "asked",
    [
        {"ids": ["2023-05-01"]},
        {"bbox": [-180, -90, 180, 90]},
        {"filter-lang": "cql2-text", "filter": "id LIKE '%' OR NOT (1 = 2)"},
        {"filter-lang": "cql2-text", "filter": "datetime > TIMESTAMP('2000-01-01T00:00:00Z') OR id = '2023-05-01'"},
    ],
)
def test_no_search_reaches_over(client, keys, job, asked):
    for members in (asked, asked | {"collections": [str(job.id)]}):
        own, foreign = (client.post("/stac/search", json=members, headers=keys[who]) for who in ("owner", "other"))
        if own.status_code == 200:
            assert own.json()["numberMatched"] == 1
        assert foreign.status_code == own.status_code
        assert foreign.json().get("numberMatched", 0) == 0
        assert str(job.id) not in foreign.text.replace(str(members), "")


@pytest.mark.parametrize("name", OF_A_JOB)
def test_what_a_browser_may_keep_is_of_one_customer(ask, keys, name):
    row = ROUTES[name]
    headers = ask(name, keys["owner"]).headers
    kept = (
        row.scope is READ
        and row.own == 200
        and headers.get("cache-control", "no-store") not in ("no-store", "no-cache")
    )
    assert not kept or ("private" in headers["cache-control"] and "Authorization" in headers["vary"])


def test_an_order_belongs_to_its_key_whatever_else_is_said(client, keys, order):
    named = {"Idempotency-Key": "spring", "X-Tenant": "local", "tenant": "local"}
    first, second = (
        client.post("/jobs?tenant=local", json=order, headers=keys[who] | named) for who in ("owner", "other")
    )
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["jobID"] != second.json()["jobID"]  # names of orders are each tenant's own
    assert client.get(f"/jobs/{second.json()['jobID']}", headers=keys["owner"]).status_code == 404


def test_signed_hrefs_need_no_key_and_come_from_ones_own_jobs(client, keys, job):
    href = client.get(f"/jobs/{job.id}/results", headers=keys["owner"]).json()["collection"]["href"]
    path = href.removeprefix("https://lai.example.org/api")
    assert client.get(path).status_code == 200
    assert client.get(path.replace("collection.json", "manifest.json")).status_code == 403
