"""What tests of every room share: the folder of real scenes, where there is one, and a disk that is soon full."""

import os
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real Sentinel scenes; tests that need it skip where it is absent."""
    default = Path(__file__).parents[2] / "shared" / "real"
    folder = Path(os.environ.get("CLEARLEAF_REAL_DATA", default)).resolve()
    if not (folder / "catalogue-a" / "catalog.json").exists():
        pytest.skip(f"no real scenes in {folder}: set CLEARLEAF_REAL_DATA")
    return folder


@pytest.fixture
def small_disk(tmp_path) -> Path:
    """A file system of one megabyte; tests that need it skip where this machine lets nobody mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
