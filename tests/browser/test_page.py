"""What a person does with the page, in a real browser on a real service."""

import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

CONTRAST = """() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (text) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data]; };
  const light = ([r, g, b]) => [r, g, b].map((c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => { for (let e = element; e; e = e.parentElement) {
    const c = rgba(getComputedStyle(e).backgroundColor); if (c[3] > 200) return c; } return rgba("white"); };
  const weak = [];
  for (const e of document.querySelectorAll(
    "h1, h2, h3, p, label, button, a, summary, th, td, legend, .state, .badge")) {
    if (!e.textContent.trim() || !e.checkVisibility() || e.disabled || e.matches(".skip, .unseen")) continue;
    const [a, b] = [light(rgba(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) weak.push(`${e.tagName} ${e.className} ${e.textContent.slice(0, 30)}`);
  }
  return weak;
}"""
NAMELESS = """() => [...document.querySelectorAll("button, a, input, select, [role=slider], [role=application]")]
  .filter((e) => e.checkVisibility() && !(e.labels?.length || e.getAttribute("aria-label") || e.textContent.trim()
    || e.querySelector("img[alt]:not([alt=''])"))).map((e) => e.outerHTML.slice(0, 120))"""
FRAMES = [("desk", "light"), ("desk", "dark"), ("phone", "light"), ("phone", "dark")]


def draw_rectangle(page):
    page.get_by_role("button", name="Rectangle").click()
    box = page.locator("#map").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.click(x - 120, y - 120)
    page.mouse.move(x, y, steps=4)
    page.mouse.click(x + 120, y + 120)
    page.get_by_text(re.compile("1 shape: ")).wait_for()


def test_a_field_is_drawn_ordered_and_looked_at(visit, service):
    seen = visit()
    page = seen.go()
    draw_rectangle(page)
    page.get_by_label("First day").fill("2023-06-01")
    page.get_by_label("Last day").fill("2023-06-21")
    page.get_by_label("Days between maps").fill("10")
    page.get_by_text("3 dates of at most 400").wait_for()
    page.get_by_text("More settings").click()
    page.get_by_label("Days of context").fill("60")
    told = page.locator(".estimate", has_text="3 dates")
    told.wait_for()
    assert re.search(r"About \d+ \w+, [\d.]+ [kM]B", told.inner_text())
    assert re.search(r" (ha|km²), 3 dates, [1-9]\d* scenes\.", told.inner_text())
    page.get_by_role("button", name="Order the map").click()
    page.wait_for_url("**/jobs/*")
    page.locator(".states").get_by_text("Simulated", exact=True).wait_for()
    slider = page.get_by_label("Date of the map")
    slider.wait_for(timeout=600_000)

    told = page.locator(".value", has_text=re.compile(r"LAI \d\.\d\d ± \d\.\d\d m² m⁻² \(90 %\)"))
    told.wait_for()
    with page.expect_response(re.compile(r"/tiles/lai/2023-06-21/\d+/\d+/\d+\.png")) as tile:
        slider.focus()
        page.keyboard.press("End")
    assert tile.value.status == 200
    assert page.get_by_role("heading", name="21 Jun 2023").first.is_visible()
    assert "21 Jun 2023" in slider.get_attribute("aria-valuetext")

    for view, asset in (("Uncertainty", "lai_sigma"), ("Source", "quality")):
        with page.expect_response(re.compile(rf"/tiles/{asset}/")) as tile:
            page.get_by_text(view, exact=True).click()
        assert tile.value.status == 200
    page.get_by_text("Compare", exact=True).click()
    divider = page.get_by_role("slider", name=re.compile("Divider"))
    divider.press("ArrowRight")
    assert divider.get_attribute("aria-valuenow") == "55"

    box = page.locator("#map").bounding_box()
    with page.expect_response(re.compile(r"/point\?")) as answer:
        page.mouse.click(box["x"] + box["width"] / 2 - 40, box["y"] + box["height"] / 2)
    values = answer.value.json()["series"]
    page.get_by_text("As a table").click()
    rows = page.locator(".table tbody tr")
    rows.last.locator("td", has_text=f"{values[-1]['lai']:.2f}").first.wait_for()  # of this pixel, not the one before
    assert rows.count() == len(values) == 3
    assert rows.last.locator("td").first.inner_text() == f"{values[-1]['lai']:.2f}"

    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("^LAI ?GeoTIFF")).click()
    assert Path(download.value.path()).read_bytes()[:2] == b"II"
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("Manifest")).click()
    assert json.loads(Path(download.value.path()).read_text())["simulated"] is True


def test_what_is_wrong_stands_beside_the_member(visit):
    page = visit().go()
    page.get_by_label("First day").fill("2023-07-01")
    page.get_by_label("Last day").fill("2023-06-01")
    page.get_by_role("button", name="Order the map").click()
    told = page.locator("[data-member=end] .wrong")
    told.wait_for()
    assert "swap them" in told.inner_text()
    end = page.get_by_label("Last day")
    assert end.get_attribute("aria-invalid") == "true"
    assert end.get_attribute("aria-describedby") == told.locator("..").get_attribute("id")
    assert "Draw an area on the map first" in page.locator("fieldset#aoi .wrong").inner_text()
    assert page.evaluate("document.activeElement.closest('fieldset').id") == "aoi"


def test_an_order_over_a_cap_is_told_while_it_is_edited(visit):
    page = visit().go()
    draw_rectangle(page)
    page.get_by_label("First day").fill("2021-06-01")
    page.get_by_label("Last day").fill("2023-06-01")
    page.get_by_label("Days between maps").fill("1")
    estimate = page.locator(".estimate")
    wrong = estimate.locator(".wrong")
    wrong.wait_for()
    assert "731 dates, at most 400 are allowed" in wrong.inner_text()
    assert estimate.get_attribute("aria-live") == "polite"
    page.get_by_label("Days between maps").fill("5")
    page.locator(".estimate", has_text="147 dates").wait_for()
    assert wrong.count() == 0
    page.get_by_label("Last day").fill("2021-05-01")
    page.locator(".estimate", has_text="This cannot be ordered: end 2021-05-01 lies before start").wait_for()
    page.get_by_role("button", name="Clear").click()
    estimate.wait_for(state="hidden")


def test_a_file_is_opened_and_an_unreadable_one_refused(visit, service, tmp_path):
    page = visit().go()
    page.locator("input[type=file]").set_input_files(service.catalogue / "parcels.geojson")
    page.get_by_text(re.compile(r"\d+ shapes: ")).wait_for()
    assert page.get_by_label(re.compile("^Parcels")).is_checked()
    assert page.get_by_label("Name of a parcel").input_value() == "id"
    (tmp_path / "notes.geojson").write_text("no JSON")
    page.locator("input[type=file]").set_input_files(tmp_path / "notes.geojson")
    assert "notes.geojson is no GeoJSON" in page.locator("fieldset#aoi .wrong").inner_text()


SQUARE = [[3.10, 50.80], [3.11, 50.80], [3.11, 50.81], [3.10, 50.81], [3.10, 50.80]]
METRES = [[x * 111_000, y * 111_000] for x, y in SQUARE]
BAD_FILES = {
    "words.geojson": ("no JSON", "no GeoJSON"),
    "half.geojson": ('{"type": "Polygon", "coordinates": [[[3.1', "no GeoJSON"),
    "empty.geojson": ('{"type": "FeatureCollection", "features": []}', "it holds no shape"),
    "nothing.geojson": ("{}", "without a geometry"),
    "line.geojson": (json.dumps({"type": "LineString", "coordinates": SQUARE}), "a LineString, and only polygons"),
    "metres.geojson": (json.dumps({"type": "Polygon", "coordinates": [METRES]}), "no place in degrees"),
}


@pytest.mark.parametrize("name", list(BAD_FILES))
def test_a_file_that_holds_no_area_says_why(visit, tmp_path, name):
    content, why = BAD_FILES[name]
    (tmp_path / name).write_text(content)
    page = visit().go()
    page.locator("input[type=file]").set_input_files(tmp_path / name)
    told = page.locator("fieldset#aoi .wrong")
    told.wait_for()
    assert name in told.inner_text()
    assert why in told.inner_text()
    assert not page.locator(".shapes").is_visible()


def test_one_polygon_of_a_file_is_an_area(visit, field_file):
    page = visit().go()
    page.locator("input[type=file]").set_input_files(field_file)
    page.get_by_text(re.compile("1 shape: ")).wait_for()
    assert page.get_by_label(re.compile("^One area")).is_checked()


def corners(page):
    """Places on the map, in pixels of the window: of a triangle with a notch."""
    box = page.locator("#map").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    return [(x - 150, y - 120), (x + 150, y - 120), (x, y), (x, y + 150)]


def test_a_polygon_is_drawn_corner_by_corner_and_ordered_as_it_was_drawn(visit):
    page = visit().go()
    tool = page.get_by_role("button", name="Polygon")
    tool.click()
    assert tool.get_attribute("aria-pressed") == "true"
    assert "Click the corners" in page.locator(".hint").inner_text()
    places = corners(page)
    for place in places:
        page.mouse.click(*place)
        page.mouse.move(place[0] + 9, place[1] + 9, steps=3)
    page.mouse.click(*places[0])  # closes it
    page.get_by_text(re.compile("1 shape: ")).wait_for()
    assert tool.get_attribute("aria-pressed") == "false"
    assert not page.locator(".hint").is_visible()
    page.get_by_label("First day").fill("2023-06-01")
    page.get_by_label("Last day").fill("2023-06-01")
    page.get_by_role("button", name="Order the map").click()
    page.wait_for_url("**/jobs/*")
    (ring,) = page.request.get(f"{page.url}/order").json()["aoi"]["coordinates"]
    page.request.delete(page.url)
    assert len(ring) == len(places) + 1
    assert ring[0] == ring[-1]
    assert all(3 < lon < 3.2 and 50.7 < lat < 50.9 for lon, lat in ring)


def test_a_corner_is_taken_back_and_a_tool_laid_down_by_keyboard(visit):
    page = visit().go()
    tool = page.get_by_role("button", name="Polygon")
    tool.focus()
    page.keyboard.press("Enter")
    places = corners(page)
    for place in (*places[:3], (places[0][0], places[0][1] + 60)):
        page.mouse.click(*place)
        page.mouse.move(place[0] + 9, place[1] + 9, steps=3)
    page.locator("#map").focus()
    page.keyboard.press("Backspace")
    page.mouse.move(*places[0], steps=3)
    page.mouse.click(*places[0])
    page.get_by_text(re.compile("1 shape: ")).wait_for()
    page.get_by_role("button", name="Clear").click()
    tool.click()
    page.keyboard.press("Escape")
    assert tool.get_attribute("aria-pressed") == "false"
    page.mouse.click(*places[1])  # draws nothing any more
    assert not page.locator(".shapes").is_visible()


def test_edges_can_be_typed_by_who_cannot_draw(visit):
    page = visit().go()
    page.get_by_text("Type the edges instead").click()
    for edge, value in (("West", "3.10"), ("South", "50.80"), ("East", "3.11"), ("North", "50.81")):
        page.get_by_label(edge).fill(value)
    page.get_by_role("button", name="Add rectangle").press("Enter")
    page.get_by_text(re.compile(r"1 shape: 78\.\d ha")).wait_for()


def test_a_job_that_cannot_be_done_says_why_and_can_be_tried_again(visit, service):
    names = " ".join(path.name for path in service.catalogue.rglob("*.json"))
    days = (date(2023, 5, 1) + timedelta(days=i) for i in range(60))
    blind = next(day for day in days if f"{day:%Y%m%d}" not in names and str(day) not in names)
    job = service.client.submit(service.order(start=str(blind), end=str(blind), context_days=0))
    service.until(job, lambda info: info["status"] == "failed")
    page = visit().go(f"/jobs/{job.id}")
    assert len(page.locator(".reason p").inner_text()) > 20
    page.get_by_role("button", name="Try again").click()
    page.get_by_text("attempt 2").first.wait_for()


def test_a_job_that_waits_or_runs_can_be_stopped(visit, service):
    with service.held("worker"):
        job = service.client.submit(service.order(seed=99))
        page = visit().go(f"/jobs/{job.id}")
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Stop the job").click()
        page.get_by_text("This job was stopped or removed").wait_for()


def test_parcels_have_their_series_and_the_report_is_a_table(visit, finished):
    page = visit().go(f"/jobs/{finished.id}")
    buttons = page.locator(".parcels button")
    buttons.first.wait_for()
    legend = page.locator(".legend")
    for view in ("LAI", "Uncertainty", "Compare"):
        page.get_by_text(view, exact=True).first.click()
        assert all(words in legend.inner_text() for words in ("Water or snow", "No data"))
    buttons.nth(1).click()
    assert buttons.nth(1).get_attribute("aria-pressed") == "true"
    name = buttons.nth(1).locator("span").first.inner_text()
    assert page.locator(".where h3").inner_text() == f"Parcel {name}"
    assert page.get_by_role("heading", name="Accuracy").is_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("parcels ?CSV")).click()
    assert "mean" in Path(download.value.path()).read_text().splitlines()[0]


def test_an_order_can_be_changed_and_ordered_again(visit, finished):
    page = visit().go(f"/jobs/{finished.id}")
    page.get_by_role("link", name="Change the order").click()
    page.get_by_text(re.compile(r"\d+ shapes: ")).wait_for()
    assert page.get_by_label("First day").input_value() == "2023-06-01"
    page.go_back()
    page.get_by_label("Date of the map").wait_for()  # the page again, not the JSON of the same address


def test_a_job_that_there_is_not_is_said_to_be_none(visit):
    seen = visit()
    page = seen.go("/jobs/0190aaaa-0000-7000-8000-000000000000")
    assert "There is no job" in page.get_by_role("alert").inner_text()
    while not seen.errors:
        page.wait_for_timeout(20)
    seen.errors.clear()  # the browser tells of every 404


@pytest.mark.parametrize(("frame", "scheme"), FRAMES)
def test_everybody_can_read_and_use_it(visit, finished, phone, frame, scheme):
    seen = visit(color_scheme=scheme, reduced_motion="reduce", **(phone if frame == "phone" else {}))
    for path in ("/", f"/jobs/{finished.id}"):
        page = seen.go(path)
        if path != "/":
            page.get_by_role("heading", name="Files").wait_for()
        page.get_by_text("Simulated", exact=True).first.wait_for()
        assert page.evaluate(CONTRAST) == []
        assert page.evaluate(NAMELESS) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.locator("h1").count() == page.locator("main").count() == 1
        assert page.evaluate("document.documentElement.lang") == "en"
