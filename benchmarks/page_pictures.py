"""Take the pictures of docs/page.md: the page in a real browser, over simulated scenes.

    python benchmarks/page_pictures.py [JOB_URL]

Without the address of a finished job, a simulated catalogue is made, the service started on it and a job ordered, which
takes some minutes. Needs Chromium, and playwright of the extra `dev`.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from clearleaf.client import Client
from clearleaf.embedded import Embedded
from clearleaf.simulated import write_catalogue
from jobs.catalog import CatalogProfile
from models.simulation.site import SiteSpec

OUT = Path(__file__).parents[1] / "docs" / "pictures"
SITE = SiteSpec(size_px=120, start=date(2023, 3, 1), end=date(2023, 11, 30), region="belgium", seed=5)
DAYS = {"start": "2023-04-05", "end": "2023-09-30", "step_days": 10, "context_days": 60}
"""Every tenth day from one on which Sentinel-2 passes."""
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
SETTLED_MS = 2500


@contextmanager
def finished_job() -> Iterator[str]:
    """Yield the address of a finished job, while the service that made it runs."""
    with tempfile.TemporaryDirectory() as folder:
        catalog = write_catalogue(SITE, Path(folder) / "catalogue")
        profile = CatalogProfile(name="simulated", href=str(catalog), simulated=True)
        with Embedded(Path(folder) / "data", [profile]).running() as service:
            parcels = json.loads((catalog.parent / "parcels.geojson").read_text())
            aoi = json.loads((catalog.parent / "aoi.geojson").read_text())
            job = Client(service.url).submit({"aoi": aoi, "parcels": parcels, "parcel_id": "id", **DAYS})
            job.wait(print)
            yield f"{service.url}/jobs/{job.id}"


def opened(browser: Browser, url: str, **frame: Any) -> Page:  # noqa: ANN401 - playwright's own options
    """Return a page of the service, quiet and drawn."""
    page = browser.new_context(locale="en-GB", reduced_motion="reduce", **frame).new_page()
    page.goto(url)
    page.locator("h1").first.wait_for()
    page.wait_for_timeout(SETTLED_MS)
    return page


def draw_field(page: Page) -> None:
    """Draw a polygon of five corners in the middle of the map."""
    page.get_by_role("button", name="Polygon").click()
    box = page.locator("#map").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for across, down in ((-180, -120), (60, -190), (190, -20), (70, 160), (-150, 90), (-180, -120)):
        page.mouse.click(x + across, y + down)
        page.mouse.move(x + across + 9, y + down + 9, steps=3)
    page.get_by_label("First day").fill(DAYS["start"])
    page.get_by_label("Last day").fill(DAYS["end"])
    page.get_by_label("Days between maps").fill(str(DAYS["step_days"]))
    page.get_by_role("heading", level=1).click()  # away from map and field
    page.wait_for_timeout(SETTLED_MS)


def compare(page: Page) -> None:
    """Choose the view of both sides, and a pixel right of the divider."""
    page.get_by_role("heading", name="Files").wait_for()
    page.get_by_text("Compare", exact=True).click()
    box = page.locator("#map").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.56, box["y"] + box["height"] * 0.72)
    page.wait_for_timeout(SETTLED_MS)


def take(job_url: str) -> None:
    """Write the pictures."""
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    assert program is not None, f"there is no Chromium: install one of {', '.join(CHROMIUM)}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])
        page = opened(browser, job_url.partition("/jobs/")[0] + "/", viewport=DESK)
        draw_field(page)
        page.screenshot(path=OUT / "page-order.png")
        page = opened(browser, job_url, viewport=DESK)
        compare(page)
        page.screenshot(path=OUT / "page-job.png")
        page = opened(browser, job_url, viewport=PHONE, color_scheme="dark", is_mobile=True, has_touch=True)
        page.get_by_role("heading", name="Files").wait_for()
        page.wait_for_timeout(SETTLED_MS)
        page.screenshot(path=OUT / "page-phone.png")
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        take(sys.argv[1])
    else:
        with finished_job() as url:
            take(url)
