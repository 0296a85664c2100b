"""The client against scripted answers: odd servers, pauses, broken downloads."""

import json
from contextlib import suppress
from datetime import date

import httpx
import pytest

from clearleaf import Client
from clearleaf.client_errors import ClientError, LinkExpired, Unreachable
from worker.outputs.documents import document_bytes

ROOT = "http://lai.test/files/jobs/1/results/1"


def client_of(handler):
    return Client("http://lai.test", transport=httpx.MockTransport(handler))


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr("clearleaf.client.time.sleep", lambda seconds: None)


def test_a_server_that_is_away_is_named():
    def refuse(request):
        raise httpx.ConnectError("connection refused")

    with pytest.raises(Unreachable, match="connection refused"):
        client_of(refuse).status("1")


def test_waiting_survives_a_restart_of_the_service():
    answers = [
        httpx.ConnectError("restarting"),
        httpx.Response(503, headers={"retry-after": "5"}),
        httpx.Response(200, json={"status": "running"}),
        httpx.Response(200, json={"status": "successful"}),
    ]

    def handler(request):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    seen = []
    assert client_of(handler).wait("1", seen.append)["status"] == "successful"
    assert [info["status"] for info in seen] == ["running", "successful"]


def test_something_can_be_done_while_one_waits():
    answers = [httpx.Response(200, json={"status": "running"}, headers={"retry-after": "3"})]
    answers += [httpx.ConnectError("restarting"), httpx.Response(200, json={"status": "successful"})]

    def handler(request):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    done = []
    client_of(handler).wait("1", meanwhile=lambda: done.append(1))
    assert len(done) == 3 + 1  # for every second of a pause


def test_a_proxy_that_speaks_html_still_gives_an_error():
    answer = httpx.Response(502, html="<h1>Bad gateway</h1>")
    with pytest.raises(Unreachable) as error:
        client_of(lambda request: answer).status("1")
    assert error.value.status == 502


def test_what_no_order_can_hold_is_refused_here():
    with pytest.raises(TypeError, match="set"):
        client_of(lambda request: httpx.Response(500)).submit({"dates": {1, 2}})


def served(files, *, expire_once=()):
    """Serve a job's files under signed URLs; the paths in `expire_once` are refused the first time."""
    stale = set(expire_once)

    def handler(request):
        if request.url.path.endswith("/results"):
            names = ("collection", "accuracy")
            return httpx.Response(200, json={n: {"href": f"{ROOT}/{n}.json?signature=1", "type": "x"} for n in names})
        name = request.url.path.removeprefix("/files/jobs/1/results/1/")
        if name in stale:
            stale.remove(name)
            return httpx.Response(403)
        return httpx.Response(200, content=files[name]) if name in files else httpx.Response(404)

    return handler


def a_tree(item_href=f"{ROOT}/items/a.json?signature=1", asset_href=f"{ROOT}/items/a.tif?signature=1"):
    return {
        "collection.json": json.dumps({"links": [{"rel": "item", "href": item_href}]}).encode(),
        "items/a.json": json.dumps({"links": [], "assets": {"lai": {"href": asset_href}}}).encode(),
        "items/a.tif": b"pixels",
        "accuracy.json": b"{}",
    }


def test_links_that_expire_on_the_way_are_made_afresh(tmp_path):
    collection = client_of(served(a_tree(), expire_once=["items/a.tif"])).download("1", tmp_path)
    assert collection == tmp_path / "collection.json"
    assert json.loads((tmp_path / "items/a.json").read_text())["assets"]["lai"]["href"] == "./a.tif"


def test_a_document_is_written_as_it_was_published(tmp_path):
    """Signed and compact on the way, yet with the very bytes whose checksum the manifest holds."""
    item = {
        "id": "Größe",
        "properties": {"share": 0.1, "n": None, "figure": 1e-07},
        "links": [{"rel": "derived_from", "href": "urn:clearleaf:scene:S2A_1"}],
        "assets": {"lai": {"href": "./a.tif"}},
    }
    files = a_tree()
    signed = item | {"assets": {"lai": {"href": f"{ROOT}/items/a.tif?expires=1&signature=2"}}}
    files["items/a.json"] = json.dumps(signed, ensure_ascii=False, separators=(",", ":")).encode()
    client_of(served(files)).download("1", tmp_path)
    assert (tmp_path / "items" / "a.json").read_bytes() == document_bytes(item)


def test_links_that_never_work_end_the_download(tmp_path):
    handler = served(a_tree())
    with pytest.raises(LinkExpired):
        client_of(lambda r: httpx.Response(403) if "files" in r.url.path else handler(r)).download("1", tmp_path)


def test_a_broken_download_leaves_nothing_behind(tmp_path):
    files = a_tree()
    del files["items/a.tif"]
    with pytest.raises(ClientError):
        client_of(served(files)).download("1", tmp_path)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["accuracy.json"]


@pytest.mark.parametrize("evil", ["/../../../../etc/passwd", "/%2e%2e/%2e%2e/x", "/items/..%5c..%5cx"])
def test_no_link_leads_out_of_the_folder(tmp_path, evil):
    handler = served(a_tree(asset_href=ROOT + evil))
    folder = tmp_path / "inside" / "folder"
    with suppress(ClientError):
        client_of(lambda r: httpx.Response(200, content=b"x") if evil[-1] == r.url.path[-1] else handler(r)).download(
            "1", folder
        )
    assert all(path.is_relative_to(folder) for path in tmp_path.rglob("*") if path.is_file())
    assert not list(folder.rglob("*x"))


def told(**members):
    """What a service answers that is asked for an estimate."""
    cap = {"used": 3.0, "limit": 2500.0}
    document = {"area_km2": 12.34, "scenes": 109, "scenes_counted": True, "dates": 13, "tiles": 4, "pixels": 400_000}
    document |= {"seconds": 240, "bytes": 35_000_000, "jobs_before": 0, "caps": {"area_km2": cap}, "errors": []}
    return document | members


def test_an_order_is_estimated_as_it_would_be_sent():
    asked = []

    def handler(request):
        asked.append((request.url.path, json.loads(request.content), "idempotency-key" in request.headers))
        return httpx.Response(200, json=told(unheard_of=1))

    found = client_of(handler).estimate({"start": date(2023, 5, 1), "end": date(2023, 5, 31)})
    assert asked == [("/jobs/estimate", {"start": "2023-05-01", "end": "2023-05-31"}, False)]
    assert (found.scenes, found.caps["area_km2"].limit) == (109, 2500)
    assert str(found) == "12.34 km², 13 dates, 109 scenes, 4 tiles, about 4 minutes on one CPU, about 35 MB"


def test_an_estimate_says_what_is_guessed_what_waits_and_what_stands_against_the_order():
    errors = [{"pointer": "/aoi", "detail": "aoi covers 3,000 km², at most 2,500 km² are allowed"}]
    answer = told(scenes_counted=False, jobs_before=2, errors=errors)
    found = client_of(lambda request: httpx.Response(200, json=answer)).estimate({})
    assert "about 109 scenes" in str(found)
    assert "2 waiting jobs before it" in str(found)
    assert str(found).endswith("\ncannot be ordered: aoi covers 3,000 km², at most 2,500 km² are allowed")


def test_an_id_is_one_part_of_the_path_whatever_it_holds():
    asked = []

    def answer(request):
        asked.append(request.url.raw_path)
        return httpx.Response(404, json={"title": "Not Found", "detail": "there is no such job"})

    with Client("http://service", transport=httpx.MockTransport(answer)) as client:
        for verb in (client.status, client.results, client.retry, client.log, client.cancel):
            with pytest.raises(ClientError):
                verb("../files/a?b#c")
    assert {path.split(b"/")[2] for path in asked} == {b"..%2Ffiles%2Fa%3Fb%23c"}
