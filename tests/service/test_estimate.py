"""What an order would take: told before it is queued, by the catalogue where that answers, and with the caps."""

from datetime import date

import pytest
from starlette.testclient import TestClient

from clearleaf.simulated import write_catalogue
from jobs.catalog import Catalog, CatalogProfile
from jobs.errors import Unavailable
from jobs.job import JobRequest, Limits
from jobs.planning import make_plan
from jobs.store import JobFilter
from models.simulation.site import SiteSpec
from service import scene_counts
from service.app import create_app

SPEC = SiteSpec(size_px=8, start=date(2023, 4, 1), end=date(2023, 7, 31), region="belgium", seed=3)
DAYS = {"start": "2023-05-20", "end": "2023-06-10", "context_days": 20}


@pytest.fixture(scope="module")
def profile(tmp_path_factory):
    """A catalogue of some scenes."""
    catalog = write_catalogue(SPEC, tmp_path_factory.mktemp("catalogue"))
    return CatalogProfile(name="simulated", href=str(catalog), simulated=True)


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    monkeypatch.setattr(scene_counts, "BUDGET_S", 60.0)  # a machine may stop for longer than a customer waits


@pytest.fixture
def on_scenes(store, broker, storage, signer, settings, profile):
    """The service on a catalogue that has scenes, unlike that of the other tests."""
    known = settings.model_copy(update={"catalogs": {"simulated": profile}})
    return TestClient(create_app(store, broker, storage, signer, known), base_url="https://lai.example.org")


@pytest.fixture
def there(order, profile):
    """An order of a place and time that the catalogue has scenes of."""
    west, south, east, north = Catalog(profile).extents()[0].area.bounds
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return order | DAYS | {"aoi": {"type": "Polygon", "coordinates": [ring]}}


def estimated(client, order):
    answer = client.post("/jobs/estimate", json=order)
    assert answer.status_code == 200, answer.text
    return answer.json()


def large(order, side_deg=1.0):
    ring = [[11, 48], [11 + side_deg, 48], [11 + side_deg, 48 + side_deg], [11, 48 + side_deg], [11, 48]]
    return order | {"aoi": {"type": "Polygon", "coordinates": [ring]}}


def test_an_order_is_estimated_and_leaves_no_row(client, order, store, broker):
    found = estimated(client, order)
    request = JobRequest.parse(order, Limits())
    assert found["area_km2"] == pytest.approx(request.area_km2, abs=0.001)
    assert found["dates"] == len(request.target_dates) == 7
    assert found["pixels"] == 7 * request.geobox.shape[0] * request.geobox.shape[1]
    assert (found["tiles"], found["errors"]) == (1, [])
    assert found["seconds"] > 0
    assert found["bytes"] > 0
    assert store.list("local", JobFilter(), limit=1).jobs == []
    assert broker.woken == []


def test_scenes_are_those_that_the_plan_will_have(on_scenes, there, profile):
    found = estimated(on_scenes, there)
    request = JobRequest.parse(there, Limits())
    plan = make_plan("0" * 32, request, Catalog(profile), tile_px=256, halo=48)
    assert found["scenes_counted"] is True
    assert found["scenes"] == len(plan.scenes) > 5
    assert estimated(on_scenes, there | {"context_days": 0})["scenes"] < found["scenes"]


def test_a_catalogue_that_is_away_is_left_alone_and_the_scenes_are_to_be_expected(
    on_scenes, there, monkeypatch, caplog
):
    asked = []

    def away(self, *arguments):
        asked.append(arguments)
        raise Unavailable("the catalogue is on holiday")

    monkeypatch.setattr(Catalog, "search", away)
    for days in (20, 25):
        found = estimated(on_scenes, there | {"context_days": days})
        assert found["scenes_counted"] is False
        assert found["scenes"] > 10
    assert len(asked) == 1
    assert "on holiday" in caplog.text


def test_a_catalogue_that_is_slow_is_not_waited_for(on_scenes, there, monkeypatch):
    monkeypatch.setattr(scene_counts, "BUDGET_S", 0.0)
    assert estimated(on_scenes, there)["scenes_counted"] is False


def test_the_same_question_is_asked_of_the_catalogue_once(on_scenes, there, monkeypatch):
    first = estimated(on_scenes, there)
    monkeypatch.setattr(Catalog, "search", lambda *arguments: 1 / 0)
    again = estimated(on_scenes, there | {"step_days": 1})
    assert (again["scenes"], again["scenes_counted"]) == (first["scenes"], True)
    now = scene_counts.time.monotonic()
    monkeypatch.setattr(scene_counts.time, "monotonic", lambda: now + scene_counts.HOLDS_S + 1)
    assert estimated(on_scenes, there)["scenes_counted"] is False


def test_caps_are_told_with_what_the_order_uses_of_them(client, order):
    found = estimated(client, order | {"step_days": 10})["caps"]
    assert found["dates"] == {"used": 4, "limit": 400}
    assert found["vertices"] == {"used": 5, "limit": 200_000}
    assert found["area_km2"]["used"] <= found["grid_km2"]["used"]
    assert found["area_km2"]["limit"] == 2500


def test_more_scenes_than_a_workers_memory_holds_are_told_once_they_are_counted(on_scenes, there, monkeypatch):
    monkeypatch.setattr("jobs.tile_memory.PROCESS_BYTES", 10**12)
    found = estimated(on_scenes, there)
    assert [error["pointer"] for error in found["errors"]] == ["/start"]
    assert "worker's memory" in found["errors"][0]["detail"]
    monkeypatch.setattr(scene_counts, "HOLDS_S", 0.0)
    monkeypatch.setattr(scene_counts, "BUDGET_S", 0.0)
    assert estimated(on_scenes, there)["errors"] == []


@pytest.mark.parametrize(
    ("change", "pointer", "cap"),
    [
        (large, "/aoi", "area_km2"),
        (lambda order: order | {"start": "2016-01-01", "step_days": 1}, "/step_days", "dates"),
    ],
)
def test_an_order_over_a_cap_has_its_figures_and_the_refusal_that_it_would_meet(client, order, change, pointer, cap):
    wanted = change(order)
    found = estimated(client, wanted)
    assert found["caps"][cap]["used"] > found["caps"][cap]["limit"]
    refusal = client.post("/jobs", json=wanted)
    assert refusal.status_code == 422
    assert found["errors"] == refusal.json()["errors"]
    assert [error["pointer"] for error in found["errors"]] == [pointer]
    assert found["scenes_counted"] is False


@pytest.mark.parametrize(
    "members",
    [
        {"end": "2022-01-01"},
        {"catalog": "nowhere"},
        {"cloud_cover": 20},
        {"aoi": None},
        {"start": "2016-01-01", "step_days": 1, "seed": -1},
    ],
)
def test_what_else_is_wrong_is_refused_as_an_order_is(client, order, members):
    wrong = order | members
    refusal, found = client.post("/jobs", json=wrong), client.post("/jobs/estimate", json=wrong)
    assert (found.status_code, found.json()) == (422, refusal.json())


def test_an_area_from_pole_to_pole_is_no_work_for_the_front_desk(client, order):
    ring = [[8, -89], [13, -89], [13, 89], [8, 89], [8, -89]]
    found = estimated(client, order | {"aoi": {"type": "Polygon", "coordinates": [ring]}})
    assert found["tiles"] > 100_000
    assert found["errors"]


def test_jobs_that_wait_are_told(client, order, new_job, carry_out):
    assert estimated(client, order)["jobs_before"] == 0
    ended, *_ = [new_job() for _ in range(3)]
    carry_out(ended.id)
    assert estimated(client, order)["jobs_before"] == 2


def test_the_description_shows_an_order_that_can_be_estimated(client):
    operation = client.get("/openapi.json").json()["paths"]["/jobs/estimate"]["post"]
    content = operation["requestBody"]["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/order"}
    assert estimated(client, content["example"])["errors"] == []
