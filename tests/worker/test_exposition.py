"""The metrics of a pool whose processes come and go: nothing is lost, and files do not pile up."""

import os
import subprocess
import sys

import pytest

from worker.exposition import FOLDER, PoolCollector

WORK = """
import os, sys
from prometheus_client import Counter, Gauge, Histogram
Counter("done", "Done.", ["kind"]).labels("tile").inc(3)
Histogram("took", "Took.", buckets=(1, 2)).observe(1.5)
Gauge("memory", "Memory.", multiprocess_mode="livemax").set(7)
print("ready", flush=True)
sys.stdin.read(1)
os._exit(0)
"""


@pytest.fixture
def process(tmp_path):
    """Starts a process that counts and then waits for the end of its input."""
    started = []

    def start() -> subprocess.Popen:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        child = subprocess.Popen([sys.executable, "-c", WORK], env=os.environ | {FOLDER: str(tmp_path)}, **pipes)
        assert child.stdout.readline() == b"ready\n"
        started.append(child)
        return child

    yield start
    for child in started:
        child.communicate()


def samples(folder) -> dict[str, float]:
    metrics = PoolCollector(folder).collect()
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for metric in metrics
        for sample in metric.samples
    }


def test_the_work_of_the_dead_counts_and_their_files_go(tmp_path, process):
    for ended in range(1, 4):
        process().communicate()
        found = samples(tmp_path)
        assert found["done_total tile"] == 3 * ended
        assert found["took_count"] == ended
        assert found["took_bucket 1.0"] == 0
        assert found["took_bucket 2.0"] == found["took_bucket +Inf"] == ended
        assert "memory" not in found
        assert sorted(path.name for path in tmp_path.iterdir()) == ["counter_past.db", "histogram_past.db"]


def test_the_living_are_added_to_the_dead(tmp_path, process):
    process().communicate()
    samples(tmp_path)
    living = process()
    found = samples(tmp_path)
    assert found["done_total tile"] == 6
    assert found["memory"] == 7
    assert samples(tmp_path) == found  # said twice, it holds once
    living.communicate()
    assert samples(tmp_path)["done_total tile"] == 6
