"""`docker compose up` and one curl give a finished job: what docs/deployment.md says is typed and looked at."""

import json
import re
import stat
from pathlib import Path

import numpy as np
import pytest
import rasterio

pytestmark = [pytest.mark.containers, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/deployment.md").read_text()


@pytest.fixture
def docker(stack, tmp_path):
    """A folder with a program `docker` that understands `docker compose`, where another one stands in for it."""
    if stack.engine == "podman":
        program = tmp_path / "docker"
        program.write_text('#!/bin/sh\nshift\nexec podman-compose "$@"\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return tmp_path


def test_one_curl_gives_a_finished_job(stack, docker):
    typed = re.findall(r"^```sh\n(.*?)^```$", PAGE.partition("## A first job")[2].partition("\n## ")[0], re.S | re.M)
    script = "\n".join(["set -euo pipefail", f"export PATH={docker}:$PATH OUT={docker} URL={stack.url}", *typed])
    stack.run("bash", "-c", script)
    item = json.loads((docker / "item.json").read_text())
    assert item["properties"]["clearleaf:simulated"] is True
    with rasterio.open(docker / "lai.tif") as file:
        lai = file.read(1, masked=True) * file.scales[0]
    assert lai.count() > 0.9 * lai.size
    assert 0 <= lai.min() < lai.max() < 10
    assert np.isfinite(lai.mean())


def test_nobody_comes_in_without_a_key(stack):
    assert stack.run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"{stack.url}/jobs") == "401"
    with stack.client() as client:
        assert client.get("/jobs").status_code == 200
        assert client.get("/metrics").status_code == 200


def test_the_book_the_broker_and_the_bucket_are_closed_to_other_networks(stack):
    for service in ("database", "broker", "storage"):
        assert not any((stack.inspect(service)["NetworkSettings"]["Ports"] or {}).values())
