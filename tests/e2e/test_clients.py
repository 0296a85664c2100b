"""Clients that people already have, unmodified, against a whole service."""

import json
import time

import pytest
from owslib.ogcapi.processes import Processes

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def test_owslib_executes_and_polls(service):
    client = Processes(service.embedded.url)
    assert "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/core" in client.conformance()["conformsTo"]
    (summary,) = client.processes()
    description = client.process(summary["id"])
    inputs = service.order(end="2023-06-01")
    assert set(inputs) <= set(description["inputs"])
    info = client.execute(summary["id"], inputs=inputs, async_=True)
    assert info["status"] in ("accepted", "running")
    deadline = time.monotonic() + 600
    while info["status"] in ("accepted", "running") and time.monotonic() < deadline:
        time.sleep(0.5)
        info = client._request(path=f"jobs/{info['jobID']}")
    assert info["status"] == "successful"
    results = client._request(path=f"jobs/{info['jobID']}/results")
    assert set(results) <= set(description["outputs"])
    assert json.dumps(results["collection"]).count("signature=") == 1
