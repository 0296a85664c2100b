"""Children that are kept alive, one at a time, and ended with all that they have started."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from clearleaf import processes
from clearleaf.processes import Child, ChildFailed

PARENT = """
import os, signal, subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(99)"])
time.sleep(99)
"""


@pytest.fixture
def child(tmp_path):
    made = Child("parent", [sys.executable, "-c", PARENT], {}, tmp_path / "log", grace_s=2)
    yield made
    made.stop()


def group(pid: int) -> list[int]:
    """Processes of a group that still run."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            state, _, pgrp = (process / "stat").read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(pgrp) == pid and state != "Z":
            found.append(int(process.name))
    return found


def until(met, within_s=60):
    deadline = time.monotonic() + within_s
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def started(child) -> int:
    child.start()
    until(lambda: len(group(child.process.pid)) == 2)
    return child.process.pid


def test_orphans_of_a_killed_process_are_ended_before_it_starts_again(child):
    first = started(child)
    os.kill(first, signal.SIGKILL)
    child.process.wait()
    assert len(group(first)) == 1
    child.keep_alive()
    assert child.process.pid != first
    until(lambda: group(first) == [])


@pytest.mark.parametrize("dead", [False, True])
def test_nothing_of_the_group_is_left_after_a_stop(child, dead):
    pid = started(child)
    if dead:
        os.kill(pid, signal.SIGKILL)
        child.process.wait()
    child.stop()
    until(lambda: group(pid) == [])


def test_a_process_that_will_not_end_is_killed_once_its_grace_is_over(tmp_path):
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(99)"
    child = Child("stubborn", [sys.executable, "-c", stubborn], {}, tmp_path / "log", grace_s=0.5)
    child.start()
    until(lambda: (tmp_path / "log").read_text())
    began = time.monotonic()
    child.stop()
    assert 0.5 <= time.monotonic() - began < 60  # it would sleep for longer
    assert child.process.returncode == -signal.SIGKILL


def test_only_deaths_in_quick_succession_are_held_against_a_child(tmp_path, monkeypatch):
    child = Child("mayfly", [sys.executable, "-c", ""], {}, tmp_path / "log")
    clock = [0.0]
    monkeypatch.setattr(processes.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(processes, "MOST_RESTARTS", 3)
    child.start()
    for _ in range(8):  # one at a time, far apart
        child.process.wait()
        child.keep_alive()
        clock[0] += processes.WITHIN_S / 2
    with pytest.raises(ChildFailed, match="mayfly died 4 times within 10 minutes, last with code 0"):
        for _ in range(4):
            child.process.wait()
            child.keep_alive()
