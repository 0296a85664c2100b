"""An order that is like an earlier one says all that the earlier one said, but for what somebody changed."""

import json
import math

import httpx
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

DATES = ["2023-06-03", "2023-06-11"]
UNUSUAL = {"extra_assets": ["predicted"], "seed": 7, "weights": "without-a", "model": "prior", "adapt": False}
SQUARE = [[3.10, 50.80], [3.12, 50.80], [3.12, 50.81], [3.10, 50.81], [3.10, 50.80]]
MARGIN_PX = 72
"""Between shapes that are looked at and the edges of the map."""


@pytest.fixture
def ordered(service):
    """Return a function that places an order and stops its job; returns the job's id and the order as it is kept."""

    def place(**members) -> tuple[str, dict]:
        aoi = service.order()["aoi"]["geometry"]
        order = service.order(**{"aoi": aoi, "context_days": 0, **members})
        if "dates" in members:
            del order["step_days"]
        job = service.client.submit({name: value for name, value in order.items() if value is not None})
        kept = httpx.get(f"{service.embedded.url}/jobs/{job.id}/order", trust_env=False, timeout=60).json()
        service.client.cancel(job.id)
        return job.id, kept

    return place


@pytest.fixture
def parcels(service) -> dict:
    features = json.loads((service.catalogue / "parcels.geojson").read_text())["features"]
    return {"type": "FeatureCollection", "features": features}


def order_of(page) -> dict:
    """Press the button; return the order as the service keeps it."""
    page.get_by_role("button", name="Order the map").click()
    page.wait_for_url("**/jobs/*")
    found = page.request.get(f"{page.url}/order").json()
    page.request.delete(page.url)
    return found


@pytest.mark.parametrize("days", [{"dates": DATES}, {"step_days": 10}], ids=["dates", "steps"])
@pytest.mark.parametrize("shapes", ["aoi", "parcels", "both"])
def test_it_is_the_same_order(visit, ordered, parcels, shapes, days):
    members = {} if shapes == "aoi" else {"parcels": parcels, "parcel_id": "id"}
    if shapes == "parcels":
        members["aoi"] = None
    job, order = ordered(**members, **days, **UNUSUAL)
    page = visit().go(f"/?like={job}")
    assert order_of(page) == order


def test_nobody_is_quicker_than_the_earlier_order(visit, ordered):
    job, order = ordered()
    seen = visit()
    seen.page.add_init_script("""
        const asked = window.fetch;
        window.fetch = async (...what) => {
          if (String(what[0]).includes("page/jobs/")) await new Promise((go) => setTimeout(go, 2000));
          return asked(...what);
        };
    """)
    assert order_of(seen.go(f"/?like={job}")) == order


def test_a_parcel_keeps_its_name_by_its_own_id_or_a_property_that_some_lack(visit, ordered, parcels):
    features = parcels["features"]
    for i, feature in enumerate(features):
        feature["id"] = f"field {i}"
    for changes in ({}, {"parcel_id": "code"}):
        features[0]["properties"] |= {"code": "C 1"} if changes else {}
        job, order = ordered(parcels=parcels, **changes)
        assert order_of(visit().go(f"/?like={job}")) == order


def test_chosen_dates_stand_in_place_of_the_step_until_they_are_dropped(visit, ordered):
    job, order = ordered(dates=DATES)
    page = visit().go(f"/?like={job}")
    page.get_by_text("2 chosen dates: 3 Jun 2023, 11 Jun 2023").wait_for()
    step = page.get_by_label("Days between maps")
    assert not step.is_visible()
    page.get_by_text("2 dates of at most 400").wait_for()
    page.get_by_role("button", name="Drop").click()
    assert step.evaluate("(input) => input === document.activeElement")
    step.fill("20")
    changed = {name: value for name, value in order.items() if name != "dates"} | {"step_days": 20}
    assert order_of(page) == changed


def test_whatever_is_kept_is_told_and_can_be_dropped(visit, ordered, parcels):
    job, order = ordered(parcels=parcels, parcel_id="id", step_days=10, **UNUSUAL)
    page = visit().go(f"/?like={job}")
    for words in ("The map covers an area of its own", "Also given out: predicted", "Seed 7", "weights: without-a"):
        page.locator(".kept", has_text=words).get_by_role("button", name="Drop").click()
    dropped = ("aoi", "extra_assets", "seed", "weights")
    assert order_of(page) == {name: value for name, value in order.items() if name not in dropped}


def test_an_area_beside_the_parcels_goes_with_them(visit, ordered, parcels):
    job, _ = ordered(parcels=parcels, parcel_id="id", step_days=10)
    page = visit().go(f"/?like={job}")
    kept = page.locator(".kept", has_text="an area of its own")
    page.get_by_label("One area").check()
    assert not kept.is_visible()
    page.get_by_label("Parcels: a map").check()
    assert kept.is_visible()
    page.get_by_role("button", name="Clear").click()
    assert not kept.is_visible()
    page.get_by_role("button", name="Order the map").click()
    page.locator("fieldset#aoi .wrong", has_text="Draw an area").wait_for()


def test_a_catalogue_that_is_gone_is_not_quietly_another(visit, ordered):
    job, _ = ordered()
    seen = visit()

    def without(route):
        found = route.fetch().json()
        found["catalogs"][0]["name"] = found["default_catalog"] = "another"
        route.fulfill(json=found)

    seen.page.route("**/page/config.json", without)
    catalog = seen.go(f"/?like={job}").get_by_label("Catalogue")
    assert catalog.input_value() == "simulated"
    assert "no longer configured" in catalog.locator("option:checked").inner_text()


def north_west(page) -> tuple[float, float]:
    """Where the upper left corner of `SQUARE` is in the window, while the map looks at it."""
    map_box = page.locator("#map").bounding_box()
    xs = [math.radians(lon) for lon, _ in SQUARE]
    ys = [math.asinh(math.tan(math.radians(lat))) for _, lat in SQUARE]
    wide, high = max(xs) - min(xs), max(ys) - min(ys)
    scale = min((map_box["width"] - 2 * MARGIN_PX) / wide, (map_box["height"] - 2 * MARGIN_PX) / high)
    x, y = map_box["x"] + map_box["width"] / 2, map_box["y"] + map_box["height"] / 2
    return x - wide / 2 * scale, y - high / 2 * scale


def test_a_corner_that_is_moved_leaves_the_parcel_its_properties(visit, ordered):
    geometry = {"type": "Polygon", "coordinates": [SQUARE]}
    feature = {"type": "Feature", "properties": {"code": "A", "crop": "wheat"}, "geometry": geometry}
    parcels = {"type": "FeatureCollection", "features": [feature]}
    job, order = ordered(parcels=parcels, parcel_id="code", aoi=None, step_days=10)
    page = visit(reduced_motion="reduce").go(f"/?like={job}")
    page.get_by_text("1 shape: ").wait_for()
    x, y = north_west(page)
    page.mouse.move(x + 20, y + 20)
    page.mouse.move(x, y, steps=3)
    page.mouse.down()
    page.mouse.move(x + 40, y + 40, steps=5)
    page.mouse.up()
    (before,), (after,) = order["parcels"]["features"], order_of(page)["parcels"]["features"]
    assert after["properties"] == before["properties"]
    assert after["geometry"] != before["geometry"]
