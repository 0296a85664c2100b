"""Items as the public archives write them (ids and places made up): what each profile makes of them."""

import json
from pathlib import Path

import pytest
from pystac import Item

from jobs.catalog import CatalogProfile
from jobs.profiles import BUILT_IN
from jobs.radiometry import baseline_of
from jobs.scenes import S2_ASSETS, UnusableItem, scene_of
from jobs.sources import Source

ITEMS = Path(__file__).parent / "data" / "items"


def item(name: str, **properties: object) -> Item:
    document = json.loads((ITEMS / f"{name}.json").read_text())
    document["properties"] |= properties
    return Item.from_dict(document)


def source(profile: str, sensor: str = "s2") -> Source:
    return BUILT_IN[profile].sources[sensor]


@pytest.mark.parametrize(
    ("name", "profile", "offset", "baseline"),
    [
        ("planetary_computer_s2", "planetary-computer", -0.1, "04.00"),
        ("earth_search_c1", "earth-search", -0.1, "05.00"),
        ("earth_search_l2a_old_baseline", "earth-search", 0.0, "02.12"),
        ("copernicus_s2", "copernicus", -0.1, "05.10"),
    ],
)
def test_optical_items_of_every_archive_are_one_kind_of_scene(name, profile, offset, baseline):
    scene = scene_of(item(name), "s2", source(profile))
    assert set(scene.assets) == set(S2_ASSETS)
    assert {scene.assets[band].offset for band in S2_ASSETS[:-1]} == {offset}
    assert {scene.assets[band].scale for band in S2_ASSETS[:-1]} == {1e-4}
    assert {asset.nodata for asset in scene.assets.values()} == {0}
    assert (scene.assets["SCL"].offset, scene.assets["SCL"].scale) == (0, 1)
    assert (scene.platform, scene.relative_orbit, scene.baseline) == ("S2B", 136, baseline)
    assert scene.sun_zenith == pytest.approx(26.1)
    assert scene.granule_href
    assert not scene.offset_open
    assert scene.offset_reason
    assert all(source(profile).refusal(asset.href) is None for asset in scene.assets.values())


def test_collection_one_carries_the_offset_on_old_dates_too():
    scene = scene_of(item("earth_search_c1"), "s2", source("earth-search"))
    assert scene.day.year == 2019
    assert scene.assets["B04"].offset == -0.1


def test_an_item_that_contradicts_itself_is_left_to_the_pixels():
    scene = scene_of(item("earth_search_l2a_contradicts_itself"), "s2", source("earth-search"))
    assert scene.offset_open
    assert "boa_offset_applied is true" in scene.offset_reason
    assert "bands declare -0.1" in scene.offset_reason


@pytest.mark.parametrize(
    ("properties", "offset", "declared"),
    [
        ({"s2:processing_baseline": "05.10"}, None, 0.0),
        (
            {"s2:processing_baseline": "02.12", "s2:product_uri": None},
            0.0,
            -0.1,
        ),  # nobody can have taken out what never was in
        ({"s2:processing_baseline": "05.10"}, -0.1, -1000),
        ({"s2:processing_baseline": "05.10"}, -0.1, None),
        ({"s2:processing_baseline": "02.12", "s2:product_uri": None}, 0.0, None),
        ({"s2:processing_baseline": None, "s2:product_uri": None}, 0.0, 0.0),
        ({"s2:processing_baseline": None, "s2:product_uri": None}, None, None),
        ({"s2:processing_baseline": None}, -0.1, None),  # N0509 in the name of the product
    ],
)
def test_baseline_and_bands_must_agree_or_the_pixels_decide(properties, offset, declared):
    made = item("earth_search_l2a_contradicts_itself", **{"earthsearch:boa_offset_applied": False} | properties)
    for asset in made.assets.values():
        for band in asset.extra_fields.get("raster:bands", []):
            band.pop("offset", None)
            if declared is not None and "scale" in band:
                band["offset"] = declared
    scene = scene_of(made, "s2", source("earth-search"))
    assert scene.offset_open == (offset is None)
    if offset is not None:
        assert scene.assets["B04"].offset == offset


@pytest.mark.parametrize(
    ("baseline", "made", "year", "declared", "otherwise"),
    [
        ("02.12", None, 2019, -0.1, 0.0),
        ("02.12", "2022-06-01T00:00:00Z", 2019, -0.1, 0.0),
        (None, "2021-12-24T10:00:00.000Z", 2021, None, 0.0),
        (None, "2021-12-24T10:00:00.000Z", 2021, -0.1, None),  # the bands say it: nothing is open
        (None, None, 2023, None, -0.1),
        (None, "not known", 2023, None, -0.1),
        (None, "2023-06-01T00:00:00Z", 2019, None, None),  # reprocessed: from which baseline on?
        (None, None, 2021, None, None),
        ("05.10", None, 2023, 0.0, None),  # has somebody taken it out?
    ],
)
def test_the_age_of_a_product_goes_first_where_it_is_certain_and_else_last(baseline, made, year, declared, otherwise):
    found = item("earth_search_l2a_contradicts_itself", **{"s2:processing_baseline": baseline, "s2:product_uri": None})
    found.properties |= {"s2:generation_time": made, "earthsearch:boa_offset_applied": None}
    found.datetime = found.datetime.replace(year=year)
    for asset in found.assets.values():
        for band in asset.extra_fields.get("raster:bands", []):
            band.pop("offset", None)
            if declared is not None and "scale" in band:
                band["offset"] = declared
    scene = scene_of(found, "s2", source("earth-search"))
    certain = otherwise == 0  # it is not asked at all
    assert scene.offset_open == (not certain and (baseline is not None or declared is None))
    assert scene.offset_otherwise == (None if certain else otherwise)
    if certain:
        assert scene.assets["B04"].offset == 0
        assert "its product is older than the offset" in scene.offset_reason


def test_bands_that_disagree_among_themselves_are_left_to_the_pixels():
    made = item("earth_search_c1")
    made.assets["red"].extra_fields["raster:bands"][0]["offset"] = 0
    assert scene_of(made, "s2", source("earth-search")).offset_open


@pytest.mark.parametrize(("member", "value"), [("scale", 1), ("offset", -0.05)])
def test_numbers_that_sentinel_2_does_not_have_are_refused(member, value):
    made = item("earth_search_c1")
    made.assets["red"].extra_fields["raster:bands"][0][member] = value
    with pytest.raises(UnusableItem, match=member):
        scene_of(made, "s2", source("earth-search"))


def test_an_archive_that_is_configured_as_harmonised_is_believed():
    harmonised = source("planetary-computer").model_copy(update={"offset_applied": True})
    scene = scene_of(item("planetary_computer_s2"), "s2", harmonised)
    assert scene.assets["B04"].offset == 0
    assert not scene.offset_open


def test_radar_of_the_planetary_computer_is_gamma_nought_although_it_says_grd():
    scene = scene_of(item("planetary_computer_s1_rtc"), "s1", source("planetary-computer", "s1"))
    assert (scene.radiometry, scene.platform, scene.assets["vv"].nodata) == ("gamma0", "S1A", -32768)
    assert all(source("planetary-computer", "s1").refusal(a.href) is None for a in scene.assets.values())


def test_plain_grd_is_refused_with_the_cure():
    grd = Source(href="https://planetarycomputer.microsoft.com/api/stac/v1", collection="sentinel-1-grd")
    with pytest.raises(UnusableItem, match="sentinel-1-rtc of the built-in profile"):
        scene_of(item("planetary_computer_s1_grd"), "s1", grd)
    calibrated = grd.model_copy(update={"backscatter": "sigma0"})
    assert scene_of(item("planetary_computer_s1_grd"), "s1", calibrated).radiometry == "sigma0"


def test_the_view_angle_at_the_ground_is_read_and_a_zero_that_means_unknown_is_not():
    scene = scene_of(item("earth_search_c1"), "s2", source("earth-search"))
    assert (scene.view_zenith, scene.view_azimuth) == (4.2, 105.3)
    silent = scene_of(item("earth_search_l2a_old_baseline", **{"view:off_nadir": 0}), "s2", source("earth-search"))
    assert (silent.view_zenith, silent.view_azimuth, silent.incidence) == (None, None, None)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [(5.1, "05.10"), ("05.09", "05.09"), (None, "04.00"), (" 05.10 ", "05.10"), ("N0510", "05.10"), ("99.99", "04.00")],
)
def test_a_baseline_is_read_from_number_text_or_name(stated, expected):
    assert baseline_of(item("planetary_computer_s2", **{"s2:processing_baseline": stated})) == expected


@pytest.mark.parametrize(
    ("properties", "says"),
    [
        ({"s2:processing_baseline": "99.99"}, "there is no processing baseline 99.99"),
        ({"s2:processing_baseline": "1.2.3"}, "there is no processing baseline 1.2.3"),
        ({"s2:processing_baseline": "02.12"}, "processing baseline 02.12, 05.00 by its name"),
        (
            {"s2:processing_baseline": None, "s2:product_uri": "S2B_MSIL2A_20190611T093039_N9999_R136_T34TZZ_2.SAFE"},
            "there is no processing baseline 99.99",
        ),
    ],
)
def test_a_baseline_that_does_not_exist_or_is_denied_by_the_name_leaves_the_offset_open(properties, says):
    """Even where bands declare an offset: who writes items computes it from such a baseline."""
    scene = scene_of(item("earth_search_c1", **properties), "s2", source("earth-search"))
    assert scene.offset_open
    assert scene.offset_otherwise is None
    assert says in scene.offset_reason


def test_the_version_of_some_software_is_no_baseline():
    made = item("copernicus_s2", **{"processing:version": "1.2.3"})
    assert scene_of(made, "s2", source("copernicus")).baseline == "05.10"  # of its name


def test_a_signature_in_an_item_never_enters_the_plan():
    made = item("planetary_computer_s2")
    for asset in made.assets.values():
        asset.href += "?se=2022-06-11&sig=hunter2"
    assert "hunter2" not in scene_of(made, "s2", source("planetary-computer")).model_dump_json()
    for asset in made.assets.values():
        asset.href = asset.href.replace("sentinel2l2a01.blob.core.windows.net", "files.example.org")
    own = Source(href="https://files.example.org/v1", collection="sentinel-2-l2a")
    with pytest.raises(UnusableItem, match="must name them unsigned"):
        scene_of(made, "s2", own)


@pytest.mark.parametrize("name", ["jwt", "auth", "apitoken", "hdnea", "Key-Pair-Id", "__token__", "X-Amz-Credential"])
def test_signatures_have_many_names(name):
    made = item("earth_search_c1")
    for asset in made.assets.values():
        asset.href += f"?{name}=hunter2"
    with pytest.raises(UnusableItem, match="must name them unsigned"):
        scene_of(made, "s2", source("earth-search"))


@pytest.mark.parametrize(
    "href", ["http://169.254.169.254/latest", "file:///etc/passwd", "https://files.example.org/MTD_TL.xml?sig=hunter2"]
)
def test_xml_elsewhere_is_not_read_and_the_scene_is_of_use_without_it(href):
    made = item("earth_search_c1")
    made.assets["granule_metadata"].href = href
    scene = scene_of(made, "s2", source("earth-search"))
    assert scene.granule_href is None


def test_a_password_in_a_url_never_enters_the_plan():
    made = item("earth_search_c1")
    for asset in made.assets.values():
        asset.href = asset.href.replace("https://", "https://user:hunter2@")
    made.set_self_href("https://user:hunter2@stac.example.org/item.json")
    assert "hunter2" not in scene_of(made, "s2", source("earth-search")).model_dump_json()
    profile = CatalogProfile(name="own", href="https://user:hunter2@stac.example.org/v1?token=hunter2")
    own = profile.model_copy(update={"s1": Source(href=profile.href, collection="c")})
    assert "hunter2" not in own.told().model_dump_json()


@pytest.mark.parametrize(
    ("href", "opened"),
    [
        ("https://stac.example.org/a.tif", True),
        ("https://STAC.example.org/a.tif", True),
        ("https://stac.example.org:443/a.tif", True),
        ("https://stac.example.org:8443/a.tif", False),
        ("http://files.example.net/a.tif", False),
        ("http://a.cdn.example.net/a.tif", False),
        ("https://ports.example.net/a.tif", True),
        ("https://ports.example.net:8443/a.tif", False),
        ("https://files.example.net/a.tif", True),
        ("https://a.cdn.example.net/a.tif", True),
        ("https://cdn.example.net.evil.org/a.tif", False),
        ("https://stac.example.org@evil.org/a.tif", False),
        ("http://169.254.169.254/latest/meta-data", False),
        ("file:///etc/passwd", False),
        ("/etc/passwd", False),
        ("/data/scenes/a.tif", True),
        ("/data/scenes/../secret/a.tif", False),
        ("/data/scenes-of-others/a.tif", False),
        ("s3://bucket/a.tif", False),
        ("ftp://stac.example.org/a.tif", False),
        ("/vsicurl/https://stac.example.org/a.tif", False),
    ],
)
def test_files_are_opened_where_the_catalogue_keeps_them_and_nowhere_else(href, opened):
    hosts = ("files.example.net", "ports.example.net:443", "*.cdn.example.net", "/data/scenes")
    own = Source(href="https://stac.example.org/v1", collection="c", asset_hosts=hosts)
    assert (own.refusal(href) is None) == opened


def test_a_catalogue_in_clear_text_may_have_files_in_clear_text():
    own = Source(href="http://127.0.0.1:8080", collection="c", asset_hosts=("127.0.0.1:8081", "files.example.net"))
    assert own.refusal("http://127.0.0.1:8081/a.tif") is None
    assert own.refusal("https://files.example.net/a.tif") is None
    assert "clear text" in own.model_copy(update={"href": "https://a.org"}).refusal("http://files.example.net/a.tif")


@pytest.mark.parametrize("href", ["/data/c", "/data/c/catalog.json", "file:///data/c/catalog.json"])
def test_a_catalogue_on_disk_keeps_its_files_below_its_folder(href):
    here = Source(href=href, collection="c")
    assert here.refusal("/data/c/items/a.tif") is None
    assert here.refusal("/data/c/../b.tif") == "outside the folders of its catalogue"
    assert "example.org" in here.refusal("https://example.org/a.tif")


def test_every_built_in_profile_has_terrain_corrected_radar():
    for name, profile in BUILT_IN.items():
        assert profile.name == name
        assert set(profile.sources) == {"s2", "s1"}
        assert profile.sources["s1"].collection == "sentinel-1-rtc"
