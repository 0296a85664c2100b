"""A network that fails for a moment leaves no page that is dead, or that says it is away when it is not."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

STATUS = re.compile(r"/jobs/[^/]+\?wait=")


ONE_OF = [r"/collections/[^/]+/items\?", r"/legends/quality\.json", r"/accuracy\.json", r"/series\?"]


def half_done(route) -> None:
    """Answer that the job is still worked on."""
    real = route.fetch()
    info = real.json() | {"status": "running", "progress": 40, "stage": "tile", "message": "half of it"}
    route.fulfill(response=real, json=info, headers={"ETag": '"half"', "Content-Type": "application/json"})


@pytest.mark.parametrize("lost", ONE_OF)
def test_results_of_which_one_request_was_lost_are_asked_for_again_and_shown_once(visit, finished, lost):
    seen = visit(reduced_motion="reduce")
    seen.foreseen.append("ERR_FAILED")
    seen.page.route(re.compile(lost), lambda route: route.abort(), times=1)
    page = seen.go(f"/jobs/{finished.id}")
    page.get_by_role("heading", name="Files").wait_for()
    page.locator(".value", has_text="LAI").wait_for()
    page.locator(".away").wait_for(state="detached")
    for once in (".layers", ".legend", ".parcels", ".swipe"):
        assert page.locator(once).count() == 1


def test_after_an_outage_the_page_asks_at_once_whether_the_service_is_back(visit, finished):
    seen = visit()
    seen.foreseen.append("ERR_FAILED")
    waits = []

    def answer(route) -> None:
        (wait,) = parse_qs(urlsplit(route.request.url).query)["wait"]
        waits.append(int(wait))
        if len(waits) == 2:
            route.abort()
        elif len(waits) < 4:
            half_done(route)
        else:
            assert page.locator(".away").count() == 0
            route.continue_()

    page = seen.page
    page.route(STATUS, answer)
    seen.go(f"/jobs/{finished.id}")
    page.get_by_role("heading", name="Files").wait_for()
    assert [wait > 0 for wait in waits] == [False, True, False, True]


def test_where_as_many_wait_as_may_the_page_asks_now_and_then_and_tells_nobody(visit, finished):
    seen = visit()
    seen.foreseen.append("429")
    waits = []

    def answer(route) -> None:
        (wait,) = parse_qs(urlsplit(route.request.url).query)["wait"]
        waits.append(int(wait))
        assert page.locator(".away").count() == 0
        if int(wait):
            route.fulfill(status=429, json={"title": "Too many requests", "detail": "too many wait"})
        elif len(waits) < 4:
            half_done(route)
        else:
            route.continue_()

    page = seen.page
    page.route(STATUS, answer)
    seen.go(f"/jobs/{finished.id}")
    page.get_by_role("heading", name="Files").wait_for()
    assert [wait > 0 for wait in waits] == [False, True, False, False]


def test_who_asks_too_often_reads_that_the_page_has_to_wait(visit, finished):
    seen = visit()
    seen.foreseen.append("429")
    page = seen.page
    page.route(STATUS, lambda route: route.fulfill(status=429, json={"detail": "too many requests"}), times=2)
    page.goto(f"{seen.url}/jobs/{finished.id}")
    page.get_by_text("So much is asked for at the moment").wait_for()
    page.get_by_role("heading", name="Files").wait_for()
    page.locator(".away").wait_for(state="detached")
