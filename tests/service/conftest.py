"""The service over a real SQLite job book and a real file store; only the broker is a stand-in."""

import json
import threading
import time
from dataclasses import dataclass, field
from uuid import UUID

import pytest
import uvicorn
from starlette.testclient import TestClient

from jobs.catalog import CatalogProfile
from jobs.file_storage import FileStorage
from jobs.job import JobRequest, Limits
from jobs.keys import results_prefix
from jobs.published import read_published
from jobs.queue import QUEUE_OF
from jobs.signing import Signer
from jobs.store import JobStore
from service.app import create_app
from service.settings import ApiSettings

ITEM_NAME = "2023-05-01"


@dataclass
class Broker:
    """Stands in for the broker: remembers what it was told, or is away."""

    away: bool = False
    woken: list = field(default_factory=list)

    def run_dry(self):
        return frozenset(QUEUE_OF)

    def wake(self, step):
        if not self.away:
            self.woken.append(step)
        return not self.away


@pytest.fixture
def order():
    ring = [[11.60, 48.70], [11.64, 48.70], [11.64, 48.73], [11.60, 48.73], [11.60, 48.70]]
    return {"aoi": {"type": "Polygon", "coordinates": [ring]}, "start": "2023-05-01", "end": "2023-05-31"}


@pytest.fixture
def settings(tmp_path):
    return ApiSettings(
        data_dir=tmp_path,
        public_url="https://lai.example.org/api/",
        catalogs={"simulated": CatalogProfile(name="simulated", href="/nowhere", title="Simulated", simulated=True)},
        default_catalog="simulated",
    )


@pytest.fixture
def store(settings):
    store = JobStore(settings.database, settings)
    store.migrate()
    return store


@pytest.fixture
def storage(tmp_path):
    return FileStorage(tmp_path / "storage")


@pytest.fixture
def signer():
    return Signer(b"k" * 32)


@pytest.fixture
def broker():
    return Broker()


@pytest.fixture
def app(store, broker, storage, signer, settings):
    return create_app(store, broker, storage, signer, settings)


@pytest.fixture
def client(app):
    with TestClient(app, base_url="https://lai.example.org") as client:
        yield client


@pytest.fixture
def new_job(store, order):
    """Put an order into the book without the service."""

    def create(**members):
        return store.create(JobRequest.parse(order | {"catalog": "simulated"} | members, Limits()))

    return create


@pytest.fixture
def claim_next(store, broker):
    """Claim the step that waits, as a worker would: the broker has heard of it, or the reconciler will tell."""

    def claim(job_id):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            for queued in [*store.steps_to_wake(100), *broker.woken]:
                step = store.claim(queued.id, "worker-1")
                if step is not None and step.job_id == UUID(str(job_id)):
                    return step
        raise AssertionError("no step of this job waits")

    return claim


@pytest.fixture
def carry_out(store, storage, claim_next):
    """Walk a job to its end through the book's own verbs, publishing small files in place of rasters."""

    def walk(job_id, *, series=False, said=None):
        store.end_plan(claim_next(job_id), "plan.json", ["r000c000"])
        store.end_prepare(claim_next(job_id), "state/")
        store.end_tile(claim_next(job_id), "piece/")
        finish = claim_next(job_id)
        manifest = publish(storage, results_prefix(job_id, finish.attempt), str(job_id), series=series, said=said)
        store.succeed(finish, manifest, read_published(storage, manifest))
        return manifest

    return walk


@pytest.fixture
def finished(new_job, carry_out):
    job = new_job()
    carry_out(job.id)
    return job


def publish(storage, prefix, job_id, *, series, said=None):
    """Write the files of a tiny result and return the manifest's key."""
    prefix = prefix.rstrip("/") + "/"
    outputs = {
        name: {"href": f"{name}.json", "type": "application/json"} for name in ("collection", "accuracy", "manifest")
    }
    if series:
        outputs["series"] = {"href": "parcels.json", "type": "application/geo+json"}
        put_json(storage, prefix + "parcels.json", {"type": "FeatureCollection", "features": []})
        storage.put_bytes(prefix + "parcels.csv", b"id,date,mean\n")
        storage.put_bytes(prefix + "parcels.parquet", b"PAR1")
    storage.put_bytes(prefix + f"items/{ITEM_NAME}/lai.tif", bytes(range(256)) * 8)
    put_json(storage, prefix + f"items/{ITEM_NAME}/{ITEM_NAME}.json", an_item(job_id))
    put_json(storage, prefix + "collection.json", a_collection(job_id) | (said or {}))
    put_json(storage, prefix + "accuracy.json", {"scenarios": {}})
    put_json(storage, prefix + "manifest.json", {"outputs": outputs})
    return prefix + "manifest.json"


def put_json(storage, key, document):
    storage.put_bytes(key, json.dumps(document).encode())


def a_collection(job_id):
    return {
        "type": "Collection",
        "stac_version": "1.1.0",
        "id": job_id,
        "description": "LAI",
        "license": "other",
        "extent": {
            "spatial": {"bbox": [[11.6, 48.7, 11.64, 48.73]]},
            "temporal": {"interval": [["2023-05-01T00:00:00Z", "2023-05-31T00:00:00Z"]]},
        },
        "links": [
            {"rel": "root", "href": "./collection.json", "type": "application/json"},
            {"rel": "item", "href": f"./items/{ITEM_NAME}/{ITEM_NAME}.json", "type": "application/geo+json"},
            {"rel": "license", "href": "https://example.org/licence"},
        ],
        "assets": {"accuracy": {"href": "./accuracy.json", "type": "application/json"}},
    }


def an_item(job_id):
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": ITEM_NAME,
        "collection": job_id,
        "geometry": {"type": "Point", "coordinates": [11.6, 48.7]},
        "bbox": [11.6, 48.7, 11.6, 48.7],
        "properties": {"datetime": "2023-05-01T00:00:00Z"},
        "links": [
            {"rel": "collection", "href": "../../collection.json", "type": "application/json"},
            {"rel": "parent", "href": "../../collection.json", "type": "application/json"},
            {"rel": "derived_from", "href": "https://stac.example.org/items/S2A_1"},
            {"rel": "related", "href": "../../../../../other-job/results/1/manifest.json"},
        ],
        "assets": {"lai": {"href": "./lai.tif", "type": "image/tiff; application=geotiff; profile=cloud-optimized"}},
    }


@pytest.fixture
def server(store, broker, storage, signer, settings):
    """The same service behind a real server on loopback."""
    config = uvicorn.Config("", host="127.0.0.1", port=0, log_level="warning")
    listening = config.bind_socket()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    config.app = create_app(store, broker, storage, signer, settings.model_copy(update={"public_url": url}))
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
    thread.start()
    while not running.started:
        time.sleep(0.01)
    yield url
    running.should_exit = True
    thread.join()
    listening.close()
