"""Each process is started as its pod starts it, with its arguments, variables and files, until its probes pass."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import boto3
import httpx
import pytest

from clearleaf.addresses import free_port
from jobs.settings import JobsSettings
from jobs.store import JobStore

POD_ADDRESS = "10.244.0.7"
"""What the kubelet and Prometheus call the pod they ask; no name of the service."""


@dataclass
class Pod:
    """A process and what stands in for its pod: ports, folders, servers."""

    container: dict
    environment: dict[str, str]
    ports: dict[str, int]
    process: subprocess.Popen
    log: Path

    def passes(self, probe: str) -> bool:
        asked = self.container[probe]
        if "exec" in asked:
            command = asked["exec"]["command"]
            return subprocess.run(command, check=False, capture_output=True, env=self.environment).returncode == 0
        return self.answer(asked["httpGet"]["port"], asked["httpGet"]["path"]) == 200

    def answer(self, port: str, path: str) -> int | None:
        """Status of an answer; None where nobody answers."""
        address = f"{POD_ADDRESS}:{self.ports[port]}"
        url = f"http://127.0.0.1:{self.ports[port]}{path}"
        try:
            return httpx.get(url, headers={"host": address}, timeout=10, trust_env=False).status_code
        except httpx.TransportError:
            return None

    def until(self, met: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 120
        while not met():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.2)

    def becomes_well(self) -> None:
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            self.until(partial(self.passes, probe))


@pytest.fixture
def pods(render, broker, postgres, s3, tmp_path):
    """Return a function that runs the process of a pod of the dev overlay while a `with` block runs."""
    manifests = render("dev")
    database = postgres.empty_database()
    store = JobStore(database, JobsSettings(data_dir=tmp_path))
    store.migrate()
    client = boto3.client("s3", endpoint_url=s3.url, region_name="us-east-1")
    client.create_bucket(Bucket="results")
    secrets = tmp_path / "secrets"
    files = {"clearleaf_database_url": database, "clearleaf_broker_url": broker, "clearleaf_signing_key": "k" * 64}
    aws = s3.environment()
    keys = f"aws_access_key_id = {aws['AWS_ACCESS_KEY_ID']}\naws_secret_access_key = {aws['AWS_SECRET_ACCESS_KEY']}\n"
    (tmp_path / "aws").mkdir()
    (tmp_path / "aws" / "credentials").write_text(f"[default]\n{keys}")
    folders = {"/run/secrets/clearleaf": secrets, "/run/secrets/aws": tmp_path / "aws"}
    folders["/scratch"] = tmp_path / "scratch"

    @contextmanager
    def started(name: str) -> Iterator[Pod]:
        workload = manifests.workload(name)
        (container,) = workload.spec["containers"]
        seen = manifests.seen(workload, container)
        for folder in (secrets, folders["/scratch"]):
            folder.mkdir(exist_ok=True)
        for secret in seen.secrets["/run/secrets/clearleaf"]:
            for key in manifests.secrets.get(secret, {}):
                (secrets / key).write_text(files[key])
        ports = {port: free_port() for port in workload.ports}
        moved = {str(number): str(ports[port]) for port, number in workload.ports.items()} | {"0.0.0.0": "127.0.0.1"}
        told = {variable: moved.get(value, value) for variable, value in seen.variables.items()}
        for inside, here in folders.items():
            told = {variable: value.replace(inside, str(here)) for variable, value in told.items()}
        inherited = {n: v for n, v in os.environ.items() if not n.startswith(("CLEARLEAF_", "AWS_"))}
        environment = inherited | told | {"CLEARLEAF_S3_ENDPOINT_URL": s3.url, "CLEARLEAF_TORCH_THREADS": "1"}
        arguments = [moved.get(word, word) for word in container["args"]]
        log = tmp_path / f"{name}.log"
        with log.open("wb") as out:
            command = [sys.executable, "-m", "clearleaf", *arguments]
            process = subprocess.Popen(command, env=environment, stdout=out, stderr=out, cwd=tmp_path)
        try:
            yield Pod(container, environment, ports, process, log)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)

    yield started
    store.database.engine.dispose()
    for found in client.list_objects_v2(Bucket="results").get("Contents", []):
        client.delete_object(Bucket="results", Key=found["Key"])
    client.delete_bucket(Bucket="results")


def test_an_api_passes_its_probes_and_guards_its_jobs(pods):
    with pods("api") as pod:
        pod.becomes_well()
        assert pod.answer("http", "/jobs") == 401
        assert pod.answer("http", "/metrics") == 401
    assert pod.process.returncode in (0, -signal.SIGTERM), "uvicorn ends, then passes the signal on"


@pytest.mark.parametrize("name", ["reconciler", "worker"])
def test_who_has_no_door_gives_signs_of_life_and_guards_its_metrics(pods, name):
    with pods(name) as pod:
        pod.becomes_well()
        pod.until(lambda: pod.answer("metrics", "/metrics") is not None)  # served a moment later
        assert pod.answer("metrics", "/metrics") == 401
    assert pod.process.returncode in (0, 1), "Celery calls an end in time a failure"
