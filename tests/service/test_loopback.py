"""A real server and real clients: pystac along the links, our own client from order to folder."""

import json
import socket
import threading
from datetime import date
from urllib.parse import urlsplit

import httpx
import pystac
import pytest
from shapely.geometry import shape

from clearleaf import Client
from clearleaf.client_errors import Gone, InvalidOrder, JobFailed, LinkExpired, NoSuchJob, NotReady, WaitTimeout


@pytest.fixture
def remote(server):
    with Client(server) as remote:
        yield remote


def test_pystac_follows_the_signed_links(server, finished):
    results = httpx.get(f"{server}/jobs/{finished.id}/results", timeout=60).json()
    collection = pystac.Collection.from_file(results["collection"]["href"])
    (item,) = collection.get_items()
    href = item.assets["lai"].get_absolute_href()
    part = httpx.get(href, headers={"range": "bytes=1-3"}, timeout=60)
    assert (part.status_code, part.content) == (206, bytes([1, 2, 3]))
    head = httpx.head(href, timeout=60)
    assert (head.status_code, head.headers["content-length"]) == (200, "2048")


def test_a_large_order_is_refused_before_it_is_sent(server):
    host, port = urlsplit(server).hostname, urlsplit(server).port
    head = (
        f"POST /jobs HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {17 * 2**20}\r\n\r\n"
    )
    with socket.create_connection((host, port), timeout=60) as connection:
        connection.sendall(head.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_from_order_to_folder(remote, order, carry_out, tmp_path):
    job = remote.submit(order)
    with pytest.raises(NotReady):
        job.results()
    seen = []
    worker = threading.Timer(0.3, carry_out, [job.id])
    worker.start()
    assert job.wait(lambda info: seen.append(info["status"]), timeout_s=120)["status"] == "successful"
    worker.join()
    assert seen[-1] == "successful"
    collection = job.download(tmp_path / "lai")
    folder = collection.parent
    assert {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} == {
        "collection.json",
        "accuracy.json",
        "manifest.json",
        "items/2023-05-01/2023-05-01.json",
        "items/2023-05-01/lai.tif",
    }
    (item,) = pystac.Collection.from_file(str(collection)).get_items()
    assert item.assets["lai"].href == "./lai.tif"
    assert (folder / "items/2023-05-01/lai.tif").read_bytes() == bytes(range(256)) * 8
    assert str(tmp_path) not in collection.read_text()
    assert "signature" not in collection.read_text()
    assert [info["id"] for info in remote.jobs(page_size=1)] == [job.id]
    assert job.log()


def test_an_order_may_hold_dates_and_shapes(remote, order):
    job = remote.submit({"aoi": shape(order["aoi"]), "start": date(2023, 5, 1), "end": date(2023, 5, 31)})
    assert job.status()["status"] == "accepted"


def test_an_order_may_be_a_file(remote, order, tmp_path):
    path = tmp_path / "order.json"
    path.write_text(json.dumps(order))
    assert remote.submit(path).status()["status"] == "accepted"


def test_refusals_are_typed(remote, order, store, claim_next):
    with pytest.raises(InvalidOrder) as refused:
        remote.submit(order | {"catalog": "nowhere"})
    assert refused.value.status == 422
    assert refused.value.errors[0]["pointer"] == "/catalog"
    assert "/catalog" in str(refused.value)
    with pytest.raises(NoSuchJob):
        remote.status("0190aaaa-0000-7000-8000-000000000000")
    job = remote.submit(order)
    with pytest.raises(WaitTimeout):
        job.wait(timeout_s=0.1)
    store.fail(claim_next(job.id), "no-scenes: nothing in May")
    with pytest.raises(JobFailed, match="nothing in May"):
        job.wait(timeout_s=60)


def test_cancelled_is_gone(remote, order):
    job = remote.submit(order)
    assert job.cancel()["status"] == "dismissed"
    with pytest.raises(Gone):
        job.wait(timeout_s=60)
    with pytest.raises(Gone):
        job.results()


def test_an_old_link_is_said_to_be_old(server, remote, finished):
    href = remote.results(str(finished.id))["collection"]["href"]
    with pytest.raises(LinkExpired):
        remote._connection.send("GET", href.replace("expires=1", "expires=0"))
