"""A small simulated catalogue, a plan on it, the parts of a worker process, and a worker that has them."""

import json
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest

from clearleaf.simulated import write_catalogue
from jobs.catalog import CatalogProfile, open_catalog
from jobs.file_storage import FileStorage
from jobs.job import JobRequest, Limits
from jobs.planning import Plan, make_plan
from jobs.settings import JobsSettings
from jobs.store import JobStore
from models.reconstruction import HALO_PX
from models.simulation.site import SiteSpec
from worker import tasks
from worker.inputs.read import SceneReader
from worker.runtime import Parts
from worker.settings import WorkerSettings

SPEC = SiteSpec(size_px=40, start=date(2023, 3, 1), end=date(2023, 9, 30), region="belgium", seed=5)


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory) -> Path:
    return write_catalogue(SPEC, tmp_path_factory.mktemp("catalogue")).parent


@pytest.fixture(scope="session")
def order(catalogue) -> dict:
    aoi = json.loads((catalogue / "aoi.geojson").read_text())
    parcels = json.loads((catalogue / "parcels.geojson").read_text())
    days = {"start": "2023-05-20", "end": "2023-06-19", "step_days": 10, "context_days": 60}
    return {"aoi": aoi, "parcels": parcels, "model": "prior", **days}


@pytest.fixture(scope="session")
def make_it(catalogue, order):
    """Return the plan of an order with some members changed, cut into tiles of a size."""

    def made(tile_px: int = 256, folder: Path = catalogue, **members: object) -> Plan:
        request = JobRequest.parse(order | members, Limits())
        profile = CatalogProfile(name="simulated", href=str(folder), simulated=True)
        return make_plan(UUID(int=7), request, open_catalog(profile), tile_px=tile_px, halo=HALO_PX)

    return made


@pytest.fixture
def plan(make_it) -> Plan:
    return make_it()


@pytest.fixture
def parts(catalogue, tmp_path) -> Parts:
    profile = CatalogProfile(name="simulated", href=str(catalogue), simulated=True)
    (tmp_path / "scratch").mkdir()
    return Parts(
        storage=FileStorage(tmp_path / "storage"),
        catalogs={"simulated": profile},
        default_catalog="simulated",
        reader=SceneReader(threads=4, tries=1),
        device="cpu",
        scratch=tmp_path / "scratch",
        tile_px=256,
    )


class Bell:
    """Takes every wake-up."""

    def run_dry(self):
        return frozenset()

    def wake(self, step) -> bool:
        return True


@pytest.fixture
def worker(parts, tmp_path) -> tasks.Worker:
    """A worker with a job book of its own, whose jobs bear failing a hundred times."""
    settings = JobsSettings(data_dir=tmp_path, max_attempts=100)
    store = JobStore(settings.database, settings)
    store.migrate()
    return tasks.Worker(store, Bell(), parts, WorkerSettings(data_dir=tmp_path))
