"""Bodies cost no more memory than an order is worth, and large ones wait for one another."""

import json
import tracemalloc
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import anyio
import httpx
import pytest
from starlette.requests import Request

from service import body
from service.crowded import LARGE_BODIES, LARGE_PAYLOADS, Crowded
from service.errors import HttpProblem
from service.turns import Turns

JSON = {"content-type": "application/json"}
MANY = {
    "arrays": b'{"aoi":[' + b"[]," * 1_500_000 + b"[]]}",
    "objects": b'{"aoi":[' + b"{}," * 1_500_000 + b"{}]}",
    "texts": b'{"aoi":[' + b'"ab",' * 1_500_000 + b"0]}",
}


@pytest.mark.parametrize("kind", MANY)
@pytest.mark.parametrize("door", ["/jobs", "/jobs/estimate"])
def test_a_body_of_many_small_parts_is_refused_before_it_is_parsed(client, door, kind):
    tracemalloc.start()
    answer = client.post(door, content=MANY[kind], headers=JSON)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert answer.status_code == 413
    assert "simpler polygons" in answer.json()["detail"]
    assert peak < 50e6


def test_the_largest_honest_order_is_read(client, order):
    ring = [[11.6 + i / 1e4, 48.7, 300.0] for i in range(20)]
    geometry = {"type": "MultiPolygon", "coordinates": [[ring]]}
    properties = {f"p{i}": i for i in range(40)}
    parcel = {"type": "Feature", "id": "same", "properties": properties, "geometry": geometry}
    order["parcels"] = {"type": "FeatureCollection", "features": [parcel] * 10_000}
    answer = client.post("/jobs", json=order)
    assert answer.status_code == 422, answer.text  # it was read: the parcels share an id
    assert answer.json()["errors"][0]["pointer"].startswith("/parcels")


def test_a_question_may_be_smaller_than_an_order(client):
    padded = json.dumps({"limit": 1}).encode() + b" " * body.SHORT_BYTES
    assert client.post("/stac/search", content=padded, headers=JSON).status_code == 413
    many = b'{"ids":[' + b"[]," * 100_000 + b"[]]}"
    assert client.post("/stac/search", content=many, headers=JSON).status_code == 413
    fine = json.dumps({"intersects": {"type": "MultiPoint", "coordinates": [[11.61234567, 48.71234567]] * 10_000}})
    assert client.post("/stac/search", content=fine, headers=JSON).status_code == 200


def sent(pieces):
    """Return a request whose body comes in pieces; after the last one, more is to come for ever if that is None."""
    left = iter(pieces)

    async def receive():
        piece = next(left)
        if piece is None:
            await anyio.sleep_forever()
        return {"type": "http.request", "body": piece, "more_body": bool(piece)}

    return Request({"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}, receive)


LARGE = [b" " * body.LARGE_BYTES, b" ", b""]
DRIPPING = [*LARGE[:2], None]


@pytest.fixture
def parts(app):
    """Return the parts of an app that several tenants share."""
    return replace(app.state.parts, crowded=Crowded.shared(by_tenants=True))


def test_a_large_body_waits_for_those_of_its_tenant_alone(parts):
    read, let_go = [], dict.fromkeys(("farm", "mill"))

    async def hold(name, tenant, pieces):
        async with asynccontextmanager(body.read_body)(sent(pieces), tenant, parts):
            read.append(name)
            await let_go[tenant].wait()

    async def trial():
        let_go.update({tenant: anyio.Event() for tenant in let_go})
        async with anyio.create_task_group() as group:
            for _ in range(LARGE_BODIES):
                group.start_soon(hold, "farm drips", "farm", DRIPPING)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(hold, "farm, small", "farm", [b"{}", b""])
            for name in ("mill, first", "mill, second"):
                group.start_soon(hold, name, "mill", LARGE)
                await anyio.wait_all_tasks_blocked()
            assert read == ["farm, small", "mill, first"]
            let_go["mill"].set()
            await anyio.wait_all_tasks_blocked()
            assert read == ["farm, small", "mill, first", "mill, second"]
            group.cancel_scope.cancel()

    anyio.run(trial)
    anyio.run(all_are_free, parts)


async def all_are_free(parts):
    """Fail unless every turn has been given back."""
    crowded = parts.crowded
    async with AsyncExitStack() as held:
        with anyio.fail_after(60):
            for turns, at_once in [(crowded.large_bodies, LARGE_BODIES), (crowded.large_payloads, LARGE_PAYLOADS)]:
                for number in range(at_once):
                    await held.enter_async_context(turns.of(f"tenant {number}"))


def test_few_large_bodies_are_parsed_together(parts):
    parsed, let_go = [], []

    async def hold(tenant, content):
        async with asynccontextmanager(body.json_object)(content, tenant, parts):
            parsed.append(tenant)
            await let_go[0].wait()

    async def trial():
        let_go.append(anyio.Event())
        large, small = b"{}" + b" " * body.LARGE_BYTES, b"{}"
        async with anyio.create_task_group() as group:
            for tenant, content in [("a", large), ("b", large), ("c", large), ("d", small)]:
                group.start_soon(hold, tenant, content)
            with anyio.fail_after(60):
                while len(parsed) < 3:  # in threads, about which the loop knows nothing
                    await anyio.sleep(0.001)
            assert sorted(parsed) == ["a", "b", "d"]
            let_go[0].set()
        assert sorted(parsed) == ["a", "b", "c", "d"]

    anyio.run(trial)
    anyio.run(all_are_free, parts)


@pytest.mark.parametrize("door", ["/jobs/estimate", "/stac/search"])
def test_a_question_waits_with_no_payload_in_memory(app, parts, order, door):
    """Both in one order: in two, an estimate and a search could wait for one another for ever."""
    one = replace(parts.crowded, large_payloads=Turns(1, 1))
    app.state.parts = replace(parts, crowded=one)
    asked = order if door == "/jobs/estimate" else {}
    content, said = json.dumps(asked).encode() + b" " * body.LARGE_BYTES, []

    async def ask():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://lai.example.org") as client:
            said.append((await client.post(door, content=content, headers=JSON)).status_code)

    async def trial():
        async with one.long_answers.of("local"), anyio.create_task_group() as group:  # its tenant makes another one
            group.start_soon(ask)
            with anyio.fail_after(60):
                while not one.long_answers._waiting.get("local"):
                    await anyio.sleep(0.01)
                async with one.large_payloads.of("mill"):
                    pass
            group.cancel_scope.cancel()
        await ask()

    anyio.run(trial)
    assert said == [200]


@pytest.mark.parametrize("pieces", [DRIPPING, [b"{", None]])
def test_a_body_that_never_ends_gives_its_turn_back(parts, monkeypatch, pieces):
    monkeypatch.setattr(body, "READ_S", 0.01)

    async def trial():
        async with asynccontextmanager(body.read_body)(sent(pieces), "farm", parts):
            raise AssertionError("it has no end")

    with pytest.raises(HttpProblem) as refused:
        anyio.run(trial)
    assert refused.value.status == 408
    anyio.run(all_are_free, parts)
