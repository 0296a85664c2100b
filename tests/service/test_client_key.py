"""The Python client with a key: shown to the service alone, told where it is not good, patient where it must wait."""

import time

import httpx
import pytest
from typer.testing import CliRunner

from clearleaf import Client
from clearleaf.cli import app as commands
from clearleaf.client_errors import NotAllowed, NotSignedIn, TooMany
from jobs.api_keys import KeyBook, Scope
from service.access_settings import TenantLimits


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"authentication": "keys"})


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    monkeypatch.delenv("CLEARLEAF_API_KEY", raising=False)


@pytest.fixture
def key(store):
    return KeyBook(store.database).create("farm", {Scope.JOBS}).text


def test_from_order_to_folder_with_a_key(server, key, order, carry_out, tmp_path):
    with Client(server, api_key=key) as client:
        job = client.submit(order)
        carry_out(job.id)
        assert job.download(tmp_path / "lai").exists()
        assert [info["jobID"] for info in client.jobs()] == [job.id]
        assert len(list(job.collection().get_items())) == 1


def test_a_key_of_the_environment(server, key, order, monkeypatch):
    monkeypatch.setenv("CLEARLEAF_API_KEY", key + "\n")
    with Client(server) as client:
        assert client.submit(order).status()["status"] == "accepted"
    told = CliRunner().invoke(commands, ["status", "--url", server])
    assert "accepted" in told.output
    with Client(server, api_key="") as client, pytest.raises(NotSignedIn):
        list(client.jobs())


def test_what_is_missing_is_told_in_a_sentence(server, store, order):
    with Client(server) as client, pytest.raises(NotSignedIn, match="CLEARLEAF_API_KEY"):
        client.submit(order)
    told = CliRunner().invoke(commands, ["status", "--url", server])
    assert isinstance(told.exception, NotSignedIn)
    reader = KeyBook(store.database).create("farm", {Scope.READ}).text
    with Client(server, api_key=reader) as client:
        assert list(client.jobs()) == []
        with pytest.raises(NotAllowed, match="scope jobs"):
            client.submit(order)


def test_the_key_goes_to_the_service_alone():
    seen = []

    def answer(request):
        seen.append((request.url.host, request.url.port, request.headers.get("authorization")))
        if request.url.path == "/jobs/1":
            return httpx.Response(307, headers={"location": "https://bucket.example.org/file"})
        return httpx.Response(200, json={"jobID": "1"})

    with Client("https://lai.example.org/api", api_key="secret", transport=httpx.MockTransport(answer)) as client:
        client._connection.send("GET", "https://lai.example.org/files/a")
        client._connection.send("GET", "https://lai.example.org/jobs/1")
        for elsewhere in ("https://bucket.example.org/a", "http://lai.example.org/a", "https://lai.example.org:8443/a"):
            client._connection.send("GET", elsewhere)
    assert [key for *_, key in seen] == ["Bearer secret"] * 2 + [None] * 4


class TestLimits:
    """A service that lets a tenant have one job and order twice a minute."""

    @pytest.fixture
    def settings(self, settings):
        return settings.model_copy(update={"tenant_limits": TenantLimits(active_jobs=1, requests_per_minute=None)})

    def test_a_long_wait_is_told_at_once(self, server, key, order):
        with Client(server, api_key=key) as client:
            client.submit(order)
            started = time.monotonic()
            with pytest.raises(TooMany, match="1 jobs may wait or run") as refused:
                client.submit(order)
        assert refused.value.retry_after_s > 60
        assert time.monotonic() - started < 30


def test_a_short_wait_is_waited(order):
    answers = [httpx.Response(429, headers={"retry-after": "1"}), httpx.Response(201, json={"jobID": "7"})]
    started = time.monotonic()
    with Client("http://lai.example.org", transport=httpx.MockTransport(lambda _: answers.pop(0))) as client:
        assert client.submit(order).id == "7"
    assert time.monotonic() - started >= 1
