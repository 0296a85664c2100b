"""Many reads of one job's files hold up neither other jobs' nor any other question."""

import threading
from dataclasses import replace

import anyio
import httpx
import pytest

from service.crowded import FILE_READS_OF_A_JOB
from service.turns import Turns

URL = "https://lai.example.org"
MANY = 60
"""More than there are threads."""


@pytest.fixture
def hrefs(store, storage, signer, new_job, carry_out):
    """Return signed paths of one file each of two jobs."""
    paths = []
    for _ in range(2):
        job = new_job()
        root = carry_out(job.id).removesuffix("manifest.json")
        path = f"/files/{root}items/2023-05-01/lai.tif"
        paths.append(f"{path}?{signer.sign(path, 600)}")
    return paths


def client_of(app):
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL)


def test_a_slow_storage_under_one_job_leaves_threads_for_the_others(app, storage, hrefs, monkeypatch):
    slow, head, gate, looks, said = hrefs[0].split("/")[3], storage.head, threading.Event(), [], []

    def slow_head(key):
        if slow in key:
            looks.append(key)
            gate.wait(90)  # where the others wait for this, the test fails, and does not hang
        return head(key)

    monkeypatch.setattr(storage, "head", slow_head)

    async def read():
        said.append((await client_of(app).get(hrefs[0])).status_code)

    async def trial():
        async with anyio.create_task_group() as group:
            for _ in range(MANY):
                group.start_soon(read)
            try:
                with anyio.fail_after(60):
                    while len(looks) < FILE_READS_OF_A_JOB:  # in threads, about which the loop knows nothing
                        await anyio.sleep(0.001)
                    other = await client_of(app).get(hrefs[1])
                    jobs = await client_of(app).get("/jobs")
                said.extend([other.status_code, len(other.content), jobs.status_code, len(looks)])
            finally:
                gate.set()

    anyio.run(trial)
    assert said == [200, 2048, 200, FILE_READS_OF_A_JOB, *[200] * MANY]


def test_who_takes_a_file_slowly_holds_no_turn(app, hrefs):
    parts, said = app.state.parts, []
    app.state.parts = replace(parts, crowded=replace(parts.crowded, file_reads=Turns(1, 1)))
    path, query = hrefs[0].split("?")

    async def receive():
        await anyio.sleep_forever()

    async def send(message):
        if message.get("body"):
            with anyio.fail_after(60):
                said.append(await client_of(app).get(hrefs[0]))

    async def trial():
        headers = [(b"host", b"lai.example.org"), (b"range", b"bytes=0-99")]
        place = {"path": path, "raw_path": path.encode(), "query_string": query.encode(), "headers": headers}
        scope = {"type": "http", "method": "GET", "http_version": "1.1", "scheme": "https", "root_path": ""} | place
        await app(scope, receive, send)

    anyio.run(trial)
    (answer,) = said
    assert answer.content == bytes(range(256)) * 8
