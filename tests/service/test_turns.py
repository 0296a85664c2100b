"""Turns are few, nobody has more than allowed, and tenants come one after the other."""

import anyio

from service.turns import Turns


class Hall:
    """People who ask for turns, and hold them until they are let go."""

    def __init__(self, group, turns):
        self.group, self.turns = group, turns
        self.came, self.scopes = [], {}

    async def ask(self, name):
        """Let somebody ask, named by tenant and number: `a1`; return when all stand still."""
        self.group.start_soon(self._hold, name)
        await anyio.wait_all_tasks_blocked()

    async def _hold(self, name):
        with anyio.CancelScope() as self.scopes[name]:
            async with self.turns.of(name[0]):
                self.came.append(name)
                await anyio.sleep_forever()

    async def go(self, name):
        """Let somebody go, turn or no turn; return when all stand still."""
        self.scopes[name].cancel()
        await anyio.wait_all_tasks_blocked()


def in_hall(at_once, each, trial):
    """Run a trial in a hall; afterwards every turn is free again."""

    async def run():
        turns = Turns(at_once, each)
        async with anyio.create_task_group() as group:
            hall = Hall(group, turns)
            await trial(hall)
            group.cancel_scope.cancel()
        async with anyio.create_task_group() as group:
            hall = Hall(group, turns)
            for number in range(at_once + 1):
                await hall.ask(f"{number}x")
            assert len(hall.came) == at_once
            group.cancel_scope.cancel()

    anyio.run(run)


def test_a_tenant_gets_its_next_turn_after_all_others_that_wait():
    async def trial(hall):
        for name in ("a1", "a2", "a3", "b1", "b2", "c1"):
            await hall.ask(name)
        for name in ("a1", "a2", "b1", "c1", "a3"):
            await hall.go(name)
        assert hall.came == ["a1", "a2", "b1", "c1", "a3", "b2"]

    in_hall(1, 1, trial)


def test_a_tenant_has_no_more_than_its_own_while_others_find_turns():
    async def trial(hall):
        for name in ("a1", "a2", "a3", "b1", "c1", "d1"):
            await hall.ask(name)
        assert hall.came == ["a1", "b1", "c1"]
        await hall.go("a1")
        assert hall.came[3:] == ["a2"]  # asked before d1, and so it is its turn
        await hall.go("b1")
        assert hall.came[4:] == ["d1"]

    in_hall(3, 1, trial)


def test_one_tenant_alone_may_have_all():
    async def trial(hall):
        for name in ("a1", "a2", "a3"):
            await hall.ask(name)
        assert hall.came == ["a1", "a2"]

    in_hall(2, 2, trial)


def test_who_goes_while_it_waits_keeps_nobody_from_coming():
    async def trial(hall):
        for name in ("a1", "b1", "c1"):
            await hall.ask(name)
        await hall.go("b1")
        await hall.go("a1")
        assert hall.came == ["a1", "c1"]

    in_hall(1, 1, trial)


def test_who_goes_at_the_moment_of_its_turn_gives_it_on():
    async def trial(hall):
        for name in ("a1", "b1", "c1"):
            await hall.ask(name)
        hall.scopes["a1"].cancel()
        hall.scopes["b1"].cancel()
        await anyio.wait_all_tasks_blocked()
        assert hall.came == ["a1", "c1"]

    in_hall(1, 1, trial)
