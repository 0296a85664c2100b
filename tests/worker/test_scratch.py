"""A worker's own folder: nobody else's is touched while its owner lives, and nothing is left of the dead."""

import errno
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from worker import scratch

WORKER = """
import os, sys
from pathlib import Path
from worker.scratch import make_own
own = make_own(Path(sys.argv[1]))
(own / "rasters").mkdir()
(own / "rasters" / "lai.tif").write_bytes(b"half")
print(own, flush=True)
os.execv(sys.executable, [sys.executable, "-c", '''
import os, time
if os.fork() == 0:
    print("computing", os.getpid(), flush=True)
time.sleep(600)
'''])
"""
"""Becomes another program and forks, as `clearleaf worker` does."""


class Started:
    """A worker: its main process, the one that computes, and its folder."""

    def __init__(self, folder) -> None:
        command = [sys.executable, "-c", WORKER, str(folder)]
        self.main = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.own = folder / self.main.stdout.readline().strip()
        self.computing = int(self.main.stdout.readline().split()[1])

    def kill_main(self) -> None:
        self.main.kill()
        self.main.wait()

    def kill(self) -> None:
        """Kill both, and wait until they have closed what they had open."""
        self.kill_main()
        with suppress(ProcessLookupError):
            os.kill(self.computing, signal.SIGKILL)
        deadline = time.monotonic() + 60
        while not has_ended(self.computing):  # no child of ours: it cannot be waited for
            assert time.monotonic() < deadline
            time.sleep(0.01)
        self.main.stdout.close()


def has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.fixture
def start(tmp_path):
    started = []

    def one() -> Started:
        started.append(Started(tmp_path))
        return started[-1]

    yield one
    for worker in started:
        if not worker.main.stdout.closed:
            worker.kill()


def test_the_folder_of_a_killed_worker_is_removed_by_the_next(tmp_path, start):
    killed, living = start(), start()
    killed.kill()
    scratch.sweep(tmp_path)
    assert list(tmp_path.iterdir()) == [living.own]
    assert (living.own / "rasters" / "lai.tif").read_bytes() == b"half"


def test_a_process_that_computes_on_keeps_the_folder(tmp_path, start):
    worker = start()
    worker.kill_main()
    scratch.sweep(tmp_path)
    assert worker.own.is_dir()
    worker.kill()
    scratch.sweep(tmp_path)
    assert not worker.own.exists()


def test_what_is_not_ours_stays(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "lock").touch()
    (tmp_path / "clearleaf-worker-link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "clearleaf-worker-being-made").mkdir()
    scratch.sweep(tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    assert (tmp_path / "elsewhere" / "lock").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another's folder")
def test_what_another_user_made_stays(tmp_path):
    other = tmp_path / "clearleaf-worker-other"
    other.mkdir()
    (other / "lock").touch()
    os.chown(other, 65534, 65534)
    scratch.sweep(tmp_path)
    assert other.is_dir()


def test_a_worker_that_ends_leaves_nothing(tmp_path):
    scratch.remove_own(scratch.make_own(tmp_path / "new"))
    assert list((tmp_path / "new").iterdir()) == []
    scratch.remove_own(tmp_path)
    assert tmp_path.is_dir(), "a folder that no worker made is not its to remove"


def test_a_disk_without_locks_is_used_all_the_same(tmp_path, monkeypatch, caplog):
    def refused(lock, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(scratch.fcntl, "flock", refused)
    own = scratch.make_own(tmp_path)
    assert own.is_dir()
    assert "cannot be locked (No locks available)" in caplog.text
    scratch.sweep(tmp_path)
    assert own.is_dir()
