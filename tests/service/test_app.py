"""What holds for every door: problems, CORS, headers, health, the landing page and the OpenAPI."""

import anyio
import httpx
import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

from jobs.job import JobRequest


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/jobs/", 404),
        ("PUT", "/jobs", 405),
        ("POST", "/healthz", 405),
        ("PATCH", "/files/x", 405),
    ],
)
def test_the_router_refuses_with_problems(client, method, path, status):
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/jobs", "GET, HEAD, POST"), ("/jobs/1", "DELETE, GET, HEAD"), ("/files/a/b", "GET, HEAD"), ("/", "GET, HEAD")],
)
def test_every_allowed_method_is_named(client, path, allowed):
    answer = client.patch(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize(
    "method,path",
    [("GET", "/jobs"), ("POST", "/jobs"), ("GET", "/jobs/0190aaaa-0000-7000-8000-000000000000"), ("GET", "/readyz")],
)
def test_without_its_database_the_service_asks_for_patience(client, store, order, settings, method, path):
    file = settings.data_dir / "jobs.sqlite"
    store.database.engine.dispose()
    file.rename(file.with_suffix(".away"))
    file.mkdir()
    answer = client.request(method, path, json=order if method == "POST" else None)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.headers["content-type"] == "application/problem+json"
    assert "sqlite" not in answer.text
    assert client.get("/healthz").status_code == 200


def test_our_own_fault_is_a_problem_without_a_traceback(client, store, monkeypatch):
    monkeypatch.setattr(store, "list", lambda *args, **kwargs: 1 / 0)
    answer = client.get("/jobs", headers={"origin": "https://lai.example.org"})
    assert answer.status_code == 500
    assert answer.headers["access-control-allow-origin"] == "https://lai.example.org"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] == "application/problem+json"
    assert "division" not in answer.text


def test_readiness_asks_the_book_and_never_the_broker(client, broker, store, monkeypatch):
    broker.away = True
    monkeypatch.setattr("service.readiness.HOLDS_S", 0)
    assert client.get("/readyz").json() == {"status": "ready"}
    monkeypatch.setattr(store, "at_head", lambda: False)
    assert client.get("/readyz").status_code == 503


def test_a_process_whose_threads_are_all_taken_lives(client):
    async def asked() -> int:
        threads = anyio.to_thread.current_default_thread_limiter()
        threads.total_tokens = 1
        threads.acquire_on_behalf_of_nowait("somebody else")
        transport = httpx.ASGITransport(client.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as direct:
            with anyio.fail_after(60):
                return (await direct.get("/healthz")).status_code

    assert anyio.run(asked) == 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/jobs",
        "/healthz",
        "/openapi.json",
        "/processes",
        "/stac/collections",
        "/jobs/nowhere",
        "/page/css/base.css",
    ],
)
def test_head_is_get_without_its_body(client, path):
    whole, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    for name in ("content-type", "content-length", "etag", "vary"):
        assert head.headers.get(name) == whole.headers.get(name)


def test_head_over_a_real_connection(server):
    with httpx.Client(base_url=server, timeout=60) as kept:
        assert kept.head("/jobs").headers["content-length"] == str(len(kept.get("/jobs").content))
        assert kept.head("/jobs/estimate").status_code == 404
        assert kept.get("/healthz").json() == {"status": "ok"}


def test_every_answer_carries_the_security_headers(client):
    for path in ("/", "/nowhere", "/healthz"):
        assert client.get(path).headers["x-content-type-options"] == "nosniff"


def test_the_landing_page_leads_to_the_openapi(client):
    answer = client.get("/")
    links = {link["rel"]: link for link in answer.json()["links"]}
    assert "Accept" in answer.headers["vary"].split(", ")
    assert links["service-desc"]["type"] == "application/vnd.oai.openapi+json;version=3.0"
    described = client.get(links["service-desc"]["href"].removeprefix("https://lai.example.org/api"))
    assert described.headers["content-type"] == links["service-desc"]["type"]
    assert described.json()["openapi"].startswith("3.0")


@pytest.fixture
def openapi(client):
    return client.get("/openapi.json").json()


def test_the_example_order_is_accepted(client, openapi):
    example = openapi["paths"]["/jobs"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert client.post("/jobs", json=example).status_code == 201


def test_every_member_of_an_order_is_described(openapi):
    described = openapi["components"]["schemas"]["order"]["properties"]
    assert set(described) == set(JobRequest.model_fields)
    assert all(member["description"] for member in described.values())
    assert described["catalog"]["enum"] == ["simulated"]


def test_every_refusal_is_described_as_a_problem(openapi):
    for path, operations in openapi["paths"].items():
        for method, operation in operations.items():
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert list(response["content"]) == ["application/problem+json"], (path, method, status)
    assert {"400", "413", "415", "422", "503"} <= set(openapi["paths"]["/jobs"]["post"]["responses"])


def test_the_document_is_valid(openapi):
    assert [error.message for error in OpenAPIV30SpecValidator(openapi).iter_errors()] == []
    assert "'null'" not in str(openapi)


def test_what_may_be_null_says_so_in_the_words_of_openapi_30(openapi):
    described = openapi["components"]["schemas"]
    (after,) = [one for one in openapi["paths"]["/jobs"]["get"]["parameters"] if one["name"] == "after"]
    assert after["schema"]["type"] == "string"
    assert "nullable" not in after["schema"]
    assert "nullable': True" in str(described)


def test_the_document_speaks_openapi_30(openapi):
    def words(node):
        if isinstance(node, dict):
            yield from node
            for child in node.values():
                yield from words(child)
        elif isinstance(node, list):
            for child in node:
                yield from words(child)

    assert {"const", "$defs", "prefixItems"}.isdisjoint(words(openapi["components"]["schemas"]))
    assert "HTTPValidationError" not in openapi["components"]["schemas"]
