"""Services that nobody has yet, played by simpy with figures that were measured in small: where is the bottleneck?

python benchmarks/scale_sim.py                       # the table of docs/scale.md
python benchmarks/scale_sim.py --workers 300 --tile-s 5 --window 600 --database-cores 8

What is played: jobs of a hundred tiles wait, always enough of them; a worker takes a wake-up, claims its step, works,
beats, ends the step, and sends the wake-ups for which the window has room, as worker/tasks.py does; the reconciler
sends them every ten seconds as well. Each verb keeps one core of the database for as long as it took one client alone
in benchmarks/scale_figures.json. Not played: the network, and a catalogue that slows down.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import simpy

FIGURES = json.loads(Path(__file__).with_name("scale_figures.json").read_text())
TILES = 100
"""Of a job of 50 km x 50 km."""
HEARTBEAT_S, LEASE_S, RECONCILE_S = 10.0, 60.0, 10.0
"""The defaults of the settings."""
PLAYED_S = 3600.0
HEAD = """\
| workers | a tile takes | window | database cores | tiles in an hour | of the ideal | all busy after | database busy \
| 99 % of verbs wait less than |
|---|---|---|---|---|---|---|---|---|"""
Wait = Generator[Any, Any, None]


@dataclass(frozen=True)
class Service:
    """What is played.

    Attributes:
        workers: processes that compute.
        tile_s: seconds of one tile on one of them.
        window: wake-ups in the broker at once.
        database_cores: of the job book.
    """

    workers: int
    tile_s: float
    window: int = 32
    database_cores: int = 2


@dataclass
class Seen:
    """What was seen of a service.

    Attributes:
        tiles: that were ended.
        all_busy_s: when every worker had its first step; the length of the play where some never had one.
        database_s: core seconds of the job book.
        waits_s: of each verb for a core of the database.
    """

    tiles: int = 0
    all_busy_s: float = PLAYED_S
    database_s: float = 0.0
    waits_s: list[float] = field(default_factory=list)


class Play:
    """One service under way."""

    def __init__(self, service: Service) -> None:
        self.service, self.seen = service, Seen()
        self.env = simpy.Environment()
        self.database = simpy.Resource(self.env, service.database_cores)
        self.broker = simpy.Store(self.env)
        self.due: deque[int] = deque()
        self._begun = 0

    def run(self) -> Seen:
        """Return what was seen of an hour."""
        self.env.process(self._reconciler())
        for _ in range(self.service.workers):
            self.env.process(self._worker())
        self.env.run(PLAYED_S)
        return self.seen

    def _worker(self) -> Wait:
        first = True
        while True:
            yield self.broker.get()
            yield from self._ask("claim")
            self._begun += first
            first = False
            if self._begun == self.service.workers:
                self.seen.all_busy_s = min(self.seen.all_busy_s, self.env.now)
            beating = self.env.process(self._beats())
            yield self.env.timeout(self.service.tile_s)
            beating.interrupt()
            yield from self._ask("end_tile")
            self.seen.tiles += 1
            yield from self._round()

    def _beats(self) -> Wait:
        try:
            while True:
                yield self.env.timeout(HEARTBEAT_S)
                yield from self._ask("heartbeat")
        except simpy.Interrupt:
            return

    def _reconciler(self) -> Wait:
        while True:
            yield from self._round()
            yield self.env.timeout(RECONCILE_S)

    def _round(self) -> Wait:
        """Fill the window with wake-ups."""
        while len(self.due) < self.service.workers + self.service.window:  # customers never run out of orders
            self.due.extend(range(TILES))
        waiting = len(self.due) / 1000
        base, slope = FIGURES["job_book"]["round_ms"]["base"], FIGURES["job_book"]["round_ms"]["per_1000_waiting"]
        yield from self._take((base + slope * waiting) / 1000)
        for _ in range(min(self.service.window - len(self.broker.items), len(self.due))):
            self.broker.put(self.due.popleft())

    def _ask(self, verb: str) -> Wait:
        yield from self._take(FIGURES["job_book"]["alone_ms"][verb] / 1000)

    def _take(self, seconds: float) -> Wait:
        """Keep a core of the database for so long."""
        asked = self.env.now
        with self.database.request() as core:
            yield core
            self.seen.waits_s.append(self.env.now - asked)
            yield self.env.timeout(seconds)
        self.seen.database_s += seconds


def row(service: Service) -> str:
    """Return a row of the table."""
    seen = Play(service).run()
    ideal = service.workers * PLAYED_S / service.tile_s
    load = seen.database_s / (PLAYED_S * service.database_cores)
    wait = statistics.quantiles(seen.waits_s, n=100)[98] if len(seen.waits_s) > 1 else 0.0
    busy = f"{seen.all_busy_s:,.0f} s" if seen.all_busy_s < PLAYED_S else "never"
    given = f"{service.workers:,} | {service.tile_s:g} s | {service.window:,} | {service.database_cores}"
    return f"| {given} | {seen.tiles:,} | {seen.tiles / ideal:.0%} | {busy} | {load:.0%} | {1000 * wait:,.0f} ms |"


def main() -> None:
    """Print the table, or one row of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, help="play this one service")
    parser.add_argument("--tile-s", type=float, default=30.0, help="seconds of a tile on one worker (30)")
    parser.add_argument("--window", type=int, default=32, help="CLEARLEAF_WAKE_WINDOW (32)")
    parser.add_argument("--database-cores", type=int, default=2, help="cores of the job book (2)")
    given = parser.parse_args()
    print(HEAD)
    if given.workers:
        print(row(Service(given.workers, given.tile_s, given.window, given.database_cores)))
        return
    for service in services():
        print(row(service), flush=True)


def services() -> Iterator[Service]:
    """Yield the services of the table: the defaults, a window that fits, and more cores where two do not do."""
    for workers in (10, 100, 1000):
        for tile_s in (300.0, 30.0, 3.0):
            plain = Service(workers, tile_s)
            wide = replace(plain, window=2 * workers)
            yield plain
            if wide.window > plain.window:
                yield wide
            if workers * 30 / tile_s > 1000:
                yield replace(wide, database_cores=8)


if __name__ == "__main__":
    main()
