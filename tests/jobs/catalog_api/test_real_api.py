"""A real server of a STAC API tells what the static catalogue tells."""

import json
import re
from datetime import date
from uuid import UUID

import pytest
from shapely import box

from jobs import catalog_api
from jobs.catalog import Catalog
from jobs.errors import NoScenes
from jobs.extent import Extent
from jobs.job import JobRequest, Limits
from jobs.order_times import TimeRange
from jobs.planning import make_plan

COLLECTIONS = {"s2": "sentinel-2-l2a", "s1": "sentinel-1-rtc"}


@pytest.fixture(scope="module")
def rustac(documents, stac_api):
    """The URL of a real STAC API with the simulated catalogue in it."""
    with stac_api(*documents) as url:
        yield url


def test_a_real_api_is_found_out_by_itself_and_answers_as_the_static_one_does(rustac, area, static, profile, days):
    found = Catalog(profile(rustac)).search(area, days)
    assert [scene.id for scene in found.scenes] == [scene.id for scene in static.scenes]
    assert [scene.assets for scene in found.scenes] == [scene.assets for scene in static.scenes]
    assert found.dropped == ()
    assert all(
        scene.href == f"{rustac}/collections/{COLLECTIONS[scene.sensor]}/items/{scene.id}" for scene in found.scenes
    )


def test_small_pages_of_a_real_api_are_all_read(rustac, area, static, monkeypatch, profile, days):
    monkeypatch.setattr(catalog_api, "PAGE", 2)
    assert len(Catalog(profile(rustac)).search(area, days).scenes) == len(static.scenes)


def test_a_real_api_has_nothing_elsewhere_or_at_another_time(rustac, area, profile, days):
    catalog = Catalog(profile(rustac, kind="api"))
    assert catalog.search(box(10, 10, 10.1, 10.1), days).scenes == ()
    assert catalog.search(area, TimeRange(start=date(2020, 1, 1), end=date(2020, 2, 1))).scenes == ()


def test_a_real_api_tells_its_extents(rustac, area, profile, days):
    extents = Catalog(profile(rustac)).extents()
    assert len(extents) == 2
    assert all(isinstance(extent, Extent) and extent.meets(area) and extent.overlaps(days) for extent in extents)


def test_files_elsewhere_than_in_known_places_are_left_out_by_name(rustac, folder, area, caplog, profile, days):
    found = Catalog(profile(rustac, folder / "elsewhere")).search(area, days)
    assert found.scenes == ()
    assert found.dropped
    assert all("where files of its catalogue are not read from" in scene.reason for scene in found.dropped)
    assert re.search(
        r"its asset .* lies outside the folders of its catalogue; name that place in asset_hosts", caplog.text
    )


def test_an_order_for_which_everything_was_left_out_says_why(rustac, folder, profile):
    aoi = json.loads((folder / "aoi.geojson").read_text())
    request = JobRequest.parse({"aoi": aoi, "start": "2023-05-01", "end": "2023-05-20"}, Limits())
    with pytest.raises(NoScenes, match=r"were found and left out, .* because an asset of it lies where files"):
        make_plan(UUID(int=1), request, Catalog(profile(rustac, folder / "elsewhere")), tile_px=256, halo=32)
