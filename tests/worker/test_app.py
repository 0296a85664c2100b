"""A worker that cannot work ends at once and says why; it does not take messages to drop them."""

import os
import subprocess
import sys

import pytest

COMMANDS = {
    "door": [sys.executable, "-m", "clearleaf", "worker"],
    "celery": [sys.executable, "-m", "celery", "-A", "worker.app", "worker", "-c", "1"],
}
NOBODY = "redis://:hush-hush@127.0.0.1:1/0"


def ended(command, folder, **settings) -> subprocess.CompletedProcess:
    """Run a worker until it ends; nobody listens where it looks for its broker."""
    environment = os.environ | {"CLEARLEAF_DATA_DIR": str(folder), "CLEARLEAF_BROKER_URL": NOBODY}
    environment |= {f"CLEARLEAF_{name.upper()}": str(value) for name, value in settings.items()}
    return subprocess.run(COMMANDS[command], env=environment, capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_scratch_folder_that_cannot_be_written_is_told(tmp_path, command):
    (tmp_path / "file").write_text("in the way")
    done = ended(command, tmp_path, scratch_dir=tmp_path / "file" / "scratch")
    assert done.returncode == 2
    assert f"error: the scratch folder {tmp_path}/file/scratch cannot be written" in done.stderr
    assert "CLEARLEAF_SCRATCH_DIR" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_storage_that_refuses_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = ended("celery", tmp_path, storage_url=f"file://{tmp_path}/file/results")
    assert done.returncode == 2
    assert f"error: the result storage {tmp_path}/file/results cannot be written" in done.stderr
    assert "CLEARLEAF_STORAGE_URL" in done.stderr
    assert "Traceback" not in done.stderr


def test_metrics_are_not_shown_to_the_network_without_a_key(tmp_path):
    done = ended("door", tmp_path, metrics_port=9464, metrics_host="0.0.0.0")
    assert done.returncode == 2
    assert "error: CLEARLEAF_METRICS_HOST: refusing to listen on '0.0.0.0'" in done.stderr
    assert "Traceback" not in done.stderr


def test_metrics_of_a_pool_need_the_folder_that_the_door_makes(tmp_path):
    done = ended("celery", tmp_path, metrics_port=9464)
    assert done.returncode == 2
    assert "start this worker by `clearleaf worker`" in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_wrong_settings_are_told_and_no_secret(tmp_path, command):
    done = ended(command, tmp_path, lease_s=5, heartbeat_s=9)
    assert done.returncode == 2
    assert "heartbeat_s (9.0) must be shorter than lease_s (5.0)" in done.stderr
    assert "Traceback" not in done.stderr
    assert "hush" not in done.stderr + done.stdout


def test_what_only_the_computing_process_finds_ends_the_whole_worker(tmp_path):
    done = ended("door", tmp_path, database_url="sqlite:////proc/nowhere/book")
    assert done.returncode != 0
    assert "this worker cannot work and ends" in done.stdout + done.stderr
    assert "/proc/nowhere" in done.stdout + done.stderr
