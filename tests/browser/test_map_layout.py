"""Nothing on the map covers a control, or cannot be read on what lies beneath it."""

import re

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

VIEWS = ("LAI", "Uncertainty", "Source", "Compare")
WINDOWS = {"short": (1280, 680), "phone": (360, 740), "small phone": (320, 640)}


def opened(visit, job, width: int, height: int):
    options = {"has_touch": True, "is_mobile": True} if width < 800 else {}
    page = visit(viewport={"width": width, "height": height}, reduced_motion="reduce", **options).go(f"/jobs/{job.id}")
    page.get_by_role("heading", name="Files").wait_for()
    return page


def covers(page, one: str, other: str) -> bool:
    """Whether two elements share a place."""
    a, b = (page.locator(selector).bounding_box() for selector in (one, other))
    return all(a[at] < b[at] + b[size] and b[at] < a[at] + a[size] for at, size in (("x", "width"), ("y", "height")))


@pytest.mark.parametrize("window", list(WINDOWS))
def test_the_zoom_is_free_and_the_chooser_within_the_window(visit, finished, window):
    width, _ = WINDOWS[window]
    page = opened(visit, finished, *WINDOWS[window])
    for view in VIEWS:
        page.get_by_text(view, exact=True).first.click()
        assert not covers(page, ".ol-zoom", ".layers")
        assert not covers(page, ".ol-zoom", ".legend")
    chooser = page.locator(".layers").bounding_box()
    assert chooser["x"] + chooser["width"] <= width


def test_on_a_phone_the_slider_stays_where_it_is_in_every_view(visit, finished):
    page = opened(visit, finished, *WINDOWS["phone"])
    places = []
    for view in VIEWS:
        page.get_by_text(view, exact=True).first.click()
        places.append(page.get_by_label("Date of the map").bounding_box()["y"])
    assert len(set(places)) == 1


def test_scale_and_place_have_a_ground_of_their_own(visit, finished):
    page = opened(visit, finished, 1280, 800)
    box = page.locator("#map").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=3)
    page.locator("#map .place", has_text=re.compile(r"° N")).wait_for()
    for name in (".ol-scale-line", ".place"):
        ground = page.locator(f"#map {name}").evaluate("(element) => getComputedStyle(element).backgroundColor")
        assert re.search(r"0\.88\)?$", ground), ground
