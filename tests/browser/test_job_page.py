"""What a finished job's page says of places, values and files; and what a job that is none says."""

import json
import re
from pathlib import Path

import httpx
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


@pytest.fixture
def seen(visit):
    return visit(reduced_motion="reduce")


def opened(seen, job):
    page = seen.go(f"/jobs/{job.id}")
    page.get_by_role("heading", name="Files").wait_for()
    page.locator(".value", has_text="LAI").wait_for()
    return page


def over_another_parcel(page) -> str:
    """Move the mouse over a parcel that is not chosen; return what the map calls it."""
    box = page.locator("#map").bounding_box()
    chosen = page.locator(".where h3").inner_text()
    for down in range(100, int(box["height"]) - 60, 20):
        for across in range(100, int(box["width"]) - 100, 20):
            page.mouse.move(box["x"] + across, box["y"] + down)
            name = page.locator(".name").inner_text() if page.locator(".name").is_visible() else chosen
            if name != chosen:
                return name
    raise AssertionError(f"there is no parcel but {chosen}")


def test_a_click_on_a_parcel_chooses_it_and_a_second_one_its_pixel(seen, finished):
    page = opened(seen, finished)
    title = page.locator(".where h3")
    name = over_another_parcel(page)
    page.mouse.down()
    page.mouse.up()
    page.locator(".where h3", has_text=re.compile(f"^{re.escape(name)}$")).wait_for()
    pressed = page.locator(".parcels [aria-pressed=true] span")
    assert f"Parcel {pressed.inner_text()}" == name
    assert not page.locator(".pin").is_visible()
    page.wait_for_timeout(400)  # else the two are one double click
    page.mouse.down()
    page.mouse.up()
    page.locator(".where h3", has_text="Pixel at").wait_for()
    assert page.locator(".pin").is_visible()
    assert pressed.count() == 0
    page.mouse.move(10, 10)
    page.locator(".name").wait_for(state="hidden")
    assert title.inner_text().startswith("Pixel")


def test_parcels_without_names_are_counted_from_one(seen, finished):
    def nameless(route) -> None:
        answer = route.fetch()
        document = answer.json()
        document["request"].pop("parcel_id")
        for feature in document["request"]["parcels"]["features"]:
            feature.pop("id", None)
        route.fulfill(response=answer, json=document)

    seen.page.route("**/page/jobs/*.json", nameless)
    page = opened(seen, finished)
    assert page.locator(".where h3").inner_text() == "Parcel 1"
    assert page.locator(".parcels button span").first.inner_text() == "1"


def test_on_a_phone_the_series_of_a_parcel_comes_into_sight(visit, phone, finished):
    seen = visit(reduced_motion="reduce", **phone)
    page = opened(seen, finished)
    page.locator(".parcels button").nth(1).tap()
    page.wait_for_function("""() => {
      const { top, bottom } = document.querySelector(".chart").getBoundingClientRect();
      return top >= 0 && bottom <= innerHeight;
    }""")


def test_a_link_that_has_ended_is_renewed_when_it_is_clicked(seen, finished):
    def ended(route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("expires=", "expires=1&was="))

    for first in (r"/collections/[^/]+/items\?", r"/stac/collections/[^/]+$", r"/jobs/[^/]+/results"):
        seen.page.route(re.compile(first), ended, times=1)
    # The report is read by such a link at once.
    report = seen.page.request.get(f"{seen.url}/jobs/{finished.id}/results").json()["accuracy"]["href"]
    seen.page.route(re.compile(r"/accuracy\.json"), lambda route: route.fulfill(response=route.fetch(url=report)))
    page = opened(seen, finished)
    assert "expires=1&" in page.get_by_role("link", name=re.compile("^LAI ?GeoTIFF")).get_attribute("href")
    for name, start in (("^LAI ?GeoTIFF", b"II"), ("parcels ?CSV", b"id"), ("Manifest", b"{")):
        with page.expect_download() as download:
            page.get_by_role("link", name=re.compile(name)).click()
        assert Path(download.value.path()).read_bytes().startswith(start)


def test_a_file_that_cannot_be_had_says_so_beside_its_link(seen, finished):
    seen.foreseen.append("ERR_FAILED")
    page = opened(seen, finished)
    page.route(re.compile(r"/collections/[^/]+/items/"), lambda route: route.abort())
    page.get_by_role("link", name=re.compile("^LAI ?GeoTIFF")).click()
    page.locator(".downloads .wrong", has_text="cannot be reached").wait_for()


def test_what_cannot_be_removed_is_told_beside_the_button(seen, finished):
    seen.foreseen.append("ERR_FAILED")
    page = opened(seen, finished)
    page.on("dialog", lambda dialog: dialog.accept())
    page.route(re.compile(r"/jobs/[^/]+$"), lambda route: route.abort())
    page.get_by_role("button", name="Remove the results").click()
    told = page.locator(".body > .actions + .refused")
    told.wait_for()
    assert "cannot be reached" in told.inner_text()


def test_the_value_stands_with_its_date_for_pointer_and_keyboard(seen, finished):
    page = opened(seen, finished)
    slider = page.get_by_label("Date of the map")
    slider.press("ArrowRight")
    shown = page.locator(".value").inner_text().partition(" m²")[0]
    assert re.fullmatch(r"LAI \d\.\d\d ± \d\.\d\d", shown)
    assert shown in slider.get_attribute("aria-valuetext")
    chart = page.locator(".u-over").bounding_box()
    page.mouse.move(chart["x"] + 2, chart["y"] + 20)
    page.locator(".at", has_text=re.compile(r"^\d+ \w+ \d{4}: LAI \d\.\d\d ± \d\.\d\d$")).wait_for()
    page.mouse.move(chart["x"] + 2, chart["y"] - 100)
    page.wait_for_function("document.querySelector('.at').textContent === ''")


def test_what_was_hardly_observed_is_not_said_to_be_unobserved(seen, finished):
    def hardly(route) -> None:
        answer = route.fetch()
        document = answer.json()
        for feature in document["features"]:
            feature["properties"]["clearleaf:observed_fraction"] = 0.003
        route.fulfill(response=answer, json=document)

    def unseen(route) -> None:
        answer = route.fetch()
        document = answer.json()
        for row in document["features"][0]["series"]:
            row["observed_fraction"] = 0
        route.fulfill(response=answer, body=json.dumps(document))

    seen.page.route(re.compile(r"/collections/[^/]+/items\?"), hardly)
    seen.page.route(re.compile(r"/series\?"), unseen)
    page = opened(seen, finished)
    assert page.locator(".when p").inner_text() == "Less than 1 % observed, the rest reconstructed"
    assert page.locator(".value").inner_text().endswith(", reconstructed")


def test_while_a_pixel_is_read_and_if_it_cannot_be_nothing_of_another_place_is_shown(seen, finished):
    page = opened(seen, finished)
    held = []
    page.route(re.compile(r"/point\?"), lambda route: held.append(route))
    map_ = page.locator("#map").bounding_box()
    page.mouse.click(map_["x"] + 40, map_["y"] + map_["height"] - 90)
    title = page.locator(".where h3", has_text="Pixel at")
    title.wait_for()
    assert page.locator(".value").inner_text() == "Reading …"
    assert page.locator(".chart canvas").count() == 0
    page.get_by_label("Later date").click()
    page.get_by_label("Earlier date").click()
    assert page.locator(".value").inner_text() == "Reading …"
    while not held:
        page.wait_for_timeout(50)
    held[0].fulfill(status=422, json={"detail": "this place is outside of the job"})
    page.locator(".value", has_text="This place is outside of the job").wait_for()
    assert title.is_visible()
    assert not page.get_by_text("As a table").is_visible()


def test_without_the_job_the_page_leads_elsewhere(seen):
    seen.foreseen.append("404")
    page = seen.go("/jobs/0190aaaa-0000-7000-8000-000000000000")
    assert page.locator("h1").inner_text() == "There is no such job"
    actions = page.locator(".actions a")
    assert actions.all_inner_texts() == ["Jobs", "New order"]
    actions.first.click()
    page.locator("#jobs").wait_for()


def test_trying_again_asks_anew_wherever_the_page_stands(seen):
    seen.foreseen.append("ERR_FAILED")
    seen.page.route("**/page/config.json", lambda route: route.abort(), times=1)
    page = seen.go("/#jobs")
    page.get_by_role("button", name="Try again").click()
    page.locator("#jobs").wait_for()


def test_the_list_of_jobs_goes_on_by_itself_while_one_runs(seen, finished):
    runs = True

    def running(route) -> None:
        answer = route.fetch()
        document = answer.json()
        for job in document["jobs"]:
            if job["id"] == finished.id and runs:
                job |= {"status": "running", "progress": 40}
        route.fulfill(response=answer, json=document)

    seen.page.route("**/page/jobs.json", running)
    page = seen.go("/")
    line = page.locator(f".jobs a[href$='{finished.id}']")
    line.get_by_text("Running 40 %").wait_for()
    runs = False
    line.get_by_text("Finished").wait_for()


def test_a_job_without_scenes_is_to_be_changed(seen, finished):
    def failed(route) -> None:
        answer = route.fetch()
        message = "no-scenes: catalogue 'simulated' has no usable scene of this area; 0 were found and left out"
        route.fulfill(response=answer, json=answer.json() | {"status": "failed", "message": message})

    seen.page.route(re.compile(r"/jobs/[^/]+\?wait="), failed)
    page = seen.go(f"/jobs/{finished.id}")
    assert page.locator(".main-button").inner_text() == "Change the order"
    assert page.locator(".reason p").inner_text().endswith("has no usable scene of this area")


def test_the_prior_stands_once_in_the_table_where_it_is_what_is_delivered(seen, finished):
    def prior(route) -> None:
        answer = route.fetch()
        report = answer.json()
        methods = report["scenarios"]["gap15"]
        methods |= {"predicted": methods["clearleaf"], "prior": methods["clearleaf"]}
        route.fulfill(response=answer, json=report | {"fell_back": True, "note": "the networks did not beat the prior"})

    seen.page.route(re.compile(r"/accuracy\.json"), prior)
    page = opened(seen, finished)
    names = page.locator("#panel tbody th").all_inner_texts()
    assert sorted(names) == ["Linear interpolation", "Nearest clear date", "clearleaf (= prior)"]
    page.get_by_text("The networks did not beat the prior.").wait_for()


def test_the_wheel_zooms_a_map_that_nobody_has_clicked(seen, finished):
    page = opened(seen, finished)
    scale = page.locator(".ol-scale-line-inner")
    page.wait_for_function("document.querySelector('.ol-scale-line-inner').textContent")
    before = scale.inner_text(), scale.bounding_box()["width"]
    box = page.locator("#map").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.wheel(0, -600)
    page.wait_for_function(
        """([text, width]) => {
          const scale = document.querySelector(".ol-scale-line-inner");
          return scale.textContent !== text || Math.abs(scale.getBoundingClientRect().width - width) > 5;
        }""",
        arg=before,
    )


def test_the_axis_of_two_days_names_each_once(seen, finished):
    def two(route) -> None:
        answer = route.fetch()
        document = answer.json()
        for feature in document["features"]:
            rows = feature["series"][:2]
            feature["series"] = [row | {"date": f"2023-06-0{i + 1}"} for i, row in enumerate(rows)]
        route.fulfill(response=answer, json=document)

    seen.page.add_init_script("""
      window.drawn = [];
      const fill = CanvasRenderingContext2D.prototype.fillText;
      CanvasRenderingContext2D.prototype.fillText = function (text, ...where) {
        window.drawn.push(text);
        return fill.call(this, text, ...where);
      };
    """)
    seen.page.route(re.compile(r"/series\?"), two)
    page = seen.go(f"/jobs/{finished.id}")
    page.get_by_role("heading", name="Files").wait_for()
    page.wait_for_function("window.drawn.includes('1 Jun') && window.drawn.includes('2 Jun')")
    drawn = page.evaluate("window.drawn")
    assert drawn.count("1 Jun") == drawn.count("2 Jun")


def test_dates_of_later_pages_of_items_are_there(seen, finished, service):
    asked = f"{service.embedded.url}/stac/collections/{finished.id}/items?limit=500"
    dates = len(httpx.get(asked, trust_env=False).json()["features"])
    assert dates > 1

    def in_two(route) -> None:
        """Answer as a service whose pages are short: the newest date, and a link to the others."""
        url = route.request.url
        rest = url.endswith("&token=rest")
        answer = route.fetch(url=url.removesuffix("&token=rest"))
        items = answer.json()
        items["features"] = items["features"][1:] if rest else items["features"][:1]
        if not rest:
            items["links"].append({"rel": "next", "href": f"{url}&token=rest"})
        route.fulfill(response=answer, json=items)

    seen.page.route(re.compile(r"/items\?"), in_two)
    page = opened(seen, finished)
    assert page.get_by_label("Date of the map").get_attribute("max") == str(dates - 1)
