"""Long answers are made a few at a time, so that what they read is not in memory together; short ones wait for none."""

from dataclasses import replace

import anyio
import httpx
import pytest

from service.turns import Turns


@pytest.mark.parametrize("door", ["/jobs/{}/order", "/page/jobs/{}.json", "/stac/collections", "/stac/search"])
def test_a_long_answer_waits_for_its_turn(app, new_job, door):
    turns, job, said = Turns(1, 1), new_job(), []
    app.state.parts = replace(app.state.parts, crowded=replace(app.state.parts.crowded, long_answers=turns))

    async def ask(path):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://lai.example.org") as client:
            said.append((path, (await client.get(path)).status_code))

    async def trial():
        async with anyio.create_task_group() as group, turns.of("local"):
            group.start_soon(ask, door.format(job.id))
            with anyio.fail_after(60):
                while not turns._waiting.get("local"):
                    await anyio.sleep(0.001)
                await ask(f"/jobs/{job.id}")
            assert len(said) == 1

    anyio.run(trial)
    assert said == [(f"/jobs/{job.id}", 200), (door.format(job.id), 200)]
