"""The demo does not wait for a service that will not come back."""

from contextlib import contextmanager

import httpx
import pytest

from clearleaf import demo
from clearleaf.client import Client
from clearleaf.consoles import plain_console
from clearleaf.processes import ChildFailed


@pytest.mark.timeout(120)
@pytest.mark.parametrize("away", [False, True])
def test_a_part_that_dies_for_good_ends_the_demo(monkeypatch, tmp_path, away):
    def answer(request):
        if request.method == "POST":
            return httpx.Response(201, json={"jobID": "1"})
        if away:
            raise httpx.ConnectError("connection refused")
        return httpx.Response(200, json={"jobID": "1", "status": "running", "progress": 20, "stage": "prepare"})

    class Broken:
        url = "http://lai.test"
        watched = 0

        def __init__(self, *arguments, **options):
            """Nothing is started."""

        @contextmanager
        def running(self, say):
            yield self

        def watch(self):
            Broken.watched += 1
            if Broken.watched > 2:
                raise ChildFailed("worker died 21 times within 10 minutes")

    monkeypatch.setattr(demo, "Embedded", Broken)
    monkeypatch.setattr(demo, "Client", lambda url: Client(url, transport=httpx.MockTransport(answer)))
    monkeypatch.setattr(demo, "simulated_catalogue", lambda folder, console: None)
    monkeypatch.setattr(demo, "demo_order", lambda folder: {})
    with pytest.raises(ChildFailed, match="worker died"):
        demo.run_demo(tmp_path, plain_console())
