"""What the command line says when something is wrong: a sentence, the right exit code, and no secret."""

import subprocess
import sys
import threading
import time
from importlib.metadata import version

import httpx
import pytest

from clearleaf import cli, commands_client
from clearleaf.addresses import free_port
from clearleaf.client import Client
from jobs.settings import JobsSettings
from jobs.store import JobStore


def called(monkeypatch, capsys, *arguments) -> tuple[int, str, str]:
    """Run the command line in this process and return its exit code and what it said."""
    monkeypatch.setattr(sys, "argv", ["clearleaf", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    said = capsys.readouterr()
    return ended.value.code, said.out, said.err


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LEASE_S", "soon", "CLEARLEAF_LEASE_S: Input should be a valid number"),
        ("GRACE_S", "5", "CLEARLEAF_GRACE_S: Input should be greater than 30"),
        ("CATALOGS", "none", "CLEARLEAF_CATALOGS: is no JSON"),
        ("CATALOGS", '{"mine": {"name": "mine"}}', "CLEARLEAF_CATALOGS (mine): names no place"),
        ("DATABASE_URL", "mysql://me:hush@book", "CLEARLEAF_DATABASE_URL: is not supported: give postgresql://"),
        ("STORAGE_URL", "gs://bucket", "CLEARLEAF_STORAGE_URL: is not supported: give file:///a/folder or s3://bucket"),
        ("S3_ENDPOINT_URL", "http://me:hush@seaweed:8333", "CLEARLEAF_S3_ENDPOINT_URL: is no URL of a service"),
        ("S3_ENDPOINT_URL", "seaweed:8333", "CLEARLEAF_S3_ENDPOINT_URL: is no URL of a service"),
        ("DEFAULT_CATALOG", "mine", "default_catalog 'mine' is not configured"),
    ],
)
@pytest.mark.parametrize("command", ["migrate", "api", "up"])
def test_a_wrong_setting_is_named(monkeypatch, capsys, tmp_path, command, name, value, said):
    monkeypatch.setenv(f"CLEARLEAF_{name}", value)
    arguments = ["--data", tmp_path] if command == "up" else []
    code, _, error = called(monkeypatch, capsys, command, *arguments)
    assert code == 2
    assert said in error
    assert "Traceback" not in error


@pytest.mark.parametrize("command", ["api", "reconcile", "up"])
def test_a_storage_that_refuses_is_told_before_anything_starts(monkeypatch, capsys, tmp_path, command):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("CLEARLEAF_STORAGE_URL", f"file://{tmp_path}/file/results")
    monkeypatch.setenv("CLEARLEAF_DATA_DIR", str(tmp_path))
    arguments = ["--data", tmp_path / "data", "--port", "0"] if command == "up" else []
    code, out, error = called(monkeypatch, capsys, command, *arguments)
    assert code == 2
    assert f"the result storage {tmp_path}/file/results cannot be written" in " ".join(error.split())
    assert "CLEARLEAF_STORAGE_URL" in error
    assert "starting" not in out


def test_every_wrong_setting_is_told_and_no_secret(monkeypatch, capsys):
    secrets = {"SIGNING_KEY": "hush-hush", "BROKER_URL": "redis://:hush-hush@broker/0"}
    for name, value in {**secrets, "LEASE_S": "-1", "RESEND_S": "hush-hush"}.items():
        monkeypatch.setenv(f"CLEARLEAF_{name}", value)
    code, _, error = called(monkeypatch, capsys, "reconcile")
    assert code == 2
    assert "CLEARLEAF_LEASE_S" in error
    assert "CLEARLEAF_RESEND_S" in error
    assert "hush" not in error


def test_settings_that_exclude_each_other_show_no_secret_either(monkeypatch, capsys):
    wrong = {"BROKER_URL": "redis://:hush-hush@broker/0", "LEASE_S": "5", "HEARTBEAT_S": "9"}
    for name, value in wrong.items():
        monkeypatch.setenv(f"CLEARLEAF_{name}", value)
    code, _, error = called(monkeypatch, capsys, "migrate")
    assert code == 2
    assert "heartbeat_s (9.0) must be shorter than lease_s (5.0)" in error
    assert "hush" not in error


@pytest.mark.parametrize("odd", ["[red]fields[/red]", "a[/b]", ":smile:"])
def test_words_of_others_are_printed_as_they_are(monkeypatch, capsys, odd):
    code, _, error = called(
        monkeypatch, capsys, "submit", "--start", "2023-05-01", "--end", "2023-06-01", "--aoi", f"{odd}.geojson"
    )
    assert code == 2
    assert f"--aoi {odd}.geojson cannot be read" in error


def test_messages_of_a_service_are_printed_as_they_are(monkeypatch, capsys):
    info = {"jobID": "1", "status": "failed", "progress": 3, "created": "today", "message": "[/b] of :smile: [1]"}
    answers = {
        "/jobs": {"jobs": [info], "links": []},
        "/jobs/1/log": {"entries": [{"time": "now", "level": "info", "message": info["message"]}]},
    }
    service = httpx.MockTransport(lambda request: httpx.Response(200, json=answers[request.url.path]))
    monkeypatch.setattr(commands_client, "Client", lambda url: Client(url, transport=service))
    for command in (["status"], ["log", "1"]):
        code, out, _ = called(monkeypatch, capsys, *command)
        assert code == 0
        assert info["message"] in out


@pytest.mark.parametrize(
    ("variables", "asked"),
    [
        ({"CLEARLEAF_URL": "http://lai.test"}, "lai.test"),
        ({"CLEARLEAF_PUBLIC_URL": "http://public.test"}, "public.test"),
        ({"CLEARLEAF_URL": "http://lai.test", "CLEARLEAF_PUBLIC_URL": "http://public.test"}, "lai.test"),
        ({"CLEARLEAF_URL": "", "CLEARLEAF_PUBLIC_URL": ""}, "127.0.0.1"),
    ],
)
def test_the_environment_says_where_the_service_is(monkeypatch, capsys, variables, asked):
    for name in ("CLEARLEAF_URL", "CLEARLEAF_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    hosts = []

    def handler(request):
        hosts.append(request.url.host)
        return httpx.Response(200, json={"jobs": [], "links": []})

    service = httpx.MockTransport(handler)
    monkeypatch.setattr(commands_client, "Client", lambda url: Client(url, transport=service))
    assert called(monkeypatch, capsys, "status")[0] == 0
    with Client(transport=service) as client:
        assert list(client.jobs()) == []
    assert hosts == [asked, asked]


@pytest.mark.parametrize(("errors", "code"), [([], 0), ([{"pointer": "/aoi", "detail": "aoi covers too much"}], 1)])
def test_an_estimate_is_printed_and_nothing_is_ordered(monkeypatch, capsys, tmp_path, errors, code):
    document = {
        "area_km2": 2.0,
        "scenes": 9,
        "scenes_counted": True,
        "dates": 2,
        "tiles": 1,
        "pixels": 9,
        "seconds": 50,
    }
    document |= {"bytes": 900_000, "jobs_before": 0, "caps": {}, "errors": errors}
    asked = []

    def handler(request):
        asked.append(request.url.path)
        return httpx.Response(200, json=document)

    monkeypatch.setattr(commands_client, "Client", lambda url: Client(url, transport=httpx.MockTransport(handler)))
    (tmp_path / "field.geojson").write_text("{}")
    order = ["--aoi", tmp_path / "field.geojson", "--start", "2023-05-01", "--end", "2023-06-01"]
    ended, out, _ = called(monkeypatch, capsys, "submit", *order, "--estimate")
    assert (ended, asked) == (code, ["/jobs/estimate"])
    assert "9 scenes, 1 tile, about 50 seconds on one CPU, about 900 kB" in out
    assert ("cannot be ordered: aoi covers too much" in out) is bool(errors)


def test_a_table_for_run_needs_no_service():
    """`clearleaf run` works where the service is not installed."""
    code = "import sys, clearleaf.commands_jobs, clearleaf.run; sys.exit('fastapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_who_waits_for_the_schema_does_not_make_it(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("CLEARLEAF_DATA_DIR", str(tmp_path))
    code, _, error = called(monkeypatch, capsys, "migrate", "--wait", "0")
    assert code == 1
    assert "run `clearleaf migrate`" in error
    waiting = threading.Thread(target=lambda: (time.sleep(0.5), _store(tmp_path).migrate()))
    waiting.start()
    code, out, _ = called(monkeypatch, capsys, "migrate", "--wait", "30")
    waiting.join()
    assert (code, out.strip()) == (0, "the job book is at its newest version")


def test_who_waits_for_a_database_that_is_away_says_so(monkeypatch, capsys):
    monkeypatch.setenv("CLEARLEAF_DATABASE_URL", f"postgresql://me:hush@127.0.0.1:{free_port()}/book")
    code, _, error = called(monkeypatch, capsys, "migrate", "--wait", "0.1")
    assert code == 1
    assert "waited 0.1 s for the job book: the job book cannot be reached" in " ".join(error.split())
    assert "hush" not in error


def _store(data) -> JobStore:
    settings = JobsSettings(data_dir=data)
    return JobStore(settings.database, settings)


def test_the_version_is_told():
    done = subprocess.run([sys.executable, "-m", "clearleaf", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"clearleaf {version('clearleaf')}\n"
