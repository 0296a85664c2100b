"""A whole service of real parts on a small simulated catalogue; impatient, so that faults heal within seconds."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from clearleaf.client import Client
from clearleaf.embedded import Embedded
from clearleaf.simulated import write_catalogue
from jobs.catalog import CatalogProfile
from models.simulation.site import SiteSpec

IMPATIENT = {
    "CLEARLEAF_LEASE_S": "3",
    "CLEARLEAF_HEARTBEAT_S": "0.5",
    "CLEARLEAF_RECONCILE_S": "1",
    "CLEARLEAF_RESEND_S": "3",
}
SPEC = SiteSpec(size_px=40, start=date(2023, 3, 1), end=date(2023, 11, 30), region="belgium", seed=5)


class Service:
    """The running service and what tests do to it."""

    def __init__(self, embedded: Embedded, catalogue: Path) -> None:
        self.embedded = embedded
        self.client = Client(embedded.url)
        self.catalogue = catalogue

    def order(self, **members: object) -> dict:
        aoi = json.loads((self.catalogue / "aoi.geojson").read_text())
        dates = {"start": "2023-06-01", "end": "2023-07-15", "step_days": 10, "context_days": 120}
        return {"aoi": aoi, **dates, **members}

    def kill(self, part: str) -> None:
        """kill -9 a part and everything it has started."""
        os.killpg(self.embedded.child(part).process.pid, signal.SIGKILL)
        self.embedded.child(part).process.wait()

    def until(self, job, met: Callable[[dict], bool], within_s: float = 240) -> dict:
        """Poll until the job's status meets a condition; parts that died are started again meanwhile."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            self.embedded.watch()
            try:
                info = job.status()
            except Exception:  # the API may be the part that was killed
                info = {}
            if info and met(info):
                return info
            assert info.get("status") != "failed" or met(info), info
            time.sleep(0.1)
        raise AssertionError(f"not within {within_s} s: {info}")

    def ended(self, job) -> dict:
        return self.until(job, lambda info: info["status"] == "successful")

    def published(self, job) -> list[str]:
        """The attempts whose results lie in storage."""
        return sorted(p.name for p in (self.embedded.data / "storage" / "jobs" / job.id / "results").iterdir())


def simulated(catalog: Path) -> CatalogProfile:
    """The profile of a simulated catalogue."""
    return CatalogProfile(name="simulated", href=str(catalog), simulated=True)


@pytest.fixture
def service_on(service):
    """Return a second service on the same catalogue, with settings of its own, while a `with` block runs."""

    @contextmanager
    def other(data: Path, **settings: str) -> Iterator[Service]:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in settings.items():
                patch.setenv(f"CLEARLEAF_{name.upper()}", value)
            embedded = Embedded(data, [simulated(service.catalogue / "catalog.json")])
            with embedded.running():
                yield Service(embedded, service.catalogue)

    return other


@pytest.fixture(scope="session")
def service(tmp_path_factory) -> Service:
    folder = tmp_path_factory.mktemp("service")
    catalog = write_catalogue(SPEC, folder / "catalogue")
    saved = {name: os.environ.get(name) for name in IMPATIENT}
    os.environ.update(IMPATIENT)
    try:
        with Embedded(folder / "data", [simulated(catalog)]).running() as embedded:
            yield Service(embedded, catalog.parent)
    finally:
        for name, value in saved.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
