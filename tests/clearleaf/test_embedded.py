"""The service of one machine: what it is given, what it refuses, and that a refused one does no harm."""

import fcntl
import json
import socket
import time

import pytest
import redis

from clearleaf.addresses import free_port, is_free, is_loopback, url_of
from clearleaf.broker import broker_command, write_configuration
from clearleaf.client import Client
from clearleaf.embedded import GRACE_S, CannotStart, Embedded
from clearleaf.orders import BadOption
from clearleaf.processes import Child
from jobs.catalog import CatalogProfile
from jobs.load_settings import BadSettings
from jobs.queue import make_celery
from jobs.settings import JobsSettings


def profile(name) -> CatalogProfile:
    return CatalogProfile(name=name, href=f"/scenes/{name}/catalog.json")


def environment(service) -> dict[str, str]:
    return service.child("api").environment


@pytest.mark.parametrize("name", ["plain", "my dir", 'it\'s "quoted"', "back\\slash", "Ä ö # $x"])
def test_a_broker_starts_in_a_folder_of_any_name(tmp_path, name):
    folder, port = tmp_path / name, free_port()
    write_configuration(folder, port, "secret")
    assert (folder / "broker.conf").stat().st_mode & 0o077 == 0
    broker = Child("broker", broker_command(folder), {}, tmp_path / "log")
    broker.start()
    try:
        client = redis.Redis(port=port, password="secret")
        deadline = time.monotonic() + 60
        while True:
            try:
                client.set("a", "b")
                break
            except redis.exceptions.ConnectionError:
                assert broker.process.poll() is None, (tmp_path / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
        assert client.config_get("dir") == {"dir": str(folder)}
    finally:
        broker.stop()
    assert (folder / "appendonlydir").is_dir()


def test_the_folder_of_a_service_is_its_owners_alone(tmp_path):
    assert Embedded(tmp_path / "data", []).data.stat().st_mode & 0o777 == 0o700


def test_a_refused_service_leaves_the_running_ones_broker_alone(tmp_path):
    (tmp_path / "broker").mkdir()
    configuration = tmp_path / "broker" / "broker.conf"
    configuration.write_text("of the one that runs")
    with (tmp_path / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(CannotStart, match="another clearleaf runs"), Embedded(tmp_path, []).running():
            pass
    assert configuration.read_text() == "of the one that runs"


def test_catalogues_are_added_to_those_of_the_environment(tmp_path, monkeypatch):
    configured = {name: profile(name).model_dump() for name in ("theirs", "both")}
    monkeypatch.setenv("CLEARLEAF_CATALOGS", json.dumps(configured))
    mine = profile("both").model_copy(update={"href": "/mine.json"})
    found = environment(Embedded(tmp_path, [profile("mine"), mine]))
    catalogs = json.loads(found["CLEARLEAF_CATALOGS"])
    assert {name: one["href"] for name, one in catalogs.items()} == {
        "theirs": "/scenes/theirs/catalog.json",
        "both": "/mine.json",
        "mine": "/scenes/mine/catalog.json",
    }
    assert found["CLEARLEAF_DEFAULT_CATALOG"] == "mine"


@pytest.mark.parametrize("default", ["theirs", "mine"])
def test_a_default_catalogue_of_the_environment_stays_the_default(tmp_path, monkeypatch, default):
    monkeypatch.setenv("CLEARLEAF_CATALOGS", json.dumps({"theirs": profile("theirs").model_dump()}))
    monkeypatch.setenv("CLEARLEAF_DEFAULT_CATALOG", default)
    service = Embedded(tmp_path, [profile("first"), profile("mine")])
    assert environment(service)["CLEARLEAF_DEFAULT_CATALOG"] == default
    service._migrate()
    assert (tmp_path / "jobs.sqlite").exists()


def test_a_default_catalogue_that_nobody_configured_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("CLEARLEAF_DEFAULT_CATALOG", "none-such")
    with pytest.raises(BadSettings, match="'none-such' is not configured; configured are: mine"):
        Embedded(tmp_path, [profile("mine")])


def test_the_worker_is_killed_when_its_own_grace_is_over_and_not_before(tmp_path):
    """One figure for both sides: the worker's soft shutdown must fit into what `stop` allows."""
    worker = Embedded(tmp_path, []).child("worker")
    told = float(worker.environment["CLEARLEAF_GRACE_S"])
    assert worker.grace_s == told == GRACE_S
    soft = make_celery(JobsSettings(grace_s=GRACE_S)).conf.worker_soft_shutdown_timeout
    assert soft <= 10  # Ctrl-C ends soon
    assert soft < worker.grace_s


@pytest.fixture
def ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            probe.listen()
            yield probe.getsockname()[1]
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")


def test_others_reach_it_only_where_they_must_show_a_key(tmp_path, monkeypatch):
    monkeypatch.delenv("CLEARLEAF_AUTHENTICATION", raising=False)
    monkeypatch.delenv("CLEARLEAF_PUBLIC_URL", raising=False)
    with pytest.raises(BadOption, match="CLEARLEAF_AUTHENTICATION=keys"):
        Embedded(tmp_path, [], host="0.0.0.0")
    monkeypatch.setenv("CLEARLEAF_AUTHENTICATION", "keys")
    with pytest.raises(CannotStart, match="CLEARLEAF_PUBLIC_URL"):
        Embedded(tmp_path, [], host="0.0.0.0")
    monkeypatch.setenv("CLEARLEAF_PUBLIC_URL", "http://fields.example.org:8000")
    service = Embedded(tmp_path, [], host="0.0.0.0", port=8000)
    assert environment(service)["CLEARLEAF_PUBLIC_URL"] == service.public_url == "http://fields.example.org:8000"
    assert service.child("api").command[-4:] == ["--host", "0.0.0.0", "--port", "8000"]


@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_ipv6_is_spoken(tmp_path, ipv6, host):
    service = Embedded(tmp_path, [], host=host)
    assert service.url.startswith("http://[::1]:")
    assert service.child("api").command[-3] == "::1"
    assert is_free("::1", free_port())
    assert not is_free("::1", ipv6)


def test_a_free_port_is_given_out_once():
    ports = {free_port() for _ in range(200)}
    assert len(ports) == 200
    assert all(is_free("127.0.0.1", port) for port in ports)


def test_a_port_in_use_is_seen():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not is_free("127.0.0.1", port)
        assert not is_free("localhost", port)
    assert url_of("127.0.0.1", 80) == "http://127.0.0.1:80"


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:8000/", True),
        ("http://localhost:1", True),
        ("http://lai.example.org", False),
        ("http://10.0.0.1", False),
        ("http://localhost.example.org", False),
    ],
)
def test_this_machine_is_asked_without_a_proxy(url, here, monkeypatch):
    assert is_loopback(url) is here
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with Client(url) as client:
        assert client._connection.http.trust_env is not here
