"""Every system of the paper and every classical method on the same hidden pixels, from the published weights.

    python benchmarks/accuracy.py                       # prints the tables; some ten minutes on two cores
    python benchmarks/accuracy.py --docs                # and writes them, with pictures, into docs/accuracy.md
    python benchmarks/accuracy.py --simulated-sites 20  # more simulated land
    python benchmarks/accuracy.py --average-sites 200   # more land to average over
    python benchmarks/accuracy.py --places A --scenarios gap15 --average-sites 0   # one cell

The target is observed LAI (SL2P-type) of single clear scenes. Each real patch is scored with weights that never saw it;
simulated sites have seeds that training cannot draw. The average takes some 10 s of one core for each site.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import platform
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch
from accuracy_average import average, site_sums
from accuracy_cells import cells_of
from accuracy_places import REAL, SIMULATED, average_specs
from accuracy_tables import in_docs, tables
from model_cards import write_cards

from models import weights
from models.evaluation.scenarios import GAP0, GAP15, SCENARIOS

AVERAGE_SITES, AVERAGE_SITES_OF_DOCS = 4, 60
"""A site has some 18,000 scored pixels of cropland and forest, and twice as many in all: the page has millions."""

Found = TypeVar("Found")


def main() -> None:
    """Print the tables."""
    parser, arguments = _arguments()
    if arguments.docs and arguments.weights_folder.resolve() != weights.FOLDER:
        parser.error("--docs shows the published weights: leave --weights-folder out")
    if arguments.docs and (arguments.places, arguments.scenarios) != (None, None):
        parser.error("--docs shows all places and scenarios: leave --places and --scenarios out")
    started, folder = time.monotonic(), arguments.weights_folder.resolve()
    document = _measured(arguments, folder) | {
        "made": datetime.now(UTC).date().isoformat(),
        "machine": f"{arguments.processes} cores ({platform.machine()}), torch {torch.__version__}",
        "seconds": round(time.monotonic() - started),
    }
    print(tables(document))
    if arguments.out:
        arguments.out.write_text(json.dumps(document, indent=1) + "\n")
    if arguments.docs:
        in_docs(document, Path(__file__).parents[1] / "docs")
        write_cards(document, folder, REAL)


def _arguments() -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add, names = parser.add_argument, [scenario.name for scenario in SCENARIOS]
    add("--docs", action="store_true", help="write docs/accuracy.md and its pictures too")
    add("--places", nargs="+", choices=[*REAL, *SIMULATED], help="default: all")
    add("--scenarios", nargs="+", choices=names, help="of the places; default: all")
    add("--simulated-sites", type=int, default=1, help="simulated sites per region")
    many = f"default: {AVERAGE_SITES}, with --docs {AVERAGE_SITES_OF_DOCS}"
    add("--average-sites", type=int, help=f"simulated sites to average over; {many}; 0 = leave it out")
    add("--average-gap0", action="store_true", help="average over days hidden alone too, in twice the time")
    add("--weights-folder", type=Path, default=weights.FOLDER, help="default: the published ones")
    add("--processes", type=int, default=2)
    add("--out", type=Path, help="write the figures as JSON")
    arguments = parser.parse_args()
    if arguments.average_sites is None:
        arguments.average_sites = AVERAGE_SITES_OF_DOCS if arguments.docs else AVERAGE_SITES
    return parser, arguments


def _measured(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Return the cells of every place, which of them have no day to score, and the average."""
    scenarios = [s for s in SCENARIOS if s.name in (arguments.scenarios or [s.name])]
    sheet = partial(cells_of, sites_per_region=arguments.simulated_sites, scenarios=scenarios)
    sums = partial(site_sums, scenarios=[GAP15, GAP0] if arguments.average_gap0 else [GAP15])
    places, specs = arguments.places or (*REAL, *SIMULATED), average_specs(arguments.average_sites)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.processes, spawn, _begin, (folder,)) as pool:
        sheets, sites = pool.map(sheet, places), pool.map(sums, specs)  # both are under way from here on
        cells = [cell for found in _counted(sheets, len(places), "places") for cell in found]
        averages = average(_counted(sites, len(specs), "sites averaged over"))
    return {
        "cells": [cell for cell in cells if cell["n"]],
        "left_out": [[cell["place"], cell["scenario"]] for cell in cells if not cell["n"]],
        "average": averages,
    }


def _begin(folder: Path) -> None:
    torch.set_num_threads(1)  # the processes share the cores
    weights.FOLDER = folder


def _counted(found: Iterable[Found], count: int, what: str) -> Iterator[Found]:
    """Yield everything, saying on standard error how many of them are there."""
    started = time.monotonic()
    for number, one in enumerate(found, start=1):
        print(f"{number} of {count} {what}, {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        yield one


if __name__ == "__main__":
    main()
