"""What tests of every room share: the folder of real scenes, where there is one."""

import os
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
