"""A real browser without a window on a real running service; it remembers what no page may do."""

import json
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
NAMES = ("chromium", "chromium-browser", "google-chrome")


# Of one module: while playwright runs, an event loop of its own runs in this thread, and no other test could start one.
@pytest.fixture(scope="module")
def browser():
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"there is no Chromium: install one of {', '.join(NAMES)}")
    with sync_api.sync_playwright() as playwright:
        # Sandboxes of containers let no root have a sandbox of its own.
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield started
        started.close()


class Visit:
    """One person's browser on the service.

    Attributes:
        page: what playwright drives.
        errors: what the console complained of; a refusal that the page shows is none.
        foreseen: what it may complain of besides.
        elsewhere: requests that left the service's origin.
    """

    def __init__(self, browser, url: str, **options) -> None:
        self.url = url
        self.context = browser.new_context(locale="en-GB", accept_downloads=True, **options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)  # a machine may stop for seconds
        self.errors: list[str] = []
        self.foreseen = ["401", "422"]
        self.elsewhere: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", self._asked)

    def _heard(self, message) -> None:
        told = any(words in message.text for words in self.foreseen)
        if message.type in ("error", "warning") and not told:
            self.errors.append(message.text)

    def _asked(self, request) -> None:
        asked = urlsplit(request.url)
        if asked.scheme not in ("data", "blob") and asked.netloc != urlsplit(self.url).netloc:
            self.elsewhere.append(request.url)

    def go(self, path: str = "/"):
        self.page.goto(self.url + path)
        self.page.locator("h1").first.wait_for()
        return self.page


@pytest.fixture
def visit(browser, service):
    """Return a function that opens a browser on the service; at the end, no page may have misbehaved."""
    made = []

    def start(url: str = service.embedded.url, **options) -> Visit:
        made.append(Visit(browser, url, **({"viewport": DESK} | options)))
        return made[-1]

    yield start
    for one in made:
        one.context.close()
        assert one.errors == []
        assert one.elsewhere == []


@pytest.fixture(scope="session")
def finished(service):
    """A job that has ended well, with parcels."""
    parcels = (service.catalogue / "parcels.geojson").read_text()
    job = service.client.submit(service.order(parcels=json.loads(parcels), parcel_id="id"))
    service.ended(job)
    return job


@pytest.fixture
def phone() -> dict:
    return {"viewport": PHONE, "has_touch": True, "is_mobile": True}


@pytest.fixture
def field_file(service) -> Path:
    return service.catalogue / "aoi.geojson"
