"""One job on the real scenes of patch A as a user runs it: wall time, peak memory, report and picture.

python benchmarks/real_scenes.py           # prints the figures
python benchmarks/real_scenes.py --docs    # and writes them and the picture into docs/

Needs the real scenes in CLEARLEAF_REAL_DATA.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[1] / "docs"
RANGE = ["--start", "2018-03-05", "--end", "2018-09-30", "--step-days", "5", "--weights", "without-a"]
"""Every fifth day from a pass of Sentinel-2 on: the dates show observed, mixed and reconstructed maps."""


def main() -> None:
    """Run the job and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--docs", action="store_true", help="write docs/real-scenes.md and its picture too")
    arguments = parser.parse_args()
    real = Path(os.environ.get("CLEARLEAF_REAL_DATA", "../shared/real")).resolve()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "lai"
        places = ["--catalog", str(real / "catalogue-a" / "catalog.json"), "--aoi", str(real / "aoi-a.geojson")]
        places += ["--parcels", str(real / "parcels-a.geojson"), "--parcel-id", "id"]
        started = time.monotonic()
        subprocess.run([sys.executable, "-m", "clearleaf", "run", *places, *RANGE, "--out", str(out)], check=True)
        seconds = time.monotonic() - started
        megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        text = _text(json.loads((out / "accuracy.json").read_text()), len(list(out.glob("lai-2*.tif"))))
        text += f"\nWall time {seconds:.0f} s, peak memory {megabytes:,.0f} MB, on {os.cpu_count()} cores, "
        text += f"{datetime.now(UTC).date()}; made by `python benchmarks/real_scenes.py --docs`.\n"
        print(text)
        if arguments.docs:
            (DOCS / "pictures").mkdir(exist_ok=True)
            shutil.copy(out / "season.png", DOCS / "pictures" / "real-scenes.png")
            page = DOCS / "real-scenes.md"
            marked = r"(<!-- figures: begin -->\n).*?(<!-- figures: end -->)"
            page.write_text(re.sub(marked, lambda m: f"{m[1]}{text}{m[2]}", page.read_text(), flags=re.DOTALL))


def _text(report: dict[str, Any], dates: int) -> str:
    """Return the job's report as Markdown."""
    lines = [f"{dates} dates were delivered. {report['note'][0].upper()}{report['note'][1:]}.", ""]
    lines += [f"Hidden: {', '.join(report['hidden_dates'])}, each with every scene within 15 days of it.", ""]
    lines += ["| method | RMSE | MAE | bias | R² | in the 90 % interval | pixels |", "|---|---|---|---|---|---|---|"]
    for name, figures in sorted(report["scenarios"]["gap15"].items(), key=lambda pair: pair[1]["rmse"]):
        values = " | ".join(f"{figures[key]:.2f}" for key in ("rmse", "mae", "bias", "r2"))
        covered = f"{figures['coverage90']:.0%}" if "coverage90" in figures else ""
        lines.append(f"| {name} | {values} | {covered} | {figures['n']:,} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
