"""Scenes as archives cut them: swath edges in the AOI, tiles in two UTM zones, files without overviews, wrong units."""

from datetime import UTC, datetime

import numpy as np
import pytest
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox
from odc.geo.geom import Geometry
from rasterio.warp import transform as reproject
from shapely.geometry import box, mapping

from jobs.scenes import S1_ASSETS, S2_ASSETS, Scene, SceneAsset
from models.biophysical import observed_lai
from worker.inputs.read import SceneReader, not_linear_power

READER = SceneReader(threads=1, tries=1)
SIDE = 64
SCALES = {"s2": 1e-4, "s1": 1.0}


def grid(left, top, epsg=32631, px_m=20, side=SIDE) -> GeoBox:
    return GeoBox((side, side), Affine(px_m, 0, left, 0, -px_m, top), f"EPSG:{epsg}")


def written(folder, name, geobox, bands, sensor="s2", **facts) -> Scene:
    """Write a scene's files, plain GeoTIFFs without overviews, and return the scene."""
    folder = folder / name
    folder.mkdir()
    assets = {}
    for key, values in bands.items():
        path = folder / f"{key}.tif"
        kind = {"driver": "GTiff", "count": 1, "crs": str(geobox.crs), "transform": geobox.transform}
        with rasterio.open(path, "w", height=SIDE, width=SIDE, dtype=values.dtype, **kind) as file:
            file.write(values, 1)
        nodata = 0 if sensor == "s2" else -32768
        assets[key] = SceneAsset(href=str(path), scale=1.0 if key == "SCL" else SCALES[sensor], nodata=nodata)
    when = facts.pop("when", datetime(2023, 5, 6, 10, tzinfo=UTC))
    footprint = mapping(box(*geobox.geographic_extent.boundingbox))
    platform = "S2A" if sensor == "s2" else "S1A"
    common = {"id": name, "href": "item.json", "sensor": sensor, "datetime": when, "day": when.date()}
    return Scene(**common, platform=platform, footprint=footprint, assets=assets, **facts)


def meadow(seen=None) -> dict[str, np.ndarray]:
    """Return digital numbers of a meadow, nothing where it was not seen."""
    seen = np.ones((SIDE, SIDE), bool) if seen is None else seen
    numbers = dict(zip(S2_ASSETS[:-1], (600, 400, 900, 2600, 3200, 3500, 1900, 1000), strict=True))
    bands = {name: np.where(seen, number, 0).astype(np.uint16) for name, number in numbers.items()}
    return bands | {"SCL": np.where(seen, 4, 0).astype(np.uint8)}


def test_beyond_the_edge_of_a_swath_nothing_is_clear(tmp_path):
    seen = np.tri(SIDE, dtype=bool)
    here = grid(500_000, 5_600_000)
    series = READER.read_s2([written(tmp_path, "cut", here, meadow(seen))], here).series
    assert np.array_equal(series.clear[0], seen)
    assert np.isnan(series.reflectance[0, 0][~seen]).all()
    assert not series.usable[0][~seen].any()


def test_a_band_that_ends_earlier_than_the_others_is_not_clear_there(tmp_path):
    """The bands of one scene end some pixels apart: the detectors look in slightly different directions."""
    bands = meadow()
    bands["B11"][:, -3:] = 0
    here = grid(500_000, 5_600_000)
    series = READER.read_s2([written(tmp_path, "ragged", here, bands)], here).series
    assert not series.clear[0][:, -3:].any()
    assert series.clear[0][:, :-3].all()


def test_pieces_of_one_day_make_one_observation(tmp_path):
    here = grid(500_000, 5_600_000)
    west = np.zeros((SIDE, SIDE), bool)
    west[:, :40] = True
    scenes = [written(tmp_path, "west", here, meadow(west)), written(tmp_path, "east", here, meadow(~west))]
    observed = observed_lai(READER.read_s2(scenes, here).series)
    assert observed.lai.shape == (1, SIDE, SIDE)
    assert np.isfinite(observed.lai).all()
    np.testing.assert_allclose(observed.lai, observed.lai[0, 0, 0], atol=1e-5)


def test_tiles_in_two_utm_zones_meet_on_the_jobs_grid(tmp_path):
    """At 6° E zones 31 and 32 meet; both tiles cover the grid, each from its side and in its own projection."""
    (x,), (y,) = reproject("EPSG:4326", "EPSG:32631", [6.0], [50.0])
    here = grid(round(x / 20) * 20 - 640, round(y / 20) * 20 + 640)
    (x2,), (y2,) = reproject("EPSG:4326", "EPSG:32632", [6.0], [50.0])
    other = grid(round(x2 / 20) * 20 - 100, round(y2 / 20) * 20 + 1000, 32632, px_m=30)
    west = np.zeros((SIDE, SIDE), bool)
    west[:, :40] = True
    scenes = [
        written(tmp_path, "zone31", here, meadow(west), tile="31UZZ"),
        written(tmp_path, "zone32", other, meadow(), tile="32UZZ"),
    ]
    series = READER.read_s2(scenes, here).series
    assert series.clear[0].sum() == west.sum()
    assert 0.3 < series.clear[1].mean() < 0.95
    observed = observed_lai(series)
    assert observed.lai.shape[0] == 1
    assert np.isfinite(observed.lai[0]).sum() > west.sum()
    values = observed.lai[np.isfinite(observed.lai)]
    np.testing.assert_allclose(values, values[0], atol=1e-3)  # the warp makes no edge where the tiles meet


def test_a_file_in_degrees_lands_on_the_grid(tmp_path):
    here = grid(500_000, 5_600_000)
    around = Geometry(here.extent.geom.buffer(200), here.crs).to_crs("EPSG:4326").boundingbox
    step = max(around.span_x, around.span_y) / SIDE
    degrees = GeoBox((SIDE, SIDE), Affine(step, 0, around.left, 0, -step, around.top), "EPSG:4326")
    series = READER.read_s2([written(tmp_path, "degrees", degrees, meadow())], here).series
    assert series.clear[0].mean() > 0.5
    assert set(np.round(series.reflectance[0, 0][series.clear[0]], 4)) == {np.float32(0.06)}


def radar(tmp_path, values, name="radar"):
    here = grid(500_000, 5_600_000)
    bands = {key: np.full((SIDE, SIDE), values, np.float32) for key in S1_ASSETS}
    for band in bands.values():
        band[:, :10] = -32768
    return READER.read_s1([written(tmp_path, name, here, bands, "s1", relative_orbit=7)], here)


def test_linear_power_is_read_and_its_missing_numbers_are_none(tmp_path):
    stack = radar(tmp_path, 0.05)
    assert stack.skipped == ()
    assert np.isnan(stack.series.power[0, :, :, :11]).all()
    assert np.isfinite(stack.series.power[0, :, :, 11:]).all()


@pytest.mark.parametrize(("value", "says"), [(-12.5, "decibels"), (312.0, "digital numbers")])
def test_radar_in_another_unit_is_skipped_by_name(tmp_path, value, says):
    stack = radar(tmp_path, value)
    (skipped,) = stack.skipped
    assert skipped.id == "radar"
    assert says in skipped.reason
    assert stack.series.power.shape[0] == 0


def test_bright_towns_and_empty_scenes_are_linear_power():
    assert not_linear_power(np.full((2, 4, 4), np.nan, np.float32)) is None
    town = np.full((2, 4, 4), 0.1, np.float32)
    town[:, 0] = 200
    assert not_linear_power(town) is None
    assert not_linear_power(np.full((2, 4, 4), -9999.0, np.float32)) is None  # missing, and nobody has said so
