"""What a caller hears who has no key, a wrong one, or one that does not open the door."""

import time

import pytest
from starlette.testclient import TestClient

from jobs import key_ring
from jobs.api_keys import KeyBook, Scope
from service.app import create_app


@pytest.fixture
def book(store):
    return KeyBook(store.database)


@pytest.fixture
def guarded(store, broker, storage, signer, settings):
    app = create_app(store, broker, storage, signer, settings.model_copy(update={"authentication": "keys"}))
    with TestClient(app, base_url="https://lai.example.org") as client:
        yield client


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


def test_the_refusal_says_the_cure(guarded):
    refused = guarded.get("/jobs")
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["www-authenticate"] == 'Bearer realm="clearleaf"'
    assert "Authorization: Bearer KEY" in refused.json()["detail"]
    assert refused.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer x",
        "Basic Y2xr",
        "Bearer clk_000000000000." + "A" * 43,
        "Bearer a.b.c",
        "Bearer \xff",
        "bearer",
    ],
)
def test_what_is_no_key(guarded, header):
    refused = guarded.get("/jobs", headers={"Authorization": header.encode("latin-1")})
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith('Bearer realm="clearleaf"')


def test_a_key_in_the_url_opens_nothing(guarded, book):
    text = book.create("farm", {Scope.JOBS}).text
    for name in ("key", "access_token", "api_key", "authorization"):
        assert guarded.get("/jobs", params={name: text}).status_code == 401


def test_a_lesser_key_is_told_which_scope_is_missing(guarded, book, order):
    refused = guarded.post("/jobs", json=order, headers=bearer(book.create("farm", {Scope.READ}).text))
    assert refused.status_code == 403
    assert 'error="insufficient_scope", scope="jobs"' in refused.headers["www-authenticate"]
    assert "scope jobs" in refused.json()["detail"]


@pytest.mark.parametrize(("scope", "may"), [(Scope.READ, False), (Scope.JOBS, True)])
def test_the_page_learns_whether_its_key_orders(guarded, book, scope, may):
    config = guarded.get("/page/config.json", headers=bearer(book.create("farm", {scope}).text))
    assert config.json()["may_order"] is may


def test_the_body_of_a_stranger_is_not_read(guarded):
    refused = guarded.post("/jobs", content=b"{" * 100, headers={"content-type": "text/plain"})
    assert refused.status_code == 401


def test_a_revoked_key_is_refused_within_seconds(guarded, book, monkeypatch):
    made = book.create("farm", {Scope.READ})
    assert guarded.get("/jobs", headers=bearer(made.text)).status_code == 200
    book.revoke(made.key.id)
    asked = time.monotonic
    monkeypatch.setattr(key_ring.time, "monotonic", lambda: asked() + key_ring.REMEMBERED_S)
    refused = guarded.get("/jobs", headers=bearer(made.text))
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]
    assert key_ring.REMEMBERED_S <= 10


def test_both_keys_open_while_one_replaces_the_other(guarded, book, order):
    from datetime import timedelta

    old = book.create("farm", {Scope.JOBS})
    job = guarded.post("/jobs", json=order, headers=bearer(old.text)).json()["jobID"]
    new = book.rotate(old.key.id, timedelta(hours=1))
    for made in (old, new):
        assert guarded.get(f"/jobs/{job}", headers=bearer(made.text)).status_code == 200


def test_the_book_being_away_is_no_refusal(guarded, book, store, monkeypatch):
    from jobs.errors import Unavailable

    made = book.create("farm", {Scope.READ})

    def away(*_):
        raise Unavailable("away", retry_after=5)

    monkeypatch.setattr(KeyBook, "check", away)
    answer = guarded.get("/jobs", headers=bearer(made.text))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


@pytest.mark.parametrize("path", ["/jobs", "/stac/search", "/jobs/0190aaaa-0000-7000-8000-000000000000"])
def test_browsers_may_ask_before_they_send_a_key(guarded, path):
    asked = {
        "Origin": "https://elsewhere.example",
        "Access-Control-Request-Method": "POST" if path == "/jobs" else "GET",
        "Access-Control-Request-Headers": "authorization, content-type, idempotency-key",
    }
    allowed = guarded.options(path, headers=asked)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "*"
    assert "authorization" in allowed.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-credentials" not in allowed.headers
    refused = guarded.get(path, headers={"Origin": "https://elsewhere.example"})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "*")


def test_the_description_says_what_to_send_where_it_must_be(guarded, client):
    document = guarded.get("/openapi.json").json()
    assert document["components"]["securitySchemes"]["key"] | {"description": ""} == {
        "type": "http",
        "scheme": "bearer",
        "description": "",
    }
    operations = {
        (path, method): operation for path, item in document["paths"].items() for method, operation in item.items()
    }
    open_ = {path for (path, _), operation in operations.items() if "security" not in operation}
    assert open_ == {"/", "/healthz", "/readyz", "/files/{key}"}
    assert operations["/jobs", "post"]["security"] == [{"key": []}]
    assert {"401", "403", "429"} <= set(operations["/jobs", "post"]["responses"])
    plain = client.get("/openapi.json").json()
    assert "securitySchemes" not in plain["components"]
    assert "security" not in plain["paths"]["/jobs"]["post"]


def test_without_authentication_a_key_does_no_harm(client, book):
    assert client.get("/jobs", headers=bearer(book.create("farm", {Scope.READ}).text)).status_code == 200
    assert client.get("/jobs", headers={"Authorization": "Basic Zm9vOmJhcg=="}).status_code == 200
