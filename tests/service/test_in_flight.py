"""What one tenant has in flight is bounded, and given back once it is answered, streamed or abandoned."""

import anyio
import httpx
import pytest

from jobs.api_keys import KeyBook, Scope
from jobs.job import JobRequest, Limits
from service.access_settings import TenantLimits
from service.app import create_app

URL = "https://lai.example.org"


@pytest.fixture
def serve(store, broker, storage, signer, settings):
    """Return an app with these limits, and a client of it for each of two tenants."""

    def serving(limits):
        changed = settings.model_copy(update={"authentication": "keys", "tenant_limits": limits})
        app, book = create_app(store, broker, storage, signer, changed), KeyBook(store.database)
        clients = {}
        for tenant in ("farm", "mill"):
            shown = {"Authorization": f"Bearer {book.create(tenant, {Scope.JOBS}).text}"}
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            clients[tenant] = httpx.AsyncClient(transport=transport, base_url=URL, headers=shown)
        return app, clients

    return serving


@pytest.fixture
def farms_job(store, order):
    return store.create(JobRequest.parse(order | {"catalog": "simulated"}, Limits()), tenant="farm")


def scope_of(path, headers, query=""):
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    shown = {"path": path, "raw_path": path.encode(), "query_string": query.encode(), "headers": raw}
    return {"type": "http", "method": "GET", "http_version": "1.1", "scheme": "https", "root_path": ""} | shown


def test_a_request_counts_until_the_last_byte_of_its_answer(serve):
    app, clients = serve(TenantLimits(requests_in_flight=1))
    said = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        if message["type"] == "http.response.body":
            said.append(await clients["farm"].get("/jobs"))
            said.append(await clients["mill"].get("/jobs"))
            said.append(await clients["farm"].get("/healthz"))
            if len(said) == 3:
                raise OSError("the client has gone")

    async def trial():
        scope = scope_of("/jobs", clients["farm"].headers)
        with pytest.raises(OSError, match="gone"):
            await app(scope, receive, send)
        said.append(await clients["farm"].get("/jobs"))
        await app(scope, receive, send)
        said.append(await clients["farm"].get("/jobs"))

    anyio.run(trial)
    assert [answer.status_code for answer in said] == [429, 200, 200, 200, 429, 200, 200, 200]
    assert said[0].headers["retry-after"] == "1"
    assert said[0].json()["detail"].startswith("1 requests at the same moment are the limit here")


def test_a_refused_request_gives_its_place_back(serve):
    _, clients = serve(TenantLimits(requests_in_flight=1))

    async def trial():
        return [(await clients["farm"].get("/jobs?after=nonsense")).status_code for _ in range(3)]

    assert anyio.run(trial) == [400] * 3


def test_waits_of_one_tenant_are_bounded(serve, farms_job, monkeypatch):
    app, clients = serve(TenantLimits(waits=1))
    waiting, told, said = app.state.parts.waiting, {}, {}

    async def ask(name, query=""):
        said[name] = await clients["farm"].get(f"/jobs/{farms_job.id}{query}")

    async def trial():
        told["waits"], told["end"] = anyio.Event(), anyio.Event()

        async def updated(job_id):
            told["waits"].set()
            await told["end"].wait()  # it has not changed, and yet somebody will dismiss it

        monkeypatch.setattr(waiting, "updated", updated)
        async with anyio.create_task_group() as group:
            group.start_soon(ask, "first", "?wait=60")
            await told["waits"].wait()
            await ask("second", "?wait=60")
            await ask("at once")
            app.state.parts.jobs.dismiss(farms_job.id, "farm")
            await ask("ended", "?wait=60")  # nothing to wait for
            told["end"].set()

    anyio.run(trial)
    assert {name: answer.status_code for name, answer in said.items()} == {
        "second": 429,
        "at once": 200,
        "ended": 200,
        "first": 200,
    }
    assert "1 waits (`?wait=`) at the same moment are the limit here" in said["second"].json()["detail"]
    assert "ask without `wait`" in said["second"].json()["detail"]
    assert said["second"].headers["retry-after"] == "5"


def test_who_goes_away_waits_no_longer(serve, farms_job):
    app, clients = serve(TenantLimits(waits=1, requests_in_flight=1))
    messages = []

    async def gone():
        return {"type": "http.disconnect"}

    async def send(message):
        messages.append(message)

    async def trial():
        for _ in range(2):
            await app(scope_of(f"/jobs/{farms_job.id}", clients["farm"].headers, "wait=60"), gone, send)

    anyio.run(trial)
    assert [message["status"] for message in messages if "status" in message] == [200, 200]


def test_all_who_wait_share_one_look_into_the_book(app, store, new_job, monkeypatch):
    waiting, looks, found = app.state.parts.waiting, [], {}
    known = [new_job() for _ in range(3)]
    updated = store.updated
    monkeypatch.setattr(store, "updated", lambda asked: looks.append(set(asked)) or updated(asked))

    async def ask(number):
        found[number] = await waiting.updated(known[number % 3].id)

    async def trial():
        async with anyio.create_task_group() as group:
            for number in range(300):
                group.start_soon(ask, number)
            with anyio.CancelScope() as leaving:
                leaving.cancel()
                await waiting.updated(known[0].id)  # one who goes takes nobody along

    anyio.run(trial)
    assert looks == [{job.id for job in known}]
    assert found == {number: known[number % 3].updated for number in range(300)}
    anyio.run(trial)  # in another event loop, as tests and restarts have it
    assert len(looks) == 2
