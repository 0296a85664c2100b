"""What the images are, and how their processes run and end."""

import json
import subprocess
import time
import tomllib
from pathlib import Path

import pytest

pytestmark = [pytest.mark.containers, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
OURS = ["api", "worker", "reconciler"]
LARGEST_MB = {"api": 550, "worker": 2000}
"""Unpacked, base included; see docs/deployment.md for what they are made of."""
GRACE_S = 60


@pytest.mark.parametrize("service", OURS)
def test_a_process_runs_as_nobody_with_nothing_it_could_misuse(stack, service):
    found = stack.inspect(service)
    assert found["HostConfig"]["ReadonlyRootfs"] is True
    assert found["HostConfig"]["Memory"] > 0
    status = dict(
        line.split(":\t") for line in stack.exec(service, "cat", "/proc/1/status").splitlines() if ":\t" in line
    )
    assert status["Uid"].split() == ["10001"] * 4
    assert status["NoNewPrivs"] == "1"
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd"):
        assert int(status[kind], 16) == 0
    told = stack.exec(service, "sh", "-c", "touch /usr/x /opt/clearleaf/x /x 2>&1", check=False)
    assert told.count("Read-only file system") == 3


@pytest.mark.parametrize("service", [*OURS, "database", "broker", "storage"])
def test_a_process_says_that_it_is_well(stack, service):
    _until(lambda: stack.well(service), 120)


@pytest.mark.parametrize("service", ["api", "worker"])
def test_an_image_says_what_it_is(stack, service):
    image, labels = stack.image(service), stack.labels(service)
    assert labels["title"] == f"clearleaf-{service}"
    assert labels["licenses"] == "Apache-2.0"
    assert image["Config"]["User"] == "10001:10001"
    assert image["Config"]["Entrypoint"] == ["tini", "--", "clearleaf"]
    assert "Healthcheck" in image["Config"] or "Healthcheck" in image
    assert image["Size"] < LARGEST_MB[service] * 1e6


@pytest.mark.parametrize("service", ["api", "worker"])
def test_an_image_is_built_from_this_tree(stack, service):
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    ours = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
    labels = stack.labels(service)
    told = "the image is of another tree, or of one that was not committed: commit, then `make images`"
    assert (labels["version"], labels["revision"]) == (VERSION, ours), told
    assert not ours.endswith("-dirty"), told


@pytest.mark.parametrize("service", ["api", "worker"])
def test_an_image_holds_no_tools_to_build_with(stack, service):
    told = stack.exec(
        service, "sh", "-c", "for tool in pip pip3 gcc cc make ld git; do command -v $tool; done; command -v tini"
    )
    assert told.split() == ["/usr/bin/tini"]
    assert (
        stack.exec(service, "sh", "-c", "ls /opt/clearleaf/lib/python3.11/site-packages | grep -x pip", check=False)
        == ""
    )


def test_the_image_of_the_api_has_no_torch(stack):
    told = stack.exec(
        "api", "python", "-c", "import importlib.util as u; print(u.find_spec('torch'), u.find_spec('scipy'))"
    )
    assert told.split() == ["None", "None"]


def waiting(stack) -> int:
    """Messages in the broker's queues."""
    script = (
        "import redis; from jobs.load_settings import load_settings; from jobs.settings import JobsSettings; "
        "broker = redis.Redis.from_url(load_settings(JobsSettings).broker_url); "
        "print(broker.llen('cpu') + broker.llen('gpu'))"
    )
    return int(stack.exec("api", "python", "-c", script))


def test_a_worker_that_is_told_to_end_gives_its_message_back_and_the_job_goes_on(stack):
    order = json.loads((ROOT / "docker/compose/order.json").read_text())
    with stack.client() as client:
        job = client.post("/jobs", json=order).json()["id"]
        _until(lambda: client.get(f"/jobs/{job}").json().get("stage") == "prepare", 300)
        time.sleep(5)  # well inside the longest step
        began = time.monotonic()
        stack.run(stack.engine, "stop", f"--time={GRACE_S}", stack.container("worker"))
        assert time.monotonic() - began < GRACE_S
        assert stack.inspect("worker")["State"]["ExitCode"] == 0
        assert waiting(stack) == 1
        assert client.get(f"/jobs/{job}").json()["status"] == "running"
        stack.run(stack.engine, "start", stack.container("worker"))
        _until(lambda: client.get(f"/jobs/{job}").json()["status"] == "successful", 900)
        steps = client.get(f"/jobs/{job}/log").json()["entries"]
        assert not any(entry["level"] == "error" for entry in steps)


def test_the_api_ends_at_once_when_it_is_told_to(stack):
    began = time.monotonic()
    stack.run(stack.engine, "stop", "--time=30", stack.container("api"))
    assert time.monotonic() - began < 15
    assert stack.inspect("api")["State"]["ExitCode"] in (0, 143)
    stack.run(stack.engine, "start", stack.container("api"))


def _until(met, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.5)
