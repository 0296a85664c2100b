"""What the command line says when something is wrong: a sentence, the right exit code, and no secret."""

import subprocess
import sys

import httpx
import pytest

from clearleaf import cli, commands_client
from clearleaf.client import Client


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


def test_a_table_for_run_needs_no_service():
    """`clearleaf run` works where the service is not installed."""
    code = "import sys, clearleaf.commands_jobs, clearleaf.run; sys.exit('fastapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
