"""Keys of the API in either database: made once, never stored, good until they end."""

import re
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from jobs import key_ring
from jobs.api_keys import KEY, KeyBook, Scope, UnknownKey, UnusableKey, bearer_of, opens
from jobs.errors import Unavailable
from jobs.key_ring import KeyRing
from jobs.tables import api_keys


@pytest.fixture
def book(store):
    return KeyBook(store.database)


def test_a_key_opens_its_tenant_and_its_secret_is_not_stored(book, store):
    made = book.create("farm", {Scope.JOBS}, name="tractor")
    found = book.check(made.text)
    assert (found.tenant, found.scopes, found.name) == ("farm", {Scope.JOBS}, "tractor")
    secret = KEY.fullmatch(made.text)[2]
    with store.database.read() as db:
        row = db.execute(select(api_keys)).one()
    assert secret not in str(tuple(row))
    assert re.fullmatch(r"[0-9a-f]{64}", row.secret_sha256)


def test_secrets_differ_and_hold_256_bits(book):
    texts = {book.create("farm", {Scope.READ}).text for _ in range(20)}
    assert len({KEY.fullmatch(text)[2] for text in texts}) == 20
    assert all(len(KEY.fullmatch(text)[2]) * 6 >= 256 for text in texts)


def test_what_is_no_good_key(book):
    made, other = book.create("farm", {Scope.JOBS}), book.create("mill", {Scope.JOBS})
    key_id, secret = made.text.split(".")
    wrong = ["", "x", key_id, secret, made.text + "a", made.text[:-1], f"{other.key.id}.{secret}"]
    wrong += [f"clk_000000000000.{secret}", f"{key_id}.{'A' * 43}", f"{key_id}.{secret.swapcase()}", made.text + "\n"]
    assert [text for text in wrong if book.check(text) is not None] == []


def test_a_key_expires(book, moved):
    made = book.create("farm", {Scope.JOBS}, lasting=timedelta(seconds=300))
    assert book.check(made.text) is not None
    moved(api_keys.c.expires, -1)
    assert book.check(made.text) is None
    with pytest.raises(UnusableKey, match="expired"):
        book.rotate(made.key.id, timedelta(hours=1))


def test_a_revoked_key_stays_so(book):
    made = book.create("farm", {Scope.JOBS})
    first = book.revoke(made.key.id)
    assert book.check(made.text) is None
    assert book.revoke(made.key.id).revoked == first.revoked
    with pytest.raises(UnusableKey):
        book.rotate(made.key.id, timedelta(hours=1))
    with pytest.raises(UnknownKey, match="no key"):
        book.revoke("clk_000000000000")


def test_both_keys_hold_while_one_takes_the_others_place(book, moved):
    old = book.create("farm", {Scope.JOBS, Scope.METRICS}, name="tractor")
    new = book.rotate(old.key.id, timedelta(seconds=300))
    assert (new.key.tenant, new.key.scopes, new.key.name) == ("farm", {Scope.JOBS, Scope.METRICS}, "tractor")
    assert book.check(old.text) is not None
    assert book.check(new.text) is not None
    (kept,) = (key for key in book.list("farm") if key.id == old.key.id)
    assert kept.expires - new.key.created == timedelta(seconds=300)
    moved(api_keys.c.expires, -1, api_keys.c.id == old.key.id)
    assert book.check(old.text) is None
    assert book.check(new.text) is not None


def test_an_overlap_makes_no_key_last_longer(book):
    old = book.create("farm", {Scope.JOBS}, lasting=timedelta(days=10))
    new = book.rotate(old.key.id, timedelta(days=30))
    (kept,) = (key for key in book.list("farm") if key.id == old.key.id)
    assert kept.expires == old.key.expires
    assert abs(new.key.expires - old.key.expires) < timedelta(minutes=1)


def test_lists_know_tenants_and_last_uses(book):
    made = book.create("farm", {Scope.JOBS})
    book.create("mill", {Scope.READ})
    assert [key.tenant for key in book.list()] == ["farm", "mill"]
    assert [key.used for key in book.list("farm")] == [None]
    book.check(made.text)
    (first,) = (key.used for key in book.list("farm"))
    book.check(made.text)
    assert [key.used for key in book.list("farm")] == [first]  # to the hour: no write for every request


@pytest.mark.parametrize("tenant", ["", " ", "a b", "é", "x" * 65, "a\n"])
def test_tenants_have_plain_names(book, tenant):
    with pytest.raises(ValueError, match="tenant"):
        book.create(tenant, {Scope.JOBS})


def test_a_key_must_open_something_for_some_time(book):
    with pytest.raises(ValueError, match="scopes"):
        book.create("farm", set())
    with pytest.raises(ValueError, match="last"):
        book.create("farm", {Scope.READ}, lasting=timedelta())


def test_who_may_order_may_read_and_nothing_else():
    assert opens({Scope.JOBS}, Scope.READ)
    assert not opens({Scope.READ}, Scope.JOBS)
    assert not opens({Scope.JOBS, Scope.READ}, Scope.METRICS)
    assert not opens({Scope.METRICS}, Scope.READ)


@pytest.mark.parametrize(
    ("header", "credential"),
    [
        ("Bearer a.b", "a.b"),
        ("bearer  a.b ", "a.b"),
        ("Basic a.b", None),
        ("Bearer", None),
        ("Bearer ", None),
        ("", None),
    ],
)
def test_bearer_credentials(header, credential):
    assert bearer_of(header) == credential


def test_a_ring_remembers_good_keys_for_a_while(book, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(key_ring, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    ring, made = KeyRing(book, remembered_s=5), book.create("farm", {Scope.METRICS})
    assert ring.permits(f"Bearer {made.text}", Scope.METRICS)
    assert not ring.permits(f"Bearer {made.text}", Scope.READ)
    book.revoke(made.key.id)
    clock[0] += 4.9
    assert ring.check(made.text) is not None
    clock[0] += 0.2
    assert ring.check(made.text) is None
    assert not ring.permits(f"Bearer {made.text}", Scope.METRICS)


def test_a_ring_asks_the_book_once(book, monkeypatch):
    asked = []
    real = book.check
    monkeypatch.setattr(book, "check", lambda text: asked.append(text) or real(text))
    ring, made = KeyRing(book, remembered_s=3600), book.create("farm", {Scope.READ})
    assert all(ring.check(made.text) for _ in range(5))
    assert len(asked) == 1
    assert [ring.check(made.text[:-1] + "!") for _ in range(2)] == [None, None]
    assert len(asked) == 3  # what is wrong is not remembered: a key works from the moment that it is made


def test_a_book_out_of_reach_is_no_refusal(tmp_path):
    from jobs.database import Database

    book = KeyBook(Database("postgresql://nobody@127.0.0.1:9/none"))
    with pytest.raises(Unavailable):
        KeyRing(book).check("clk_000000000000." + "A" * 43)
