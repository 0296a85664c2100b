"""The demo as a newcomer runs it: done or interrupted, it leaves no process behind."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pystac
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("demo") / "data"


def started(data: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "clearleaf", "demo", "--data", str(data)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def parts_of(data: Path) -> list[str]:
    """The command lines of processes that work on a folder."""
    mark = f"CLEARLEAF_DATA_DIR={data}\0".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:  # ended meanwhile
            continue
    return found


def test_interrupted_it_takes_everything_down(data):
    demo = started(data)
    deadline = time.monotonic() + 120
    while len(parts_of(data)) < 4 and time.monotonic() < deadline:
        assert demo.poll() is None, demo.stdout.read()
        time.sleep(0.1)
    time.sleep(3)
    demo.send_signal(signal.SIGINT)
    said, _ = demo.communicate(timeout=60)
    assert demo.returncode == 130, said
    assert "interrupted: the service is stopped" in said
    assert "Traceback" not in said
    assert parts_of(data) == []


def test_it_ends_with_maps_a_table_and_a_picture(data):
    demo = started(data)
    said, _ = demo.communicate(timeout=400)
    assert demo.returncode == 0, said
    assert parts_of(data) == []
    assert "RMSE" in said
    assert "simulated scenes" in said
    (results,) = (data / "results").iterdir()
    assert (results / "season.png").stat().st_size > 50_000
    assert len(list(pystac.Collection.from_file(str(results / "collection.json")).get_items())) > 20
    assert json.loads((results / "accuracy.json").read_text())["simulated"] is True
