"""A worker's alive file: young while its loop turns and while it waits for a broker; old once its loop is stuck."""

import os
import signal
import subprocess
import sys
import time

import pytest

from clearleaf.addresses import free_port
from clearleaf.broker import broker_command, write_configuration

pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def broker(tmp_path):
    """Returns a way to start a broker, whose port is known before, and the port."""
    port, started = free_port(), []
    write_configuration(tmp_path / "broker", port, "hush")

    def start() -> subprocess.Popen:
        started.append(subprocess.Popen(broker_command(tmp_path / "broker"), stdout=subprocess.DEVNULL))
        return started[-1]

    yield start, port
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def worker(tmp_path, broker):
    """A worker whose broker is not there yet."""
    settings = {
        "CLEARLEAF_DATA_DIR": str(tmp_path),
        "CLEARLEAF_BROKER_URL": f"redis://:hush@127.0.0.1:{broker[1]}/0",
        "CLEARLEAF_ALIVE_FILE": str(tmp_path / "alive"),
        "CLEARLEAF_HEARTBEAT_S": "0.2",
    }
    command = [sys.executable, "-m", "clearleaf", "worker"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, env=os.environ | settings, stderr=log, start_new_session=True)
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_it_is_touched_whether_the_broker_is_there_or_not(tmp_path, broker, worker):
    log = tmp_path / "log"
    until(lambda: "Connection refused" in log.read_text() and (tmp_path / "alive").exists())
    touched(tmp_path / "alive", times=3)
    process = broker[0]()
    until(lambda: "ready." in log.read_text())
    touched(tmp_path / "alive", times=3)
    process.kill()
    until(lambda: "Trying to re-establish" in log.read_text() or log.read_text().count("Connection refused") > 1)
    touched(tmp_path / "alive", times=3)


def test_it_grows_old_where_the_loop_is_stuck(tmp_path, broker, worker):
    broker[0]()
    until(lambda: "ready." in (tmp_path / "log").read_text())
    os.kill(worker.pid, signal.SIGSTOP)
    try:
        time.sleep(2)
        assert time.time() - (tmp_path / "alive").stat().st_mtime > 1.5
    finally:
        os.kill(worker.pid, signal.SIGCONT)


def until(met, within_s: float = 200) -> None:
    deadline = time.monotonic() + within_s
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def touched(path, times: int) -> None:
    for _ in range(times):
        last = path.stat().st_mtime_ns
        until(lambda last=last: path.stat().st_mtime_ns > last, within_s=60)
