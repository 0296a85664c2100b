"""The simulated catalogue can be read like a real one, and says everywhere that it is simulated."""

import json
from datetime import date

import numpy as np
import pystac
import pytest
import rasterio
from rasterio.warp import transform_geom
from shapely.geometry import shape

from clearleaf.simulated import DEMO, write_catalogue
from models.simulation.site import SiteSpec, simulate

SPEC = SiteSpec(size_px=24, start=date(2024, 4, 1), end=date(2024, 6, 15), seed=5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("simulated")
    assert write_catalogue(SPEC, out) == out / "catalog.json"
    return out


@pytest.fixture(scope="module")
def site():
    return simulate(SPEC)


def collection(folder, name):
    found = pystac.Catalog.from_file(str(folder / "catalog.json")).get_child(name)
    return found, sorted(found.get_items(), key=lambda item: item.datetime)


def read(item, key):
    with rasterio.open(item.assets[key].get_absolute_href()) as file:
        return file.read(1), file.profile


def test_every_document_says_simulated(folder):
    catalog = pystac.Catalog.from_file(str(folder / "catalog.json"))
    assert catalog.extra_fields["clearleaf:simulated"] is True
    for name in ("sentinel-2-l2a", "sentinel-1-rtc"):
        found, items = collection(folder, name)
        assert found.extra_fields["clearleaf:simulated"] is True
        assert found.title.startswith("Simulated")
        for item in items:
            assert item.properties["clearleaf:simulated"] is True
            assert "imulated" in item.properties["title"]
            assert "imulated" in item.properties["description"]


def test_there_is_an_item_for_every_pass(folder, site):
    _, optical = collection(folder, "sentinel-2-l2a")
    _, radar = collection(folder, "sentinel-1-rtc")
    assert [str(item.datetime.date()) for item in optical] == [
        str(day) for day in site.passes.days.astype("datetime64[D]")
    ]
    assert len(radar) == len(site.radar_passes.days)
    assert len({item.id for item in optical + radar}) == len(optical) + len(radar)
    assert {item.properties["sat:relative_orbit"] for item in radar} == set(site.radar_passes.orbits.tolist())


def test_digital_numbers_carry_the_declared_offset(folder, site):
    _, items = collection(folder, "sentinel-2-l2a")
    for scene, item in enumerate(items):
        for band, index in (("B04", 2), ("B8A", 7)):
            declared = item.assets[band].extra_fields["raster:bands"][0]
            numbers, profile = read(item, band)
            assert profile["dtype"] == "uint16"
            assert profile["nodata"] == declared["nodata"] == 0
            found = np.where(numbers == 0, np.nan, numbers * declared["scale"] + declared["offset"])
            if band == "B04":  # a 10 m band: its blocks average to the 20 m value
                assert numbers.shape == (48, 48)
                found = found.reshape(24, 2, 24, 2).mean(axis=(1, 3))
            np.testing.assert_allclose(found, site.reflectance[scene, index], atol=2e-4)
        assert item.properties["s2:processing_baseline"] == "05.10"


def test_classes_angles_and_backscatter_are_the_sites(folder, site):
    _, optical = collection(folder, "sentinel-2-l2a")
    scl, profile = read(optical[0], "SCL")
    np.testing.assert_array_equal(scl, site.scl[0])
    assert profile["dtype"] == "uint8"
    assert optical[0].properties["view:sun_elevation"] == pytest.approx(
        90 - site.passes.directions.sun_zenith[0], abs=1e-3
    )
    _, radar = collection(folder, "sentinel-1-rtc")
    vh, profile = read(radar[1], "vh")
    assert profile["nodata"] == -32768
    np.testing.assert_array_equal(np.where(vh == -32768, np.nan, vh), site.power[1, 1])


def test_files_are_cloud_optimised_on_a_utm_grid(folder):
    cogeo = pytest.importorskip("rio_cogeo.cogeo")
    _, items = collection(folder, "sentinel-2-l2a")
    for key in ("B02", "B8A", "SCL"):
        href = items[0].assets[key].get_absolute_href()
        assert cogeo.cog_validate(href, quiet=True)[0]
        with rasterio.open(href) as file:
            assert f"EPSG:{file.crs.to_epsg()}" == items[0].properties["proj:code"] == "EPSG:32631"
            assert file.transform.c % 20 == 0
            assert list(file.transform)[:6] == items[0].assets[key].extra_fields["proj:transform"]
            assert list(file.shape) == items[0].assets[key].extra_fields["proj:shape"]


def test_area_and_parcels_lie_inside_the_scenes(folder, site):
    area = json.loads((folder / "aoi.geojson").read_text())
    parcels = json.loads((folder / "parcels.geojson").read_text())["features"]
    utm = shape(transform_geom("EPSG:4326", "EPSG:32631", area["geometry"], precision=3))
    assert utm.area == pytest.approx((24 * 20) ** 2, rel=0.02)
    assert len({feature["properties"]["id"] for feature in parcels}) == len(parcels) > 3
    for feature in parcels:
        polygon = shape(feature["geometry"])
        assert polygon.is_valid
        assert polygon.exterior.is_ccw
        assert shape(area["geometry"]).buffer(1e-5).contains(polygon)
        assert feature["properties"]["crop"] in site.labels


def test_hrefs_are_relative_so_that_the_folder_can_move(folder):
    for path in folder.rglob("*.json"):
        assert str(folder) not in path.read_text()


def test_documents_follow_the_stac_schema(folder):
    catalog = pystac.Catalog.from_file(str(folder / "catalog.json"))
    for one in (catalog, *catalog.get_children()):
        one.validate()


def test_the_demo_covers_a_season_with_context():
    assert (DEMO.end - DEMO.start).days > 365
    assert simulate(DEMO).optical().clear.mean() > 0.3


def test_the_south_has_its_own_zone(tmp_path):
    spec = SiteSpec(12, date(2024, 1, 1), date(2024, 1, 20), "semi-arid", 1, "south")
    write_catalogue(spec, tmp_path)
    _, items = collection(tmp_path, "sentinel-2-l2a")
    assert items[0].properties["proj:code"] == "EPSG:32730"
    assert items[0].bbox[1] < 0
