"""The form of an order: nothing that was drawn is lost, and what is wrong is seen where somebody looks."""

import io
import json
import math
import re

import pytest
from PIL import Image

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

IN_VIEW = """(e) => { const box = e.getBoundingClientRect(), x = box.left + box.width / 2, y = box.top + box.height / 2;
  return e.contains(document.elementFromPoint(x, y)); }"""
CORNERS = [(-100, -60), (60, -50), (80, 60), (-40, 90)]
"""From the middle of the map, where a phone has neither words nor buttons."""


def middle(page) -> tuple[float, float]:
    box = page.locator("#map").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def type_edges(page, *edges):
    for name, value in zip(("West", "South", "East", "North"), edges, strict=True):
        page.get_by_label(name, exact=True).fill(str(value))
    page.get_by_role("button", name="Add rectangle").click()


@pytest.fixture
def form(visit):
    """A page on which one is about to type a place."""
    page = visit().go()
    page.get_by_text("Type the edges instead").click()
    return page


@pytest.mark.parametrize(
    ("edges", "label", "words"),
    [
        ((3, -99, 4, 51), "South", "Give degrees between −85 and 85"),
        ((3, 50, 4, 99), "North", "Give degrees between −85 and 85"),
        (("", 50, 4, 51), "West", "Give degrees between −180 and 180"),
        ((4, 50, 3, 51), "East", "3 is not east of 4"),
        ((3, 51, 4, 50), "North", "50 is not north of 51"),
    ],
)
def test_edges_that_are_none_are_told_and_never_get_onto_the_map(form, edges, label, words):
    type_edges(form, *edges)
    wrong = form.locator(".field", has_text=label).locator(".wrong")
    assert wrong.inner_text() == words
    assert form.get_by_label(label, exact=True).get_attribute("aria-invalid") == "true"
    assert not form.get_by_text(re.compile("shape: ")).is_visible()
    type_edges(form, 3.1, 50.8, 3.11, 50.81)
    form.get_by_text(re.compile(r"1 shape: 7\d\.?\d? ha of")).wait_for()
    assert wrong.count() == 0


def test_a_file_whose_later_corners_are_no_places_is_refused(visit, tmp_path):
    ring = [[3, 50], [3.1, 50], [3.1, 90], [3, 50]]
    path = tmp_path / "pole.geojson"
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    page = visit().go()
    page.locator("input[type=file]").set_input_files(path)
    page.locator("fieldset#aoi .wrong", has_text="[3.1,90] is no place in degrees").wait_for()


def test_what_was_drawn_is_there_after_a_look_at_the_jobs(form):
    type_edges(form, 3.1, 50.8, 3.11, 50.81)
    shape = form.get_by_text(re.compile("1 shape: "))
    shape.wait_for()
    form.get_by_role("link", name="Jobs").click()
    form.wait_for_url("**/#jobs")
    form.get_by_role("link", name="New order").click()
    assert not form.url.endswith("#jobs")
    assert shape.is_visible()
    form.go_back()
    assert shape.is_visible()
    assert form.locator("[data-page=jobs]").get_attribute("aria-current") == "page"


@pytest.mark.parametrize("answer", [429, 503, None], ids=str)
def test_a_refusal_of_the_whole_is_seen_and_the_focus_stays(visit, answer):
    seen = visit()
    seen.foreseen.append(str(answer or "ERR_FAILED"))
    form = seen.go()
    form.get_by_text("Type the edges instead").click()
    type_edges(form, 3.1, 50.8, 3.11, 50.81)
    body = json.dumps({"title": "busy", "status": answer, "detail": "come back in 9 s"})
    problem = {"status": answer, "content_type": "application/problem+json", "body": body}
    form.route("**/jobs", lambda route: route.fulfill(**problem) if answer else route.abort())
    button = form.get_by_role("button", name="Order the map")
    button.click()
    wrong = form.locator(".send .wrong")
    wrong.wait_for()
    assert wrong.evaluate(IN_VIEW)
    assert button.evaluate("(e) => e === document.activeElement")
    form.get_by_label("Days between maps").fill("7")
    assert wrong.count() == 0


def test_a_day_that_was_refused_and_is_changed_is_no_longer_wrong(form):
    form.get_by_label("First day").fill("2023-07-01")
    end = form.get_by_label("Last day")
    end.fill("2023-06-01")
    form.get_by_role("button", name="Order the map").click()
    wrong = form.locator("[data-member=end] .wrong")
    wrong.wait_for()
    end.fill("2023-07-21")
    assert wrong.count() == 0
    assert end.get_attribute("aria-invalid") is None


def test_two_corners_are_no_field_for_a_mouse_either(visit):
    page = visit().go()
    page.get_by_role("button", name="Polygon").click()
    x, y = middle(page)
    finish = page.get_by_role("button", name="Finish")
    for across, down in CORNERS[:2]:
        page.mouse.move(x + across, y + down)
        page.mouse.click(x + across, y + down)
    finish.click()
    assert finish.is_visible()
    assert not page.get_by_text(re.compile("shape: ")).is_visible()
    page.mouse.click(x + CORNERS[2][0], y + CORNERS[2][1])
    finish.click()
    page.get_by_text(re.compile("1 shape: ")).wait_for()


def test_what_is_cured_is_no_longer_wrong(form):
    form.get_by_role("button", name="Order the map").click()
    wrong = form.locator("fieldset#aoi .wrong")
    wrong.wait_for()
    assert wrong.evaluate(IN_VIEW)
    type_edges(form, 3.1, 50.8, 3.11, 50.81)
    assert wrong.count() == 0
    assert form.locator("fieldset#aoi").get_attribute("aria-invalid") is None


def test_days_without_scenes_are_told_before_they_are_ordered(visit, field_file, service):
    seen = {re.search(r"202306\d\d", path.name)[0] for path in service.catalogue.glob("*/*/*202306*.json")}
    unseen = next(f"2023-06-{day:02}" for day in range(1, 31) if f"202306{day:02}" not in seen)
    page = visit().go()
    page.locator("input[type=file]").set_input_files(field_file)
    page.get_by_label("First day").fill(unseen)
    page.get_by_label("Last day").fill(unseen)
    page.get_by_text("More settings").click()
    page.get_by_label("Days of context").fill("0")
    page.locator(".estimate .wrong", has_text="There are no scenes in these days").wait_for()


def test_a_finger_undoes_a_corner_and_finishes_the_field(visit, phone):
    page = visit(**phone).go()
    page.get_by_role("button", name="Polygon").tap()
    page.get_by_text("Tap the corners of the field").wait_for()
    x, y = middle(page)
    finish = page.get_by_role("button", name="Finish")
    for across, down in CORNERS[:2]:
        page.touchscreen.tap(x + across, y + down)
    finish.tap()
    assert not page.get_by_text(re.compile("shape: ")).is_visible()
    for across, down in CORNERS[2:]:
        page.touchscreen.tap(x + across, y + down)
    page.touchscreen.tap(x - 90, y + 20)
    page.get_by_role("button", name="Undo").tap()
    finish.tap()
    page.get_by_text(re.compile("1 shape: ")).wait_for()
    order = page.request.post(f"{page.url}jobs/estimate", data={})  # the page is still well
    assert order.status == 422


def test_after_clearing_a_single_field_is_an_area_again(visit, field_file, service):
    page = visit().go()
    page.locator("input[type=file]").set_input_files(service.catalogue / "parcels.geojson")
    page.get_by_label("Parcels: a map").wait_for()
    assert page.get_by_label("Parcels: a map").is_checked()
    page.get_by_role("button", name="Clear").click()
    assert page.evaluate("document.activeElement.dataset.tool") == "Polygon"
    page.locator("input[type=file]").set_input_files(field_file)
    page.get_by_text(re.compile("1 shape: ")).wait_for()
    assert page.get_by_label("One area").is_checked()


def test_the_world_has_its_coasts_and_no_others(visit):
    seen = visit()

    def everywhere(route):
        config = route.fetch().json()
        for catalog in config["catalogs"]:
            catalog["bbox"] = None
        route.fulfill(json=config)

    seen.page.route("**/page/config.json", everywhere)
    page = seen.go()
    page.locator(".place").wait_for(state="attached")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    x, y = middle(page)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")

    def colour(lon, lat):
        """Of a place, on a map that is 1024 pixels round and looks at 10° E, 30° N."""
        north = math.degrees(math.asinh(math.tan(math.radians(lat))) - math.asinh(math.tan(math.radians(30))))
        return picture.getpixel((round(x + (lon - 10) * 1024 / 360), round(y - north * 1024 / 360)))

    sea, land = sum(colour(-30, 5)), sum(colour(20, 5))
    assert land - sea > 20

    def is_land(*place) -> bool:
        return sum(colour(*place)) > (sea + land) / 2

    assert not any(is_land(*place) for place in ((5, 70), (-50, 50), (150, 50), (-120, 5), (100, -17)))
    assert all(is_land(*place) for place in ((16, 63), (65, 67), (110, 60), (130, -25), (-60, -5)))
