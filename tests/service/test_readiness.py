"""Whoever asks for readiness, however often: the job book is asked once, and the answer is given again."""

from threading import Event

import anyio
import pytest

import service.readiness
from jobs.database import _revisions
from jobs.errors import Unavailable
from service.readiness import Readiness


class Book:
    """Counts how often it is asked, and answers when it may."""

    def __init__(self, answer: bool | Unavailable) -> None:
        self.answer = answer
        self.asked = 0
        self.may_answer = Event()

    def at_head(self) -> bool:
        self.asked += 1
        assert self.may_answer.wait(60)
        if isinstance(self.answer, Unavailable):
            raise self.answer
        return self.answer


@pytest.fixture
def clock(monkeypatch):
    """Time that stands still until a test moves it."""
    now = [0.0]
    monkeypatch.setattr(service.readiness, "monotonic", lambda: now[0])
    return now


async def _answer(readiness: Readiness, answers: list) -> None:
    try:
        answers.append(await readiness.ready())
    except Unavailable as error:
        answers.append((str(error), error.retry_after))


@pytest.mark.parametrize(
    ("answer", "told"), [(True, True), (False, False), (Unavailable("away", 5), ("away", 5))], ids=str
)
def test_the_book_is_asked_once_for_all_and_again_after_a_second(clock, answer, told):
    book, answers = Book(answer), []

    async def ask_together() -> None:
        readiness = Readiness(book)
        async with anyio.create_task_group() as askers:
            for _ in range(20):
                askers.start_soon(_answer, readiness, answers)
            await anyio.wait_all_tasks_blocked()
            book.may_answer.set()
        await _answer(readiness, answers)
        assert (answers, book.asked) == ([told] * 21, 1)
        clock[0] += service.readiness.HOLDS_S
        await _answer(readiness, answers)

    anyio.run(ask_together)
    assert (answers, book.asked) == ([told] * 22, 2)


def test_the_versions_of_the_schema_are_read_once(store):
    assert store.at_head()
    read = _revisions.cache_info().misses
    assert store.at_head()
    assert _revisions.cache_info().misses == read == 1
