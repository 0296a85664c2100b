"""The demo as a newcomer runs it: done or interrupted, it leaves no process behind."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pystac
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("demo") / "data"


@pytest.fixture
def demo(data: Path) -> Iterator[subprocess.Popen]:
    command = [sys.executable, "-m", "clearleaf", "demo", "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as started:
        yield started
        started.kill()  # where the test did not see its end; what it has started ends with it


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


def test_interrupted_it_takes_everything_down(data, demo):
    deadline = time.monotonic() + 300
    while len(parts_of(data)) < 4:
        assert demo.poll() is None, demo.stdout.read()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(3)
    demo.send_signal(signal.SIGINT)
    said, _ = demo.communicate(timeout=240)
    assert demo.returncode == 130, said
    assert "interrupted: the service is stopped" in said
    assert "Traceback" not in said
    assert parts_of(data) == []


def test_it_ends_with_maps_a_table_and_a_picture(data, demo):
    said, _ = demo.communicate(timeout=900)
    assert demo.returncode == 0, said
    assert parts_of(data) == []
    assert "RMSE" in said
    assert "simulated scenes" in said
    (results,) = (data / "results").iterdir()
    assert (results / "season.png").stat().st_size > 50_000
    assert len(list(pystac.Collection.from_file(str(results / "collection.json")).get_items())) > 20
    assert json.loads((results / "accuracy.json").read_text())["simulated"] is True
