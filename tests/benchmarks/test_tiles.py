"""A tile's memory on real scenes, as the benchmark of tiles measures it in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real
SCRIPT = Path(__file__).parents[2] / "benchmarks" / "tiles.py"
MOST_MB = 1000
"""Above what the process holds before it, for 288 x 288 pixels of 44 scenes on three dates: some 650 are needed."""


def test_the_memory_of_a_tile_is_bounded(real_data, tmp_path):
    order = ["--patches", "6", "--tile-px", "192", "--start", "2018-06-24", "--end", "2018-07-04", "--step-days", "5"]
    command = [sys.executable, str(SCRIPT), *order, "--context-days", "30", "--threads", "1"]
    environment = os.environ | {"CLEARLEAF_REAL_DATA": str(real_data)}
    subprocess.run([*command, "--json", str(tmp_path / "figures.json")], check=True, env=environment)
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert (figures["shape"], figures["scenes"]) == ([192, 192], 44)
    found = {step["name"]: step for step in figures["steps"]}
    assert list(found) == ["plan", "prepare", "r000c000", "finish"]
    assert 100 < found["r000c000"]["peak_mb"] - found["r000c000"]["before_mb"] < MOST_MB
