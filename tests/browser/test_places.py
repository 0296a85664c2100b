"""Series of places: the last one looked at is shown, and thousands of parcels are no burden."""

import re

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

SIDE = 16
LISTED = 200
TOUCHED = """async () => {
  const rows = new Set();
  const watch = new MutationObserver((changes) => changes.forEach(({ target }) =>
    rows.add((target.nodeType === 1 ? target : target.parentElement).closest("li"))));
  const all = { subtree: true, childList: true, characterData: true, attributes: true };
  watch.observe(document.querySelector(".parcels"), all);
  document.querySelector(".step").click();
  await new Promise((done) => setTimeout(done));
  watch.disconnect();
  return rows.size;
}"""


@pytest.fixture(scope="module")
def many(service):
    """A finished job with 256 parcels, which say nothing of themselves but their names."""
    (ring,) = service.order()["aoi"]["geometry"]["coordinates"]
    west, south = (min(axis) for axis in zip(*ring, strict=True))
    east, north = (max(axis) for axis in zip(*ring, strict=True))
    wide, high = (east - west) / SIDE, (north - south) / SIDE

    def square(column: int, row: int) -> dict:
        x, y = west + column * wide, south + row * high
        corners = [[x, y], [x + wide, y], [x + wide, y + high], [x, y + high], [x, y]]
        return {
            "type": "Feature",
            "id": f"{column}-{row}",
            "properties": {},
            "geometry": {"type": "Polygon", "coordinates": [corners]},
        }

    parcels = {"type": "FeatureCollection", "features": [square(i % SIDE, i // SIDE) for i in range(SIDE**2)]}
    job = service.client.submit(service.order(parcels=parcels, end="2023-06-21", context_days=60))
    service.ended(job)
    return job


@pytest.fixture
def page(visit, many):
    page = visit(reduced_motion="reduce").go(f"/jobs/{many.id}")
    page.get_by_role("heading", name="Files").wait_for()
    return page


def click_map(page, across: float, down: float) -> None:
    """Click so many pixels from the middle of the map."""
    box = page.locator("#map").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2 + across, box["y"] + box["height"] / 2 + down)
    page.wait_for_timeout(400)  # else two are one double click


def choose_parcel(page) -> None:
    """Click on a parcel near the middle, so that further clicks there are on its pixels."""
    click_map(page, 5, 0)
    page.locator(".where h3", has_text="Parcel 8-8").wait_for()


class HeldBack:
    """The next answer about a pixel, which comes when it is released."""

    def __init__(self, page) -> None:
        self._page, self._route, self._answer = page, None, None
        page.route(re.compile(r"/point\?"), self._hold)

    def _hold(self, route) -> None:
        if self._route is not None:
            route.continue_()
            return
        self._route = route
        self._answer = route.fetch()

    def release(self) -> None:
        while self._answer is None:
            self._page.wait_for_timeout(50)
        self._route.fulfill(response=self._answer)
        self._page.wait_for_timeout(300)


def test_an_answer_that_comes_late_is_not_shown_as_the_next_pixels(page):
    title = page.locator(".where h3")
    choose_parcel(page)
    late = HeldBack(page)
    with page.expect_request(re.compile(r"/point\?")):
        click_map(page, 5, 0)
    with page.expect_response(re.compile(r"/point\?")) as answer:
        click_map(page, 15, 8)
    asked = answer.value.request.url
    name = "Pixel at {1:.4f}, {0:.4f}".format(*(float(v) for v in re.findall(r"=(-?[\d.]+)", asked)))
    page.locator(".where h3", has_text=name).wait_for()
    late.release()
    assert title.inner_text() == name


def test_a_parcel_that_was_chosen_meanwhile_stays(page):
    choose_parcel(page)
    late = HeldBack(page)
    with page.expect_request(re.compile(r"/point\?")):
        click_map(page, 5, 0)
    page.locator(".pin").wait_for()
    page.locator(".parcels button").nth(3).click()
    late.release()
    assert page.locator(".where h3").inner_text() == "Parcel 3-0"
    assert not page.locator(".pin").is_visible()


def test_a_step_in_time_touches_no_more_rows_than_are_listed(page):
    rows = page.locator(".parcels li")
    assert rows.count() == LISTED
    assert page.evaluate(TOUCHED) <= LISTED
    page.get_by_text("The first 200 of 256 parcels").wait_for()


def test_a_parcel_that_is_not_listed_is_found_by_its_name(page):
    page.get_by_label("Find a parcel").fill("15-15")
    page.get_by_text("1 parcel", exact=True).wait_for()
    (button,) = page.locator(".parcels button").all()
    assert re.fullmatch(r"\d\.\d\d|–", button.locator("output").inner_text())
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    assert page.locator(".where h3").inner_text() == "Parcel 15-15"
    page.get_by_label("Find a parcel").fill("")
    assert page.locator(".parcels [aria-pressed=true]").count() == 0  # it is chosen, and beyond the list


def test_everything_simulated_says_so_whatever_the_parcels_say(page, many):
    badge = page.locator(".states, .legend, .key").get_by_text("Simulated", exact=True)
    for view in ("LAI", "Uncertainty", "Source", "Compare"):
        page.get_by_text(view, exact=True).first.click()
        assert badge.count() == 3
    page.goto(page.url.partition("/jobs/")[0])
    listed = page.locator(f".jobs a[href$='{many.id}']")
    listed.get_by_text("Simulated", exact=True).wait_for()
    assert page.get_by_role("form").get_by_text("Simulated", exact=True).is_visible()
