"""The map of a finished job shows the date that its heading names, and says what it does not show yet, or cannot."""

import copy
import re
from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO

import pytest
from PIL import Image

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

DATES = [date(2023, 6, 1) + timedelta(days=i) for i in range(30)]
"""More than the page keeps rasters of."""
TILE = re.compile(r"/tiles/(\w+)/([\d-]+)/\d+/\d+/\d+\.png")
SHARE = """(wanted) => {
  let same = 0, all = 0;
  for (const canvas of document.querySelectorAll("#map .ol-layer canvas")) {
    if (!canvas.width || !canvas.height) continue;
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < data.length; i += 64, all++)
      same += data[i + 3] > 0 && wanted.every((value, j) => Math.abs(data[i + j] - value) < 3);
  }
  return same / all;
}"""
SCRUB = """(last) => {
  const slider = document.querySelector(".track input");
  for (let i = 0; i <= last; i++) {
    slider.value = String(i);
    slider.dispatchEvent(new Event("input"));
  }
}"""


def colour(asset: str, day: str) -> list[int]:
    """A colour of its own for every raster of every date."""
    return [{"lai": 40, "lai_sigma": 120, "quality": 200}[asset], 3 * int(day[-2:]), 250 - 5 * int(day[-2:])]


class Tiles:
    """The tiles of one page, each in its raster's colour.

    Attributes:
        asked: asset and date of every tile that was asked for.
        given_up: the same of those that the page did not want any more.
        held: dates or assets whose tiles do not come yet.
        broken: whether the service cannot give any.
    """

    def __init__(self, page) -> None:
        self.page = page
        self.asked: list[tuple[str, str]] = []
        self.given_up: list[tuple[str, str]] = []
        self.held: set[str] = set()
        self.broken = False
        self._waiting: list = []
        page.route(TILE, self._answer)
        page.on("requestfailed", self._lost)

    def release(self) -> None:
        """Let all come that was held back."""
        self.held = set()
        waiting, self._waiting = self._waiting, []
        for route in waiting:
            self._answer(route)

    def until(self, met: Callable[[], bool]) -> None:
        """Wait for something about them; the test's own time limit is the only one."""
        while not met():
            self.page.wait_for_timeout(50)

    def fill(self, asset: str, day: str) -> None:
        """Wait until the map is of a raster's colour."""
        self.page.wait_for_function(f"(wanted) => ({SHARE})(wanted) > 0.3", arg=colour(asset, day))

    def share(self, asset: str, day: str) -> float:
        return self.page.evaluate(SHARE, colour(asset, day))

    def whole(self, asset: str, day: str) -> float:
        """The share of a raster's colour once it grows no more."""
        looks = [-1.0]
        while len(looks) < 5 or len(set(looks[-5:])) > 1:
            self.page.wait_for_timeout(200)
            looks.append(self.share(asset, day))
        return looks[-1]

    def _answer(self, route) -> None:
        found = TILE.search(route.request.url).groups()
        self.asked.append(found)
        if self.held & set(found):
            self._waiting.append(route)
            return
        if self.broken:
            route.fulfill(status=503, json={"detail": "the storage does not answer"})
            return
        picture = BytesIO()
        Image.new("RGB", (256, 256), tuple(colour(*found))).save(picture, "PNG")
        route.fulfill(body=picture.getvalue(), content_type="image/png")

    def _lost(self, request) -> None:
        found = TILE.search(request.url)
        if found:
            self.given_up.append(found.groups())


@pytest.fixture
def seen(visit, finished):
    """A visit of the finished job, which is told to be of many dates."""
    seen = visit(reduced_motion="reduce")

    def many(route) -> None:
        answer = route.fetch()
        document = answer.json()
        first = document["features"][0]
        document["features"] = [copy.deepcopy(first) for _ in DATES]
        for feature, day in zip(document["features"], DATES, strict=True):
            feature["properties"] |= {"datetime": f"{day}T00:00:00Z", "clearleaf:observed_fraction": 0.5}
        route.fulfill(response=answer, json=document)

    seen.page.route(re.compile(r"/stac/collections/[^/]+/items\?"), many)
    seen.tiles = Tiles(seen.page)
    seen.go(f"/jobs/{finished.id}")
    seen.page.get_by_role("heading", name="Files").wait_for()
    return seen


def start(seen, index: int) -> str:
    """Show a date and wait for its tiles."""
    seen.page.evaluate(SCRUB, index)
    seen.tiles.fill("lai", str(DATES[index]))
    seen.page.locator(".sign", has_text="Loading").wait_for(state="hidden")
    return str(DATES[index])


def test_after_a_quick_look_through_many_dates_the_map_shows_the_last_and_has_asked_for_no_other(seen):
    first = start(seen, 0)
    seen.tiles.asked.clear()
    last = start(seen, len(DATES) - 1)
    assert {day for _, day in seen.tiles.asked} == {last}
    seen.tiles.until(lambda: seen.tiles.share("lai", first) == 0)  # it stays beneath until all of the last have come


def test_a_date_that_is_passed_by_is_given_up_and_loading_is_said(seen):
    start(seen, 3)
    slow, after = str(DATES[4]), str(DATES[5])
    seen.tiles.held = {slow}
    seen.page.get_by_label("Later date").click()
    seen.page.get_by_text("Loading 5 Jun 2023 …").wait_for()
    seen.tiles.until(lambda: ("lai", slow) in seen.tiles.asked)
    seen.page.get_by_label("Later date").click()
    seen.tiles.until(lambda: ("lai", slow) in seen.tiles.given_up)
    seen.tiles.fill("lai", after)
    seen.page.locator(".sign", has_text="Loading").wait_for(state="hidden")
    seen.tiles.held = set()
    seen.page.get_by_label("Earlier date").click()  # what was given up can be asked for again
    seen.tiles.fill("lai", slow)


def test_nothing_of_one_view_stays_under_the_legend_of_the_next(seen):
    day = start(seen, 3)
    seen.tiles.held = {"quality"}
    seen.page.get_by_text("Source", exact=True).click()
    seen.tiles.until(lambda: ("quality", day) in seen.tiles.asked)
    seen.tiles.until(lambda: seen.tiles.share("lai", day) == 0)
    seen.page.get_by_text("Loading 4 Jun 2023 …").wait_for()
    seen.tiles.release()
    seen.tiles.fill("quality", day)


def test_what_is_delivered_never_stands_on_the_side_of_what_was_observed(seen):
    day = start(seen, 3)
    whole = seen.tiles.whole("lai", day)
    seen.tiles.held = {"quality"}  # without it, nothing is known of what was observed
    seen.page.get_by_text("Compare", exact=True).click()
    seen.tiles.until(lambda: ("quality", day) in seen.tiles.asked)
    seen.tiles.until(lambda: 0.3 * whole < seen.tiles.share("lai", day) < 0.7 * whole)
    seen.page.get_by_role("slider", name=re.compile("Divider")).press("End")
    seen.tiles.until(lambda: seen.tiles.share("lai", day) < 0.1 * whole)
    seen.tiles.held = set()
    seen.page.get_by_text("LAI", exact=True).first.click()
    seen.tiles.fill("lai", day)
    seen.tiles.until(lambda: seen.tiles.share("lai", day) > 0.9 * whole)


def test_tiles_that_failed_are_told_of_and_can_be_asked_for_again(seen):
    seen.foreseen.append("503")
    start(seen, 3)
    told = seen.page.get_by_text("Some of the map could not be read")
    assert not told.is_visible()
    seen.tiles.broken = True
    seen.page.get_by_label("Later date").click()
    told.wait_for()
    seen.tiles.broken = False
    seen.page.get_by_role("button", name="Try again").click()
    seen.tiles.fill("lai", str(DATES[4]))
    told.wait_for(state="hidden")

    seen.tiles.broken = True
    seen.page.get_by_label("Later date").click()
    told.wait_for()
    seen.tiles.broken = False
    seen.page.get_by_label("Later date").click()
    seen.tiles.fill("lai", str(DATES[6]))
    seen.page.get_by_label("Earlier date").click()  # nothing of what failed is kept
    seen.tiles.fill("lai", str(DATES[5]))
    assert not told.is_visible()
