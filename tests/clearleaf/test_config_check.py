"""`clearleaf config check`: what is wrong is told, with the cure, before a process is started."""

import hashlib
import json
import shutil
import threading
import time
from datetime import date
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import redis
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from typer.testing import CliRunner

from clearleaf import config_check, config_check_worker
from clearleaf.addresses import free_port
from clearleaf.broker import broker_command, write_configuration
from clearleaf.cli import app
from clearleaf.processes import Child
from clearleaf.simulated import write_catalogue
from jobs.api_keys import KeyBook, Scope
from jobs.database import Database
from jobs.settings import JobsSettings
from jobs.store import JobStore
from models.simulation.site import SiteSpec


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    spec = SiteSpec(size_px=16, start=date(2023, 5, 1), end=date(2023, 5, 20), region="belgium", seed=1)
    return write_catalogue(spec, tmp_path_factory.mktemp("catalogue"))


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("broker"), free_port()
    write_configuration(folder, port, "hunter2")
    child = Child("broker", broker_command(folder), {}, folder / "log")
    child.start()
    url, deadline = f"redis://:hunter2@127.0.0.1:{port}/0", time.monotonic() + 60
    with redis.Redis.from_url(url) as client:
        while not _answers(client):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    yield url
    child.stop()


def _answers(client) -> bool:
    try:
        return client.ping()
    except redis.ConnectionError:
        return False


@pytest.fixture
def serving(tmp_path):
    """Serves a text on this machine, and says where."""
    folder = tmp_path / "served"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def serve(text):
        (folder / "keys").write_text(text)
        return f"http://127.0.0.1:{server.server_port}/keys"

    yield serve
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def configured(monkeypatch, tmp_path, broker, catalogue):
    """Everything in order, on one machine."""
    monkeypatch.delenv("CLEARLEAF_REAL_DATA", raising=False)
    monkeypatch.setattr(config_check, "BROKER_PATIENCE_S", 20)  # a machine may stop for longer than a broker may
    monkeypatch.setenv("CLEARLEAF_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CLEARLEAF_BROKER_URL", broker)
    monkeypatch.setenv("CLEARLEAF_CATALOGS", json.dumps({"mine": str(catalogue)}))
    settings = JobsSettings()
    JobStore(settings.database, settings).migrate()


def checked(process):
    """What is told as missing, after seeing to it that the exit code says the same and no secret is told."""
    found = CliRunner().invoke(app, ["config", "check", process])
    missing = [line.removeprefix("missing ") for line in found.output.splitlines() if line.startswith("missing ")]
    assert found.exit_code == bool(missing), found.output
    assert "hunter2" not in found.output
    return missing


@pytest.mark.parametrize("process", ["api", "worker", "reconciler"])
def test_a_service_in_order_passes_and_nothing_is_left(process, tmp_path):
    assert checked(process) == []
    assert not [path for path in (tmp_path / "storage").rglob("*") if path.is_file()]


def test_a_misspelt_variable_is_told_with_what_was_meant(monkeypatch):
    monkeypatch.setenv("CLEARLEAF_DATABSE_URL", "postgresql://me:hunter2@db/book")
    assert checked("api") == ["CLEARLEAF_DATABSE_URL: is read by nobody; CLEARLEAF_DATABASE_URL is"]


def test_a_misspelt_file_of_a_secret_is_told_with_what_was_meant(monkeypatch, tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir()
    for name in ("clearleaf_databse_url", "signing_key", "clearleaf_signing_key", "postgres_password"):
        (folder / name).write_text("hunter2" * 8)
    monkeypatch.setenv("CLEARLEAF_SECRETS_DIR", str(folder))
    assert checked("api") == [
        f"{folder}/clearleaf_databse_url: is read by nobody; CLEARLEAF_DATABASE_URL is",
        f"{folder}/signing_key: is read by nobody; CLEARLEAF_SIGNING_KEY is",
    ]


@pytest.mark.parametrize(
    "url", ["postgresql://me:hunter2@127.0.0.1:port/book", "postgresql+asyncpg://me:hunter2@127.0.0.1/book"]
)
def test_a_database_that_cannot_be_is_told(monkeypatch, url):
    monkeypatch.setenv("CLEARLEAF_DATABASE_URL", url)
    (missing,) = checked("api")
    assert missing.startswith("settings: CLEARLEAF_DATABASE_URL: ")


def test_a_metrics_port_that_would_be_refused_is_told(monkeypatch):
    monkeypatch.setenv("CLEARLEAF_METRICS_PORT", "9464")
    monkeypatch.setenv("CLEARLEAF_METRICS_HOST", "0.0.0.0")
    for process in ("worker", "reconciler"):
        (missing,) = checked(process)
        assert missing.startswith("metrics: refusing to listen on '0.0.0.0'")
    monkeypatch.setenv("CLEARLEAF_AUTHENTICATION", "keys")
    assert checked("reconciler") == []


def test_an_issuer_is_asked_for_its_keys(monkeypatch, serving):
    monkeypatch.setenv("CLEARLEAF_AUTHENTICATION", "oidc")
    oidc = {"issuer": "us", "audience": "lai", "jwks_url": f"http://127.0.0.1:{free_port()}/keys"}
    monkeypatch.setenv("CLEARLEAF_OIDC", json.dumps(oidc))
    (missing,) = checked("api")
    assert missing.startswith(f"authentication: no keys at {oidc['jwks_url']}: ")
    assert "CLEARLEAF_OIDC" in missing
    key = json.loads(ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key()))
    oidc["jwks_url"] = serving(json.dumps({"keys": [key | {"kid": "one", "alg": "ES256"}]}))
    monkeypatch.setenv("CLEARLEAF_OIDC", json.dumps(oidc))
    assert checked("api") == [
        "authentication: none of the issuer's 1 keys is for RS256: see to algorithms in CLEARLEAF_OIDC"
    ]
    monkeypatch.setenv("CLEARLEAF_OIDC", json.dumps(oidc | {"algorithms": ["ES256"]}))
    assert checked("api") == []


def test_what_clients_read_is_read_by_somebody(monkeypatch):
    monkeypatch.setenv("CLEARLEAF_API_KEY", "hunter2")
    monkeypatch.setenv("CLEARLEAF_URL", "https://lai.example")
    assert checked("api") == []


def test_wrong_settings_are_told_one_by_one(monkeypatch):
    monkeypatch.setenv("CLEARLEAF_GRACE_S", "5")
    monkeypatch.setenv("CLEARLEAF_STORAGE_URL", "gs://hunter2")
    missing = checked("worker")
    assert len(missing) == 2
    assert all("settings: CLEARLEAF_" in told for told in missing)


def test_an_old_schema_is_told(tmp_path):
    (tmp_path / "jobs.sqlite").unlink()
    (missing,) = checked("api")
    assert missing.endswith("run `clearleaf migrate`")
    assert not (tmp_path / "jobs.sqlite").exists()


def test_a_database_that_is_away_is_told(monkeypatch):
    monkeypatch.setenv("CLEARLEAF_DATABASE_URL", f"postgresql://me:hunter2@127.0.0.1:{free_port()}/book")
    assert any("job book: the job book cannot be reached" in told for told in checked("reconciler"))


def test_what_many_machines_would_not_share_is_told(monkeypatch, postgres):
    url = postgres.empty_database()
    monkeypatch.setenv("CLEARLEAF_DATABASE_URL", url)
    settings = JobsSettings()
    JobStore(settings.database, settings).migrate()
    cures = "".join(checked("api"))
    assert all(name in cures for name in ("CLEARLEAF_STORAGE_URL", "CLEARLEAF_SIGNING_KEY", "CLEARLEAF_PUBLIC_URL"))


def test_a_service_that_asks_for_keys_of_which_there_are_none_is_told(monkeypatch):
    monkeypatch.setenv("CLEARLEAF_AUTHENTICATION", "keys")
    book = KeyBook(Database(JobsSettings().database))
    book.create("acme", {Scope.READ})
    revoked = book.create("acme", {Scope.JOBS})
    book.revoke(revoked.key.id)
    (missing,) = checked("api")
    assert missing.startswith("authentication: none of 1 good keys may order: make one with `clearleaf keys create")
    assert checked("reconciler") == []
    book.create("acme", {Scope.JOBS})
    assert checked("api") == []


def test_a_broker_that_forgets_is_told(monkeypatch, broker):
    client = redis.Redis.from_url(broker)
    client.config_set("appendonly", "no")
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        append, memory = checked("api")
    finally:
        client.config_set("appendonly", "yes")
        client.config_set("maxmemory-policy", "noeviction")
    assert "appendonly yes" in append
    assert "noeviction" in memory


def test_a_broker_that_is_away_is_told(monkeypatch):
    monkeypatch.setenv("CLEARLEAF_BROKER_URL", f"redis://:hunter2@127.0.0.1:{free_port()}/0")
    (missing,) = checked("reconciler")
    assert missing.endswith("check CLEARLEAF_BROKER_URL")


def test_a_storage_that_is_closed_is_told(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CLEARLEAF_STORAGE_URL", f"file://{tmp_path}/file/results")
    (missing,) = checked("api")
    assert missing.startswith("results: ")


def test_a_bucket_is_tried(monkeypatch, s3, bucket):
    monkeypatch.setenv("CLEARLEAF_S3_ENDPOINT_URL", s3.url)
    monkeypatch.setenv("CLEARLEAF_STORAGE_URL", f"s3://{bucket}/lai")
    assert checked("reconciler") == []
    monkeypatch.setenv("CLEARLEAF_STORAGE_URL", "s3://nowhere/lai")
    (missing,) = checked("reconciler")
    assert "nowhere" in missing


def test_a_scratch_folder_that_is_not_there_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("CLEARLEAF_SCRATCH_DIR", str(tmp_path / "nowhere"))
    (missing,) = checked("worker")
    assert missing.endswith("set CLEARLEAF_SCRATCH_DIR")


def test_a_scratch_folder_that_is_small_is_told(monkeypatch, small_disk):
    monkeypatch.setenv("CLEARLEAF_SCRATCH_DIR", str(small_disk))
    (missing,) = checked("worker")
    assert missing.endswith("GiB free: too little")


def test_a_gpu_that_nobody_sees_is_told(monkeypatch):
    monkeypatch.setattr(config_check_worker.torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("CLEARLEAF_DEVICE", "cuda")
    (missing,) = checked("worker")
    assert missing.startswith("device: CLEARLEAF_DEVICE is cuda, but no GPU is visible")


def test_weights_that_are_not_as_published_are_told(monkeypatch, tmp_path):
    folder = tmp_path / "published"
    shutil.copytree(config_check_worker.FOLDER, folder)
    (folder / "release-default.safetensors").write_bytes(b"other")
    (folder / "release-paper.safetensors").unlink()
    monkeypatch.setattr(config_check_worker, "FOLDER", folder)
    changed, gone = checked("worker")
    assert hashlib.sha256(b"other").hexdigest() in changed
    assert "No such file" in gone


def test_a_catalogue_that_is_away_is_told(monkeypatch):
    monkeypatch.setenv("CLEARLEAF_CATALOGS", json.dumps({"far": f"http://127.0.0.1:{free_port()}/v1"}))
    missing = checked("worker")
    assert missing
    assert all(told.startswith("catalogue far: ") for told in missing)


def test_a_worker_without_catalogues_is_told(monkeypatch):
    monkeypatch.delenv("CLEARLEAF_CATALOGS")
    assert checked("worker") == ["catalogues: none is configured: set CLEARLEAF_CATALOGS"]
