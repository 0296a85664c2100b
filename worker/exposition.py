"""The metrics of a worker: its pool processes leave theirs in files, its main process adds them up and shows them."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterable
from pathlib import Path
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from jobs.exposition import permits_of, serve
from worker.settings import WorkerSettings

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The library reads it as it is imported: the variable must be there before."""
_ADDED_UP = ("counter", "histogram", "summary")
_PAST = "past"
"""In place of a process id: the sums of all processes that have ended."""


def make_folder(parent: Path) -> None:
    """Make the folder of the files, and name it in the environment of what this process is about to become.

    Raises:
        OSError: it cannot be made.
    """
    folder = parent / "metrics"
    folder.mkdir()
    os.environ[FOLDER] = str(folder)


def serve_pool(settings: WorkerSettings) -> WSGIServer | None:
    """Serve the metrics of all processes of this worker where settings say; returns the server.

    Raises:
        KeyError: `make_folder` was not called before the library was imported.
        OSError: the address cannot be listened on.
        ValueError: it can be reached from elsewhere, and nobody has to show a key.
    """
    if settings.metrics_port is None:
        return None
    registry = CollectorRegistry()
    registry.register(PoolCollector(Path(os.environ[FOLDER])))
    return serve(registry, settings.metrics_host, settings.metrics_port, permits_of(settings))


class PoolCollector(Collector):
    """Adds up the files of all processes.

    A pool process is replaced after some tasks. Its files would stay, and a scrape would have to read more of them
    every day: those of the dead are folded into one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def collect(self) -> Iterable[Metric]:
        """Return the sums."""
        with self._lock:
            for path in sorted(self._folder.glob("*.db")):
                if not _is_of_the_living(path):
                    self._bury(path)
            return [*_scratch(self._folder), *MultiProcessCollector(None, str(self._folder)).collect()]

    def _bury(self, path: Path) -> None:
        kind = path.name.split("_")[0]
        if kind in _ADDED_UP:
            sums = MmapedDict(str(self._folder / f"{kind}_{_PAST}.db"))
            for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path)):
                sums.write_value(key, sums.read_value(key)[0] + value, 0.0)
            sums.close()
        path.unlink()


def _scratch(folder: Path) -> Iterable[Metric]:
    disk = shutil.disk_usage(folder)
    yield GaugeMetricFamily("clearleaf_scratch_free_bytes", "Room on the disk of the scratch folder.", disk.free)
    yield GaugeMetricFamily("clearleaf_scratch_size_bytes", "Size of the disk of the scratch folder.", disk.total)


def _is_of_the_living(path: Path) -> bool:
    owner = path.stem.rpartition("_")[2]
    return owner == _PAST or Path(f"/proc/{owner}").exists()
