"""The bell: one round at a time, however often it rings, and no trouble of its own."""

import threading

from service.waker import Waker


class Book:
    def __init__(self):
        self.rounds = 0

        self.returned = []

    def steps_to_wake(self, limit, run_dry):
        self.rounds += 1
        return ["step"] * limit

    def not_sent(self, unsent):
        self.returned += unsent


class Queue:
    def __init__(self, answer=True):
        self.answer = answer
        self.woken = 0
        self.entered = threading.Event()
        self.go_on = threading.Event()

    def run_dry(self):
        return frozenset()

    def wake(self, step):
        self.woken += 1
        self.entered.set()
        assert self.go_on.wait(60)
        return self.answer


def test_a_burst_of_orders_makes_one_more_round():
    book, queue = Book(), Queue()
    waker = Waker(book, queue, window=1)
    waker.ring()
    assert queue.entered.wait(60)
    for _ in range(50):
        waker.ring()
    queue.go_on.set()
    while book.rounds < 2:
        pass
    waker.close(60)
    assert book.rounds == 2


def test_a_broker_that_is_away_is_asked_once_a_round():
    book, queue = Book(), Queue(answer=False)
    queue.go_on.set()
    waker = Waker(book, queue, window=32)
    waker.ring()
    assert queue.entered.wait(60)
    waker.close(60)
    assert queue.woken == 1
    assert book.returned == ["step"] * 32


def test_closing_before_any_order_is_no_trouble():
    Waker(Book(), Queue(), window=1).close()
