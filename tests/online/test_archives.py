"""The public archives themselves: does what we know of them still hold? `make online`; off by default."""

import os
from datetime import date

import numpy as np
import pytest
from odc.geo.geobox import GeoBox
from pydantic import SecretStr
from shapely import box

from clearleaf.catalog_check import check_catalog
from jobs.catalog import Catalog
from jobs.order_times import TimeRange
from jobs.profiles import BUILT_IN, CatalogProfile
from jobs.sas import KEY_VARIABLE
from jobs.sources import Source
from worker.inputs.access import Access
from worker.inputs.read import SceneReader

pytestmark = [pytest.mark.online, pytest.mark.timeout(600)]

AREA = box(3.02, 50.81, 3.03, 50.82)
DAYS = TimeRange(start=date(2022, 6, 1), end=date(2022, 6, 20))
KEY = os.environ.get(KEY_VARIABLE)
needs_key = pytest.mark.skipif(not KEY, reason=f"no {KEY_VARIABLE}: radar of the Planetary Computer needs an account")


def only(name: str, sensor: str) -> CatalogProfile:
    source = BUILT_IN[name].sources[sensor]
    return CatalogProfile(name=name, s2=source) if sensor == "s2" else CatalogProfile(name=name, s2=source, s1=source)


@pytest.mark.parametrize("name", ["planetary-computer", "earth-search", "copernicus"])
def test_optical_scenes_are_found_and_understood(name):
    found = Catalog(only(name, "s2")).search(AREA, DAYS)
    assert len(found.scenes) >= 4, found.dropped
    assert all(scene.assets["B04"].offset == -0.1 for scene in found.scenes)  # baseline 04.00 and later, all of 2022
    assert not any(scene.offset_open for scene in found.scenes)
    assert len({(scene.day, scene.tile) for scene in found.scenes}) == len(found.scenes)


@pytest.mark.parametrize("name", ["planetary-computer", "earth-search"])
def test_a_window_of_the_clearest_scene_reads_as_reflectance(name):
    profile = only(name, "s2")
    scenes = Catalog(profile).search(AREA, DAYS).scenes
    grid = GeoBox.from_bbox(AREA.bounds, "EPSG:4326", resolution=0.0002).to_crs("EPSG:32631", resolution=20)
    reader = SceneReader(threads=4, tries=2, access=Access.of([profile], None, None))
    stack = reader.read_s2(scenes, grid)
    assert stack.skipped == ()
    clear = stack.series.clear
    assert clear.any()
    red = stack.series.reflectance[:, 1][clear]
    assert 0 <= np.percentile(red, 2) < 0.08  # meadows and fields in June


def test_earth_search_still_contradicts_itself_and_pixels_tell():
    """When this fails the archive was mended, or broke in another way: look at the table of docs/catalogues.md."""
    source = BUILT_IN["earth-search"].sources["s2"].model_copy(update={"collection": "sentinel-2-l2a"})
    scenes = Catalog(CatalogProfile(name="old", s2=source)).search(AREA, DAYS).scenes
    assert any(scene.offset_open for scene in scenes)


@needs_key
@pytest.mark.parametrize("name", list(BUILT_IN))
def test_radar_is_terrain_corrected_backscatter(name):
    source: Source = BUILT_IN[name].sources["s1"]
    profile = CatalogProfile(name=name, s2=BUILT_IN["earth-search"].s2, s1=source)
    scenes = [s for s in Catalog(profile).search(AREA, DAYS).scenes if s.sensor == "s1"]
    assert scenes
    assert {scene.radiometry for scene in scenes} == {"gamma0"}
    grid = GeoBox.from_bbox(AREA.bounds, "EPSG:4326", resolution=0.0002).to_crs("EPSG:32631", resolution=20)
    access = Access.of([profile], SecretStr(str(KEY)), None)
    stack = SceneReader(threads=4, tries=2, access=access).read_s1(scenes[:2], grid)
    assert stack.skipped == ()
    assert 0.001 < np.nanmedian(stack.series.power) < 1


@pytest.mark.parametrize("name", ["planetary-computer", "earth-search"])
def test_the_check_finds_nothing_missing_but_the_key(name):
    key = SecretStr(KEY) if KEY else None
    missing = [f for f in check_catalog(BUILT_IN[name], Access.of([BUILT_IN[name]], key, None)) if not f.holds]
    assert all(KEY_VARIABLE in finding.told or "key is missing" in finding.told for finding in missing), missing
