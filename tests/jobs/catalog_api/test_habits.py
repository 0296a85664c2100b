"""A STAC API that has every bad habit the archives have shown."""

import base64
import json
import threading
import time

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse

from clearleaf.addresses import free_port
from jobs import catalog_api
from jobs.catalog import Catalog
from jobs.errors import AccessDenied, InvalidJob, JobDismissed, Unavailable


class Habits:
    """A STAC API of which a test says how it misbehaves."""

    def __init__(self, collections: list[dict], items: list[dict]) -> None:
        self.collections, self.items = collections, items
        self.heeds_filters = True
        self.post = True
        self.troubles: list[JSONResponse | PlainTextResponse] = []
        self.asked: list[dict] = []
        self.next_link = None
        self.password: str | None = None
        self.conforms = ["https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/item-search"]
        self.url = ""

    def landing(self, request: Request) -> dict:
        self.url = str(request.base_url).rstrip("/")
        methods = ("GET", "POST") if self.post else ("GET",)
        place = {"rel": "search", "type": "application/geo+json", "href": f"{self.url}/search"}
        search = [place | {"method": method} for method in methods]
        return {
            **{"type": "Catalog", "stac_version": "1.0.0", "id": "bad", "description": "made up"},
            **{"conformsTo": self.conforms, "links": [{"rel": "root", "href": f"{self.url}/"}, *search]},
        }

    def search(self, question: dict):
        self.asked.append(question)
        if self.troubles:
            return self.troubles.pop(0)
        found = self.items
        if self.heeds_filters:
            names = question["collections"]
            names = names.split(",") if isinstance(names, str) else names
            found = [item for item in found if item.get("collection") in names]
        start, size = int(question.get("token", 0)), int(question.get("limit", 10))
        links = []
        if start + size < len(found):
            token = str(start + size)
            if self.post:
                body = question | {"token": token}
                links = [{"rel": "next", "href": f"{self.url}/search", "method": "POST", "body": body}]
            else:
                query = "&".join(f"{k}={v}" for k, v in (question | {"token": token}).items())
                links = [{"rel": "next", "href": f"{self.url}/search?{query}", "method": "GET"}]
        if self.next_link:
            links = [self.next_link]
        return {"type": "FeatureCollection", "features": found[start : start + size], "links": links}


@pytest.fixture
def habits(documents):
    made = Habits(*(json.loads(json.dumps(kind)) for kind in documents))
    yield from _served(_application(made), made)


def _application(made: Habits) -> FastAPI:
    app = FastAPI()

    @app.middleware("http")
    async def guarded(request: Request, go_on):
        if made.password and request.headers.get("authorization") != made.password:
            return JSONResponse({}, 401)
        return await go_on(request)

    @app.get("/")
    def landing(request: Request):
        return made.landing(request)

    @app.get("/search")
    def by_query(request: Request):
        return made.search(dict(request.query_params))

    @app.post("/search")
    async def by_body(request: Request):
        return made.search(await request.json())

    @app.get("/collections")
    def collections():
        return {"collections": made.collections}

    @app.get("/collections/{name}")
    def collection(name: str):
        found = [c for c in made.collections if c["id"] == name]
        return found[0] if found else JSONResponse({"detail": "no such collection"}, 404)

    return app


def _served(app: FastAPI, made: Habits):
    config = uvicorn.Config(app, "127.0.0.1", 0, log_level="critical", lifespan="off")
    server, listening = uvicorn.Server(config), config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        made.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        while thread.is_alive() and not server.started:
            time.sleep(0.01)
        yield made
    finally:
        server.should_exit = True
        thread.join(60)
        listening.close()


@pytest.fixture
def searched(habits, area, profile, days):
    def search():
        return Catalog(profile(habits.url, kind="api")).search(area, days)

    return search


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch):
    monkeypatch.setattr(catalog_api, "PAUSE_S", 0.01)


def ids(found) -> list[str]:
    return [scene.id for scene in found.scenes]


def test_collection_place_days_and_page_are_asked_for_and_nothing_else(habits, searched):
    searched()
    assert {key for question in habits.asked for key in question} == {"collections", "bbox", "datetime", "limit"}
    assert [question["collections"] for question in habits.asked] == [["sentinel-2-l2a"], ["sentinel-1-rtc"]]


@pytest.mark.parametrize("post", [True, False])
def test_all_pages_are_read(habits, searched, static, monkeypatch, post):
    monkeypatch.setattr(catalog_api, "PAGE", 2)
    habits.post = post
    assert ids(searched()) == ids(static)
    assert len(habits.asked) > 4


def test_every_page_is_told_before_the_next_is_asked_for(habits, area, monkeypatch, profile, days):
    monkeypatch.setattr(catalog_api, "PAGE", 2)
    told = []
    catalog = Catalog(profile(habits.url, kind="api"))
    catalog.search(area, days, lambda found: told.append((found, len(habits.asked))))
    assert len(told) == len(habits.asked) > 4
    assert [asked for _, asked in told] == list(range(1, len(told) + 1))
    assert told[0] == (2, 1)
    assert told[-1][0] == len(habits.items)


def test_a_search_is_stopped_between_its_pages(habits, area, monkeypatch, profile, days):
    monkeypatch.setattr(catalog_api, "PAGE", 2)

    def stop(found):
        raise JobDismissed("given up")

    with pytest.raises(JobDismissed):
        Catalog(profile(habits.url, kind="api")).search(area, days, stop)
    assert len(habits.asked) == 1


def test_a_server_that_ignores_every_filter_changes_nothing(habits, searched, static):
    habits.heeds_filters = False
    assert ids(searched()) == ids(static)


def test_a_password_goes_with_every_question_though_links_do_not_repeat_it(habits, area, static, profile, days):
    habits.password = f"Basic {base64.b64encode(b'user:hunter2').decode()}"
    with pytest.raises(AccessDenied):
        Catalog(profile(habits.url, kind="api"))
    url = habits.url.replace("//", "//user:hunter2@")
    assert ids(Catalog(profile(url, kind="api")).search(area, days)) == ids(static)


def test_an_api_that_forgets_to_say_that_it_can_be_searched_is_searched(habits, searched, static):
    habits.conforms = []
    assert ids(searched()) == ids(static)


def test_an_item_of_another_collection_with_the_same_id_replaces_nothing(habits, searched, static):
    habits.heeds_filters = False
    twins = [item | {"collection": "others"} for item in json.loads(json.dumps(habits.items))]
    habits.items = [*habits.items, *twins]
    assert ids(searched()) == ids(static)


def test_a_short_wait_is_waited_out(habits, searched, static):
    habits.troubles = [
        JSONResponse({}, 429, {"Retry-After": "0"}),
        JSONResponse({}, 503),
    ]
    assert ids(searched()) == ids(static)


def test_a_long_wait_is_weather_and_passed_on(habits, searched):
    habits.troubles = [JSONResponse({}, 429, {"Retry-After": "77"})]
    with pytest.raises(Unavailable, match="429") as away:
        searched()
    assert away.value.retry_after == 77
    assert len(habits.asked) == 1


def test_trouble_that_lasts_is_weather(habits, searched):
    habits.troubles = [JSONResponse({}, 502) for _ in range(20)]
    with pytest.raises(Unavailable, match="502"):
        searched()
    assert len(habits.asked) == catalog_api.TRIES


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (PlainTextResponse("<html>maintenance</html>"), Unavailable, "no JSON"),
        (JSONResponse(["what"]), Unavailable, "no list of items"),
        (JSONResponse({"features": 7}), Unavailable, "no list of items"),
        (JSONResponse({"detail": "unknown parameter"}, 400), InvalidJob, "400"),
        (JSONResponse({}, 403), AccessDenied, "403"),
        (JSONResponse({}, 404), InvalidJob, "404"),
    ],
)
def test_a_wrong_answer_is_a_typed_error(habits, searched, answer, kind, says):
    habits.troubles = [answer]
    with pytest.raises(kind, match=says):
        searched()


def test_what_is_no_item_is_left_out_by_name(habits, searched, static):
    broken = {"type": "Feature", "id": "half", "collection": "sentinel-2-l2a"}
    habits.items = [broken, *habits.items]
    found = searched()
    assert ids(found) == ids(static)
    assert [(scene.id, scene.day) for scene in found.dropped] == [("half", None)]


def test_pages_that_go_in_a_circle_end_and_are_told(habits, searched, static, caplog):
    habits.next_link = {"rel": "next", "href": f"{habits.url}/search", "method": "POST", "body": {"collections": []}}
    habits.heeds_filters = False
    assert ids(searched()) == ids(static)
    assert "its pages go in a circle" in caplog.text


def test_an_empty_page_with_a_new_link_is_not_the_last(habits, searched, static, monkeypatch):
    """Servers that filter what is on a page after it is cut have such pages."""
    monkeypatch.setattr(catalog_api, "PAGE", 2)
    search = habits.search

    def with_gaps(question):
        if question.get("gap"):
            return search({name: value for name, value in question.items() if name != "gap"})
        body = question | {"gap": True}
        link = {"rel": "next", "href": f"{habits.url}/search", "method": "POST", "body": body}
        return {"type": "FeatureCollection", "features": [], "links": [link]}

    monkeypatch.setattr(habits, "search", with_gaps)
    assert ids(searched()) == ids(static)


def test_pages_that_are_empty_for_ever_end(habits, searched, monkeypatch, caplog):
    def empty(question):
        body = question | {"token": question.get("token", 0) + 1}
        link = {"rel": "next", "href": f"{habits.url}/search", "method": "POST", "body": body}
        return {"type": "FeatureCollection", "features": [], "links": [link]}

    monkeypatch.setattr(habits, "search", empty)
    assert ids(searched()) == []
    assert "its pages are empty, 51 in a row" in caplog.text


def test_a_server_that_answers_without_end_is_refused(habits, searched, monkeypatch):
    monkeypatch.setattr(catalog_api, "MOST_ITEMS", 3)
    with pytest.raises(InvalidJob, match="more than 3 items"):
        searched()


def test_a_next_page_on_another_host_is_not_fetched(habits, searched):
    habits.next_link = {"rel": "next", "href": "http://169.254.169.254/latest", "method": "GET"}
    with pytest.raises(AccessDenied, match="169"):
        searched()


def test_a_collection_that_is_not_there_has_no_extent(habits, profile):
    habits.collections = []
    assert Catalog(profile(habits.url, kind="api")).extents() == ()


def test_a_collection_that_an_api_does_not_have_is_named_with_those_it_has(habits, searched):
    habits.items, habits.collections = [], [c for c in habits.collections if c["id"] != "sentinel-2-l2a"]
    with pytest.raises(InvalidJob, match=r"has no collection 'sentinel-2-l2a': it has sentinel-1-rtc"):
        searched()


def test_a_place_that_is_no_api_says_so(habits, profile):
    nothing = profile(f"{habits.url}/nothing", kind="api")
    with pytest.raises(InvalidJob, match="no STAC API"):
        Catalog(nothing)


def test_a_dead_endpoint_is_weather(profile):
    with pytest.raises(Unavailable, match="cannot be reached"):
        Catalog(profile(f"http://127.0.0.1:{free_port()}", kind="api"))
