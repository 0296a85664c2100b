"""What STAC items of several archives say, read as one kind of scene."""

from datetime import UTC, datetime

import pytest
from pystac import Asset, Item
from shapely.geometry import box, mapping

from jobs.scenes import S1_ASSETS, S2_ASSETS, UnusableItem, scene_of


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
        ({}, 0),
    ],
)
def test_the_offset_follows_the_baseline_unless_the_archive_has_applied_it(properties, offset):
    assets = scene_of(optical(**properties), "s2").assets
    assert {assets[name].offset for name in S2_ASSETS[:-1]} == {offset}
    assert assets["SCL"].offset == 0
    assert assets["SCL"].scale == 1


def test_what_a_band_declares_comes_before_the_baseline():
    made = optical(**{"s2:processing_baseline": "05.10"})
    made.assets["B04"].extra_fields["raster:bands"] = [{"offset": 0, "scale": 0.0001}]
    assets = scene_of(made, "s2").assets
    assert (assets["B04"].offset, assets["B03"].offset) == (0, -0.1)


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


def test_angles_that_an_item_does_not_state_are_none():
    scene = scene_of(optical(**{"view:sun_elevation": 30.0}), "s2")
    assert scene.sun_zenith == 60
    assert scene.view_zenith is None
