"""What STAC items of several archives say, read as one kind of scene."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pystac import Asset, Item
from shapely.geometry import box, mapping

from jobs.scenes import S1_ASSETS, S2_ASSETS, UnusableItem, newest_first, scene_of
from jobs.sources import Source


def item(assets, **properties) -> Item:
    made = Item("scene-1", mapping(box(3, 50, 4, 51)), [3, 50, 4, 51], datetime(2023, 5, 6, 10, tzinfo=UTC), properties)
    for name in assets:
        made.add_asset(name, Asset(f"/data/{name}.tif"))
    return made


def optical(**properties) -> Item:
    return item(S2_ASSETS, **({"platform": "Sentinel-2A"} | properties))


@pytest.mark.parametrize("name", ["sentinel-2a", "Sentinel-2A", "SENTINEL-2A"])
def test_platforms_are_read_in_every_spelling(name):
    assert scene_of(optical(platform=name), "s2").platform == "S2A"


@pytest.mark.parametrize(
    ("properties", "offset"),
    [
        ({"s2:processing_baseline": "03.01"}, 0),
        ({"s2:processing_baseline": "04.00"}, -0.1),
        ({"s2:processing_baseline": "05.10"}, -0.1),
        ({"s2:processing_baseline": "05.10", "earthsearch:boa_offset_applied": True}, 0),
    ],
)
def test_the_offset_follows_the_baseline_unless_the_archive_has_applied_it(properties, offset):
    assets = scene_of(optical(**properties), "s2").assets
    assert {assets[name].offset for name in S2_ASSETS[:-1]} == {offset}
    assert assets["SCL"].offset == 0
    assert assets["SCL"].scale == 1


def test_radar_that_is_neither_calibrated_nor_flattened_is_refused_with_the_cure():
    plain = item(S1_ASSETS, platform="sentinel-1a")
    with pytest.raises(UnusableItem, match="RTC"):
        scene_of(plain, "s1")
    assert scene_of(item(S1_ASSETS, platform="sentinel-1a", **{"patch:radiometry": "sigma0"}), "s1").radiometry


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (item(S2_ASSETS[1:], platform="sentinel-2a"), "B03"),
        (optical(platform="landsat-8"), "landsat-8"),
    ],
)
def test_an_item_that_is_no_scene_says_why(made, why):
    with pytest.raises(UnusableItem, match=why):
        scene_of(made, "s2")


@pytest.mark.parametrize(("stated", "offset"), [(5.1, -0.1), (5, -0.1), (3.01, 0), ("05.10", -0.1)])
def test_a_baseline_written_as_a_number_is_understood(stated, offset):
    scene = scene_of(optical(**{"processing:version": stated}), "s2")
    assert scene.assets["B04"].offset == offset
    assert newest_first(scene) > newest_first(scene_of(optical(**{"processing:version": "02.14"}), "s2"))


def test_harmless_spellings_are_understood():
    odd = {"sat:orbit_state": "DESCENDING", "view:sun_elevation": "30.5", "sat:relative_orbit": "37"}
    scene = scene_of(optical(**odd), "s2")
    assert (scene.orbit_state, scene.sun_zenith, scene.relative_orbit) == ("descending", 59.5, 37)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("sat:orbit_state", "sideways"),
        ("sat:orbit_state", 1),
        ("view:sun_elevation", "high"),
        ("view:off_nadir", {}),
        ("s2:processing_baseline", {"major": 5}),
        ("s2:mgrs_tile", 31),
        ("sat:relative_orbit", "A37"),
    ],
)
def test_what_cannot_be_understood_makes_an_item_unusable(member, value):
    with pytest.raises(UnusableItem, match="cannot be understood"):
        scene_of(optical(**{member: value}), "s2")


def test_a_time_before_all_times_makes_an_item_unusable():
    made = optical()
    made.datetime = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))
    with pytest.raises(UnusableItem, match="acquisition time"):
        scene_of(made, "s2")


@pytest.mark.parametrize("name", ["sig", "api_key", "subscription-key"])
def test_nothing_that_opens_a_file_is_kept(name):
    made = optical()
    made.set_self_href(f"https://stac.example.org/item.json?{name}=secret")
    assert "secret" not in scene_of(made, "s2").model_dump_json()
    made.assets["B04"].href = f"https://files.example.org/B04.tif?{name}=secret"
    with pytest.raises(UnusableItem, match="signed"):
        scene_of(made, "s2")


def test_what_an_item_says_of_its_radar_goes_first():
    made = item(S1_ASSETS, platform="sentinel-1a", **{"patch:radiometry": "gamma0"})
    archive = Source(href="https://stac.example.org", collection="s1", backscatter="sigma0")
    assert scene_of(made, "s1", archive).radiometry == "gamma0"


@pytest.mark.parametrize("bands", [{"offset": 0}, ["none"], [{"nodata": []}], [{"offset": "much"}], 7])
def test_bands_that_cannot_be_understood_make_an_item_unusable(bands):
    made = optical()
    made.assets["B04"].extra_fields["raster:bands"] = bands
    with pytest.raises(UnusableItem, match="cannot be understood"):
        scene_of(made, "s2")


FAR_OUT = {"type": "Polygon", "coordinates": [[[0, 0], [float("inf"), 0], [0, 1], [0, 0]]]}


@pytest.mark.parametrize(
    "geometry", [None, {"type": "Polygon", "coordinates": []}, {"type": "Square"}, {}, "here", FAR_OUT]
)
def test_an_item_that_lies_nowhere_is_unusable(geometry):
    made = optical()
    made.geometry = geometry
    with pytest.raises(UnusableItem):
        scene_of(made, "s2")


def test_angles_that_an_item_does_not_state_are_none():
    scene = scene_of(optical(**{"view:sun_elevation": 30.0}), "s2")
    assert scene.sun_zenith == 60
    assert scene.view_zenith is None
