"""Laws of published items in the job book: they come and go with their job; a search finds just what it asks for."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import uuid4

import pytest
import shapely
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from shapely.geometry import LineString, Point, Polygon, box
from sqlalchemy import event, update

from jobs.errors import JobConflict, StepLost
from jobs.item_book import ItemBook, ItemSearch, Order
from jobs.item_filter import ANY, ONE, All, Compare, Either, Lies, Like, Missing, Not, OneOf, Relation
from jobs.published import Document, Published, PublishedItem
from jobs.searchable import PROPERTIES
from jobs.tables import footprints, metadata

FRACTION, ORIGIN = PROPERTIES["clearleaf:observed_fraction"], PROPERTIES["clearleaf:origin"]
DAYS, SIMULATED = PROPERTIES["clearleaf:days_to_clear"], PROPERTIES["clearleaf:simulated"]
DATETIME, ID, CREATED = PROPERTIES["datetime"], PROPERTIES["id"], PROPERTIES["created"]
FIRST = datetime(2023, 6, 1, tzinfo=UTC)


def an_item(n, square=(0, 0, 1, 1), **properties):
    west, south, east, north = square
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "id": f"lai-{n}",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {"datetime": (FIRST + timedelta(days=n)).isoformat()} | properties,
    }


def published(*items):
    documents = [PublishedItem.of(f"r/{item['id']}.json", json.dumps(item).encode()) for item in items]
    return Published(Document.of("r/collection.json", b"{}"), tuple(documents))


def finish_of(store, request_, tenant="local"):
    job = store.create(request_, tenant=tenant)
    for end in (lambda s: store.end_plan(s, "p", ["t"]), lambda s: store.end_prepare(s, "s")):
        end(store.claim(store.steps_to_wake(1)[0].id, "w"))
    store.end_tile(store.claim(store.steps_to_wake(1)[0].id, "w"), "piece")
    return job, store.claim(store.steps_to_wake(1)[0].id, "w")


def succeed(store, request_, *items, tenant="local"):
    job, finish = finish_of(store, request_, tenant)
    store.succeed(finish, "m", published(*items))
    return job


@pytest.fixture
def book(store):
    return ItemBook(store.database)


@pytest.fixture
def found(book):
    """The ids of the items that a search finds, over all pages; every page knows how many there are."""

    def search(limit=100, tenant="local", **wanted):
        ids, after, matched = [], None, set()
        while True:
            page = book.search(tenant, ItemSearch(**wanted), limit=limit, after=after)
            assert len(page.documents) <= limit
            ids += [document.load()["id"].removeprefix("lai-") for document in page.documents]
            matched.add(page.matched)
            if page.next is None:
                assert matched == {len(ids)}
                return ids
            after = page.next

    return search


def test_the_migrations_make_the_tables_that_the_code_knows(store):
    with store.database.read() as db:
        context = MigrationContext.configure(db, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []


def test_items_come_with_success_and_go_with_dismissal(store, book, found, request_):
    job, finish = finish_of(store, request_)
    assert found() == []
    assert book.collection("local", job.id) is None
    store.succeed(finish, "m", published(an_item(0), an_item(1)))
    store.succeed(finish, "m", published(an_item(0), an_item(1)))
    assert found() == ["1", "0"]
    assert book.collection("local", job.id).key == "r/collection.json"
    assert book.item("local", job.id, "lai-1").load() == an_item(1)
    store.dismiss(job.id)
    assert found() == []
    assert book.collection("local", job.id) is None
    assert book.item("local", job.id, "lai-1") is None
    assert book.collections("local", limit=5).matched == 0


def test_who_may_not_close_the_job_leaves_no_items(store, found, request_):
    job, finish = finish_of(store, request_)
    with pytest.raises(StepLost):
        store.succeed(finish.model_copy(update={"attempt": 7}), "m", published(an_item(0)))
    store.dismiss(job.id)
    with pytest.raises(JobConflict):
        store.succeed(finish, "m", published(an_item(0)))
    assert found() == []


def test_another_tenant_finds_nothing(store, book, found, request_):
    job = succeed(store, request_, an_item(0), tenant="a")
    everywhere = Lies("intersects", box(-180, -90, 180, 90))
    assert found(tenant="a", conditions=(everywhere,)) == ["0"]
    assert found(tenant="b") == found(tenant="b", conditions=(everywhere,)) == []
    assert book.collection("b", job.id) is None
    assert book.item("b", job.id, "lai-0") is None
    assert book.collections("b", limit=5).documents == []


def test_ids_collections_and_time_narrow_a_search(store, found, request_):
    first = succeed(store, request_, *(an_item(n) for n in range(3)))
    succeed(store, request_, *(an_item(n) for n in range(2, 5)))
    assert found() == ["4", "3", "2", "2", "1", "0"]
    assert found(collections=(str(first.id),)) == ["2", "1", "0"]
    assert found(collections=(str(uuid4()),)) == []
    assert found(ids=("lai-2", "lai-0")) == ["2", "2", "0"]
    assert found(begin=FIRST + timedelta(days=1), end=FIRST + timedelta(days=2)) == ["2", "2", "1"]


def test_outlines_are_compared_exactly(store, found, request_):
    succeed(store, request_, an_item(0, (0, 0, 1, 1)), an_item(1, (10, 0, 12, 2)), an_item(2, (10, 0, 12, 2)))

    def lie(relation, geometry):
        return found(conditions=(Lies(relation, geometry),))

    assert lie("intersects", Point(11, 1)) == ["2", "1"]
    assert lie("intersects", box(1, 0, 10, 1)) == ["2", "1", "0"]
    assert lie("within", box(-1, -1, 2, 2)) == ["0"]
    assert lie("contains", box(10.5, 0.5, 11, 1)) == ["2", "1"]
    assert lie("equals", box(0, 0, 1, 1)) == ["0"]
    assert lie("intersects", Polygon([(3, -1), (3, 3), (-0.9, 3)])) == []  # only the box around it covers a square
    assert found(conditions=(Not(Lies("intersects", Point(11, 1))),)) == ["0"]


SQUARES = [(0, 0, 1, 1), (1, 0, 2, 1), (0.5, 0, 1.5, 1), (0.2, 0.2, 0.8, 0.8), (5, 5, 6, 6)]


@pytest.mark.parametrize("relation", get_args(Relation))
@pytest.mark.parametrize("other", [box(0, 0, 1, 1), LineString([(0.5, 0.5), (3, 0.5)]), Point(1, 1)])
def test_relations_are_those_of_the_outline_to_the_geometry(store, found, request_, monkeypatch, relation, other):
    monkeypatch.setattr("jobs.item_filter._OUTLINES_AT_ONCE", 2)
    succeed(store, request_, *(an_item(n, square) for n, square in enumerate(SQUARES)))
    expected = {str(n) for n, square in enumerate(SQUARES) if getattr(box(*square), relation)(other)}
    assert set(found(conditions=(Lies(relation, other),))) == expected


def test_many_outlines_are_one_parameter(store, found, request_):
    parameters, counts = [], []
    event.listen(store.database.engine, "before_cursor_execute", lambda *said: parameters.append(len(said[3])))
    for n in (1, 2, 20):
        succeed(store, request_, *(an_item(i, (i, 0, i + 0.5, 1)) for i in range(n)))
        parameters.clear()
        assert found(conditions=(Lies("intersects", box(-1, -1, n, 2)),))
        counts.append(parameters.copy())
    assert counts[0] == counts[1] == counts[2]


def test_of_an_outline_within_a_box_nothing_more_is_read(store, found, request_):
    succeed(store, request_, an_item(0, (0, 0, 1, 1)), an_item(1, (3, 0, 5, 1)))
    with store.database.write() as db:
        db.execute(update(footprints).where(footprints.c.east == 1).values(wkb=b"not looked at"))
    assert found(conditions=(Lies("intersects", box(0, 0, 4, 1)),)) == ["1", "0"]


def test_many_vertices_are_sorted_once_for_all_outlines(store, found, request_, monkeypatch):
    succeed(store, request_, an_item(0, (0, 0, 1, 1)))
    prepared = []

    def seen(relation):
        return lambda one, other: prepared.append(shapely.is_prepared(one)) or relation(one, other)

    for relation in ("intersects", "contains", "overlaps"):  # of what comes second, shapely does not mind it
        monkeypatch.setattr(shapely, relation, seen(getattr(shapely, relation)))
    for relation in ("intersects", "within", "overlaps"):
        found(conditions=(Lies(relation, Point(0, 0).buffer(1)),))
    assert prepared == [True] * len(prepared)
    assert len(prepared) == 3


def test_conditions_find_what_they_say(store, found, request_):
    succeed(
        store,
        request_,
        an_item(0, **{FRACTION.name: 0.0, ORIGIN.name: "reconstructed", DAYS.name: 12, SIMULATED.name: True}),
        an_item(1, **{FRACTION.name: 0.5, ORIGIN.name: "mixed", DAYS.name: None, SIMULATED.name: False}),
        an_item(2, **{FRACTION.name: 1, ORIGIN.name: "observed", DAYS.name: 0, CREATED.name: "2024-01-01T00:00:00.5Z"}),
        an_item(3, **{FRACTION.name: "much", ORIGIN.name: "Mixed_100%"}),
    )

    def those(*conditions):
        return set(found(conditions=conditions))

    assert those(Compare(FRACTION, ">=", 0.5)) == {"1", "2"}
    assert those(Compare(FRACTION, "=", 1)) == {"2"}
    assert those(Compare(ORIGIN, "<>", "mixed")) == {"0", "2", "3"}
    assert those(Compare(ORIGIN, "<", "a")) == {"3"}  # by code points: capitals come first
    assert those(Compare(SIMULATED, "=", True)) == {"0"}
    assert those(Compare(SIMULATED, "<>", True)) == {"1"}
    assert those(Compare(DATETIME, ">", FIRST + timedelta(days=1))) == {"2", "3"}
    assert those(Compare(CREATED, ">", datetime(2024, 1, 1, tzinfo=UTC))) == {"2"}
    assert those(Compare(FRACTION, "<", DAYS)) == {"0"}
    assert those(Missing(DAYS)) == {"1", "3"}
    assert those(Missing(FRACTION)) == {"3"}  # what is no number is not kept as one
    assert those(Not(Compare(DAYS, ">", 5))) == {"2"}  # undecided where there is no value
    assert those(OneOf(DAYS, (0, 12.0))) == {"0", "2"}
    assert those(OneOf(ID, ("lai-1", "lai-9"))) == {"1"}
    assert those(Like(ORIGIN, ("m", ANY))) == {"1"}
    assert those(Like(ORIGIN, ("mi", ONE, "ed"))) == {"1"}
    assert those(Like(ORIGIN, (ANY, "_100%"))) == {"3"}
    assert those(Like(ORIGIN, (ANY, "*", ANY))) == set()
    assert those(Either((Compare(DAYS, "=", 0), Compare(DAYS, "=", 12)))) == {"0", "2"}
    assert those(All((Compare(DAYS, ">=", 0), Compare(DAYS, "<", 12)))) == {"2"}
    assert those(All(())) == {"0", "1", "2", "3"}
    assert those(Either(())) == set()


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
@pytest.mark.parametrize("descending", [False, True])
def test_every_order_pages_through_each_item_once(store, found, request_, limit, descending):
    for shift in (0, 3):
        values = [0.5, None, 0.1, 0.5, None, 0.3]
        succeed(
            store,
            request_,
            *(an_item(n + shift, **{FRACTION.name: v, ORIGIN.name: "x"}) for n, v in enumerate(values)),
        )
    for known in (DATETIME, ID, FRACTION, ORIGIN, CREATED, PROPERTIES["collection"]):
        order = (Order(known, descending),)
        seen = found(limit, order=order)
        assert sorted(seen) == sorted([str(n) for n in range(6)] + [str(n + 3) for n in range(6)])
        assert seen == found(100, order=order)
    by_fraction = found(limit, order=(Order(FRACTION, descending), Order(ID, True)))
    assert by_fraction[-4:] == ["7", "4", "4", "1"]  # those without a value, either way
    assert by_fraction[:4] == (["6", "3", "3", "0"] if descending else ["5", "2", "8", "5"])


def test_a_page_begins_where_the_last_one_ended(store, book, request_):
    succeed(store, request_, *(an_item(n) for n in range(4)))
    first = book.search("local", ItemSearch(), limit=2)
    succeed(store, request_, *(an_item(n) for n in range(10, 14)))
    second = book.search("local", ItemSearch(), limit=2, after=first.next)
    assert [document.load()["id"] for document in second.documents] == ["lai-1", "lai-0"]


def test_collections_page_newest_first(store, book, request_):
    made = [str(succeed(store, request_, an_item(0)).id) for _ in range(5)]
    pages, after = [], None
    while True:
        page = book.collections("local", limit=2, after=after)
        pages.append(page)
        if page.next is None:
            break
        after = page.next
    assert [len(page.documents) for page in pages] == [2, 2, 1]
    assert {page.matched for page in pages} == {5}
    assert len(made) == 5


@pytest.mark.parametrize("cursor", ["", "nonsense", "W10", "WzFd", "bnVsbA", "é", "WyJ4IiwieCIsIngiXQ", "W" * 3000])
def test_a_cursor_of_another_search_is_refused(store, book, request_, cursor):
    succeed(store, request_, an_item(0))
    for ask in (book.collections, lambda *a, **k: book.search(a[0], ItemSearch(), **k)):
        with pytest.raises(ValueError, match="cursor"):
            ask("local", limit=1, after=cursor)


def test_a_cursor_fits_one_order(store, book, request_):
    succeed(store, request_, an_item(0), an_item(1))
    by_time = book.search("local", ItemSearch(), limit=1)
    other = replace(ItemSearch(), order=(Order(FRACTION), Order(DATETIME)))
    with pytest.raises(ValueError, match="cursor"):
        book.search("local", other, limit=1, after=by_time.next)


@pytest.mark.parametrize(("room", "sizes"), [(2.5, [2, 2, 1]), (0.1, [1, 1, 1, 1, 1]), (4, [3, 2])])
def test_a_page_ends_where_its_documents_grow_large(store, book, request_, monkeypatch, room, sizes):
    monkeypatch.setattr("jobs.item_book._ROWS_AT_ONCE", 2)
    monkeypatch.setattr("jobs.item_book.PAGE_BYTES", int(room * len(json.dumps(an_item(0)))))
    succeed(store, request_, *(an_item(n) for n in range(5)))
    pages = pages_of(book.search, ItemSearch(), limit=3)
    assert [len(page.documents) for page in pages] == sizes
    assert {page.matched for page in pages} == {5}
    assert [doc.load()["id"] for page in pages for doc in page.documents] == [f"lai-{n}" for n in range(4, -1, -1)]


def test_a_page_of_collections_ends_where_they_grow_large(store, book, request_, monkeypatch):
    for _ in range(3):
        succeed(store, request_, an_item(0))
    monkeypatch.setattr("jobs.item_book.PAGE_BYTES", 2 * len(b"{}"))
    pages = pages_of(book.collections, limit=3)
    assert [(len(page.documents), page.matched) for page in pages] == [(2, 3), (1, 3)]


def pages_of(ask, *wanted, limit):
    """Ask for page after page."""
    pages = [ask("local", *wanted, limit=limit)]
    while pages[-1].next is not None:
        pages.append(ask("local", *wanted, limit=limit, after=pages[-1].next))
    return pages
