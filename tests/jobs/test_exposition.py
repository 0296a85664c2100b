"""The metrics server of processes that have no API."""

from contextlib import contextmanager

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from jobs.api_keys import KeyBook, Scope
from jobs.errors import Unavailable
from jobs.exposition import permits_of, serve
from jobs.key_ring import KeyRing


@pytest.fixture
def scrape():
    """Returns the answer of a server that asks somebody about keys."""
    servers = []

    def get(permits=None, key=None, path="/metrics", host="127.0.0.1"):
        registry = CollectorRegistry()
        Counter("seen", "Something.", registry=registry).inc()
        servers.append(serve(registry, host, 0, permits))
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        shown = f"[{host}]" if ":" in host else host
        return httpx.get(
            f"http://{shown}:{servers[-1].server_port}{path}", headers=headers, trust_env=False, timeout=60
        )

    yield get
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_metrics_are_shown(scrape, host):
    answer = scrape(host=host)
    assert answer.status_code == 200
    assert "seen_total 1.0" in answer.text
    assert "_created" not in answer.text


def test_nothing_else_is_shown(scrape):
    assert scrape(path="/").status_code == 404


def test_a_key_is_asked_for_where_somebody_checks_keys(scrape):
    def permits(authorization):
        return authorization == "Bearer good"

    assert scrape(permits, "good").status_code == 200
    for key in (None, "bad"):
        answer = scrape(permits, key)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert "seen" not in answer.text


def test_nobody_looks_in_from_elsewhere_without_a_key():
    with pytest.raises(ValueError, match="CLEARLEAF_AUTHENTICATION"):
        serve(CollectorRegistry(), "0.0.0.0", 0, None)


def test_the_keys_of_the_job_book_with_their_scope_open_it(scrape, store, settings):
    keys = KeyBook(store.database)
    good, other = (keys.create("ops", [scope]).text for scope in (Scope.METRICS, Scope.JOBS))
    permits = permits_of(settings.model_copy(update={"authentication": "keys"}))
    assert scrape(permits, good).status_code == 200
    assert scrape(permits, other).status_code == 401
    assert permits_of(settings) is None


def test_while_the_job_book_is_away_the_key_of_a_scrape_is_believed_and_no_other(store):
    book = KeyBook(store.database)
    ring = KeyRing(book, remembered_s=0)
    scraper, both = (book.create("ops", scopes).text for scopes in ([Scope.METRICS], [Scope.METRICS, Scope.JOBS]))
    stranger = book.create("ops", [Scope.METRICS]).text
    for key in (scraper, both):
        assert ring.permits(f"Bearer {key}", Scope.METRICS)
    away(store)
    assert ring.permits(f"Bearer {scraper}", Scope.METRICS)
    assert not ring.permits(f"Bearer {scraper}", Scope.READ)
    for key in (both, stranger):
        with pytest.raises(Unavailable):
            ring.permits(f"Bearer {key}", Scope.METRICS)


def away(store) -> None:
    """Take the job book away from under an open store."""

    @contextmanager
    def nowhere():
        raise Unavailable("the job book cannot be reached")
        yield

    store.database.read = nowhere


def test_keys_that_cannot_be_checked_open_nothing(scrape):
    def permits(authorization):
        raise Unavailable("the job book is away")

    assert scrape(permits, "good").status_code == 503
