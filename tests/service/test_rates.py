"""Too much of a tenant is refused with the limit, the cure and when to come again."""

import pytest
from starlette.testclient import TestClient

from jobs.api_keys import KeyBook, Scope
from service.access_settings import TenantLimits
from service.app import create_app
from service.settings import ApiSettings


@pytest.fixture
def serve(store, broker, storage, signer, settings):
    """Return a client of a service with these limits, and an Authorization header for each tenant."""

    def serving(limits, **overrides):
        changed = {"authentication": "keys", "tenant_limits": limits, "tenant_overrides": overrides}
        app = create_app(store, broker, storage, signer, settings.model_copy(update=changed))
        book = KeyBook(store.database)
        headers = {
            tenant: {"Authorization": f"Bearer {book.create(tenant, {Scope.JOBS}).text}"} for tenant in ("farm", "mill")
        }
        return TestClient(app), headers

    return serving


def test_requests_of_one_tenant_do_not_use_up_anothers(serve):
    client, headers = serve(TenantLimits(requests_per_minute=3))
    assert [client.get("/jobs", headers=headers["farm"]).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = client.get("/legends/lai.json", headers=headers["farm"])
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert "3 requests a minute" in refused.json()["detail"]
    assert client.get("/jobs", headers=headers["mill"]).status_code == 200
    assert client.get("/healthz", headers=headers["farm"]).status_code == 200


def test_requests_that_a_scope_refuses_are_counted(serve, store, order):
    client, _ = serve(TenantLimits(requests_per_minute=3))
    reader = {"Authorization": f"Bearer {KeyBook(store.database).create('farm', {Scope.READ}).text}"}
    said = [client.post("/jobs", json=order, headers=reader).status_code for _ in range(4)]
    assert said == [403, 403, 403, 429]


def test_orders_over_the_quota_are_refused_and_nothing_is_entered(serve, order):
    client, headers = serve(TenantLimits(active_jobs=2))
    said = [client.post("/jobs", json=order, headers=headers["farm"]) for _ in range(3)]
    assert [answer.status_code for answer in said] == [201, 201, 429]
    assert said[-1].headers["content-type"] == "application/problem+json"
    assert "2 jobs may wait or run" in said[-1].json()["detail"]
    assert int(said[-1].headers["retry-after"]) > 0
    assert len(client.get("/jobs", headers=headers["farm"]).json()["jobs"]) == 2
    execute = client.post("/processes/lai-reconstruction/execution", json={"inputs": order}, headers=headers["farm"])
    assert execute.status_code == 429
    assert client.post("/jobs", json=order, headers=headers["mill"]).status_code == 201


def test_orders_a_minute(serve, order):
    client, headers = serve(TenantLimits(orders_per_minute=1))
    said = [client.post("/jobs", json=order, headers=headers["farm"]) for _ in range(2)]
    assert [answer.status_code for answer in said] == [201, 429]
    assert "1 orders a minute" in said[-1].json()["detail"]


def test_one_tenant_may_have_limits_of_its_own(serve):
    client, headers = serve(TenantLimits(requests_per_minute=1), farm=TenantLimits(requests_per_minute=None))
    assert [client.get("/jobs", headers=headers["farm"]).status_code for _ in range(5)] == [200] * 5
    assert [client.get("/jobs", headers=headers["mill"]).status_code for _ in range(2)] == [200, 429]


def test_limits_come_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("CLEARLEAF_TENANT_LIMITS", '{"active_jobs": 5}')
    monkeypatch.setenv("CLEARLEAF_TENANT_OVERRIDES", '{"farm": {"orders_per_minute": null}}')
    found = ApiSettings(data_dir=tmp_path, authentication="keys")
    assert (found.limits_of("mill").active_jobs, found.limits_of("mill").orders_per_minute) == (5, 60)
    assert (found.limits_of("farm").active_jobs, found.limits_of("farm").orders_per_minute) == (5, None)
    assert ApiSettings(data_dir=tmp_path).limits_of("farm").active_jobs is None  # nobody signs in: nobody shares
