"""Which web pages may use a service: whoever has another site open must not have given that site the service, too."""

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from service.app import create_app
from service.settings import ApiSettings

ELSEWHERE = "https://elsewhere.example"
PUBLIC = "https://lai.example.org"
PREFLIGHT = {
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type,idempotency-key,last-event-id",
}


@pytest.fixture
def served(store, broker, storage, signer, settings):
    """A service with other settings."""

    def serve(base_url=PUBLIC, **changes):
        app = create_app(store, broker, storage, signer, settings.model_copy(update=changes))
        return TestClient(app, base_url=base_url)

    return serve


def test_with_keys_pages_of_any_origin_may_ask(served):
    guarded = served(authentication="keys")
    assert guarded.options("/jobs", headers=PREFLIGHT | {"origin": ELSEWHERE}).status_code == 200
    answer = guarded.get("/healthz", headers={"origin": ELSEWHERE})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"Location", "ETag", "Retry-After", "Link", "Content-Range"} <= set(exposed)
    assert served("https://any.example", authentication="keys").get("/healthz").status_code == 200


@pytest.mark.parametrize("origin", [ELSEWHERE, "null", f"{PUBLIC}.elsewhere.example", "http://localhost:3000"])
def test_without_keys_a_foreign_page_neither_reads_nor_changes_anything(client, order, new_job, store, origin):
    job, headers = new_job(), {"origin": origin}
    assert "access-control-allow-origin" not in client.get("/jobs", headers=headers).headers
    assert client.options("/jobs", headers=PREFLIGHT | headers).status_code == 400
    for refused in (
        client.post("/jobs", json=order, headers=headers),
        client.post("/jobs", content=b"{}", headers=headers | {"content-type": "text/plain"}),
        client.delete(f"/jobs/{job.id}", headers=headers),
    ):
        assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")
        assert "CLEARLEAF_CORS_ORIGINS" in refused.json()["detail"]
    assert [found["status"] for found in client.get("/jobs").json()["jobs"]] == ["accepted"]


def test_our_own_pages_may_and_those_of_the_settings(served, order):
    maps = "https://maps.example.org"
    service = served(cors_origins=(maps,))
    for origin in (PUBLIC, maps):
        assert service.options("/jobs", headers=PREFLIGHT | {"origin": origin}).status_code == 200
        answer = service.post("/jobs", json=order, headers={"origin": origin})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (201, origin)
    by_another_name = served("http://localhost:8000")
    assert by_another_name.post("/jobs", json=order, headers={"origin": "http://localhost:8000"}).status_code == 201


@pytest.mark.parametrize("host", ["elsewhere.example", "lai.example.org.elsewhere.example", "192.168.1.5:80", "[", ""])
def test_a_name_that_was_made_to_point_here_is_refused(client, host):
    answer = client.get("/jobs", headers={"host": host})
    assert (answer.status_code, answer.headers["content-type"]) == (421, "application/problem+json")
    assert "CLEARLEAF_PUBLIC_URL" in answer.json()["detail"]


@pytest.mark.parametrize(
    "host", ["LAI.example.org", "lai.example.org:443", "localhost:8000", "127.0.0.1:8000", "[::1]:8000"]
)
def test_the_names_of_this_machine_are_answered(client, host):
    assert client.get("/jobs", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["*", "maps.example.org", "https://maps.example.org/", "null"])
def test_an_origin_must_be_written_as_browsers_send_it(tmp_path, origin):
    with pytest.raises(ValidationError, match="https://host"):
        ApiSettings(data_dir=tmp_path, cors_origins=(origin,))
