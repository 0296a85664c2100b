"""Pages of large documents are short, and cost little to make."""

import weakref

import pytest
from starlette.testclient import TestClient

from jobs.item_book import ItemBook
from jobs.published import Document

BASE = "https://lai.example.org/api"


def next_of(page):
    return next((link for link in page["links"] if link["rel"] == "next"), None)


@pytest.fixture
def short_pages(jobs, monkeypatch):
    """Let a page have room for one item, however many are asked for."""
    monkeypatch.setattr("jobs.item_book.PAGE_BYTES", 1)
    return jobs


def test_a_short_page_says_so_and_leads_on(client, short_pages):
    seen, body = [], {"limit": 10}
    while body is not None:
        page = client.post("/stac/search", json=body).json()
        assert (page["numberMatched"], page["numberReturned"], len(page["features"])) == (14, 1, 1)
        seen += [(item["collection"], item["id"]) for item in page["features"]]
        body = next_of(page) and next_of(page)["body"]
    assert len(set(seen)) == len(seen) == 14


def test_a_short_list_of_items_leads_on(client, short_pages):
    seen, url = [], f"/stac/collections/{short_pages[1]}/items"
    while url:
        page = client.get(url).json()
        assert (page["numberMatched"], page["numberReturned"]) == (4, 1)
        seen += [item["id"] for item in page["features"]]
        url = next_of(page) and next_of(page)["href"].removeprefix(BASE)
    assert seen == ["lai-3", "lai-2", "lai-1", "lai-0"]


def test_one_document_of_a_page_is_in_memory_at_a_time(client, jobs, monkeypatch):
    class Loaded(dict):
        __hash__ = object.__hash__

    loaded, together = weakref.WeakSet(), []
    load = Document.load

    def watched(stored):
        document = Loaded(load(stored))
        loaded.add(document)
        together.append(len(loaded))
        return document

    monkeypatch.setattr(Document, "load", watched)
    assert client.get("/stac/search").json()["numberReturned"] == len(together) == 14
    assert max(together) <= 2


def test_nothing_is_signed_that_is_not_sent(client, jobs, monkeypatch):
    signed = []
    monkeypatch.setattr("service.stac.documents.signed_href", lambda key, **_: signed.append(key) or "https://x")
    without = client.get("/stac/search?fields=properties.gsd").json()["features"]
    assert (len(without), signed) == (14, [])
    client.get("/stac/search?fields=assets.lai&limit=1")
    assert [key.rpartition("/")[2] for key in signed] == ["lai-9.tif"]


@pytest.mark.parametrize("door", ["search", "body", "items", "collections"])
def test_a_turn_is_taken_while_a_page_is_made_and_not_while_it_is_sent(app, finished, monkeypatch, door):
    turns, seen = app.state.parts.crowded.long_answers, []

    def noting(ask):
        return lambda *said, **how: seen.append(("made", turns._taken.total())) or ask(*said, **how)

    async def watched(scope, receive, send):
        async def noted(message):
            seen.append((message["type"], turns._taken.total()))
            await send(message)

        await app(scope, receive, noted)

    monkeypatch.setattr(ItemBook, "search", noting(ItemBook.search))
    monkeypatch.setattr(ItemBook, "collections", noting(ItemBook.collections))
    client = TestClient(watched, base_url="https://lai.example.org")
    if door == "body":
        answer = client.post("/stac/search", json={})
    else:
        answer = client.get(f"/stac/collections/{finished.id}/items" if door == "items" else f"/stac/{door}")
    assert answer.status_code == 200
    assert seen[0] == ("made", 1)
    assert {held for what, held in seen if what != "made"} == {0}
