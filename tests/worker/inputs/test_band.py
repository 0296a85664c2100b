"""A band lands on the grid as it stands in the file, or as an average, and never as silent zeros."""

import socket
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox
from rasterio.errors import RasterioIOError

from worker.inputs import band as banding
from worker.inputs.band import GDAL_SETTINGS, OddFile, gdal, read_band
from worker.inputs.read import SceneReader
from worker.inputs.weather import fault_of

LEFT, TOP = 500_000, 5_600_000


def grid(rows, columns, pixel_m=20, left=LEFT, top=TOP, crs="EPSG:32631") -> GeoBox:
    return GeoBox((rows, columns), Affine(pixel_m, 0, left, 0, -pixel_m, top), crs)


@pytest.fixture
def values():
    return np.random.default_rng(0).integers(1, 5000, (24, 32)).astype(np.uint16)


@pytest.fixture
def file(tmp_path, values):
    """A file of 10 m pixels."""
    path = tmp_path / "band.tif"
    transform = Affine(10, 0, LEFT, 0, -10, TOP)
    kind = {"driver": "GTiff", "count": 1, "dtype": "uint16", "crs": "EPSG:32631", "transform": transform}
    with rasterio.open(path, "w", height=24, width=32, nodata=0, **kind) as target:
        target.write(values, 1)
    return str(path)


def test_the_same_grid_gives_the_very_values(file, values):
    assert np.array_equal(read_band(file, grid(24, 32, 10), None), values)


def test_twenty_metres_are_the_mean_of_four_pixels(file, values):
    expected = values.reshape(12, 2, 16, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(read_band(file, grid(12, 16), None), expected, rtol=1e-6)


def test_classes_are_never_averaged(file, values):
    assert np.array_equal(read_band(file, grid(12, 16), None, nearest=True), values[::2, ::2])


def test_a_mean_is_over_the_pixels_that_have_data(file, values):
    with rasterio.open(file, "r+") as target:
        gap = values.copy()
        gap[0, 0], gap[2:4, 2:4] = 0, 0
        target.write(gap, 1)
    found = read_band(file, grid(12, 16), None)
    assert found[0, 0] == pytest.approx(values[0:2, 0:2].ravel()[1:].mean())
    assert np.isnan(found[1, 1])


def test_beyond_the_files_edge_there_is_no_data(file, values):
    found = read_band(file, grid(28, 40, 10, left=LEFT - 40, top=TOP + 20), None)
    assert np.array_equal(found[2:26, 4:36], values)
    assert np.isnan(found).sum() == found.size - values.size


def test_a_grid_of_another_zone_or_phase_is_warped(file, values):
    for other in (grid(10, 14, 20, left=LEFT + 7, top=TOP - 5), grid(12, 16).to_crs("EPSG:32632")):
        found = read_band(file, other, None)
        seen = found[np.isfinite(found)]
        assert seen.size > 0.4 * found.size
        assert values.min() <= seen.min() <= seen.max() <= values.max()


def test_a_cut_off_file_is_an_error_not_a_gap(file, tmp_path):
    content = Path(file).read_bytes()
    (tmp_path / "cut.tif").write_bytes(content[: len(content) // 2])
    with pytest.raises(RasterioIOError):
        read_band(str(tmp_path / "cut.tif"), grid(24, 32, 10), None)


@pytest.mark.parametrize("href", ["/data/a.vrt", "/vsicurl/http://10.0.0.1/a.tif", "https://example.org/a.xml"])
def test_only_plain_rasters_are_opened(href):
    with pytest.raises(ValueError, match="neither GeoTIFF"):
        read_band(href, grid(2, 2), None)


def test_an_archive_that_accepts_and_then_says_nothing_is_given_up(monkeypatch):
    """The settings bound every request: a step that hung here would keep its lease for ever."""
    assert int(GDAL_SETTINGS["GDAL_HTTP_LOW_SPEED_TIME"]) < 60
    monkeypatch.setitem(GDAL_SETTINGS, "GDAL_HTTP_LOW_SPEED_TIME", "1")
    monkeypatch.setitem(GDAL_SETTINGS, "GDAL_HTTP_MAX_RETRY", "0")
    with socket.create_server(("127.0.0.1", 0)) as silent, gdal():
        href = f"http://127.0.0.1:{silent.getsockname()[1]}/B04.tif"
        with pytest.raises(RasterioIOError, match="too slow"):
            read_band(href, grid(2, 2), None)


INFINITE = float("inf")


@pytest.mark.parametrize(
    ("transform", "crs"),
    [
        (Affine(10, 0, INFINITE, 0, -10, TOP), "EPSG:32631"),
        (Affine(10, 0, float("nan"), 0, -10, TOP), "EPSG:32631"),
        (Affine(0, 0, LEFT, 0, 0, TOP), "EPSG:32631"),
        (Affine(1e-300, 0, LEFT, 0, -1e-300, TOP), "EPSG:32631"),
        (Affine(10, 0, LEFT, 0, -10, TOP), 'LOCAL_CS["x",UNIT["m",1]]'),
    ],
)
def test_an_impossible_grid_is_the_files_fault_and_nobody_elses(tmp_path, plan, transform, crs):
    scene = plan.s2_scenes[0]
    path = tmp_path / "odd.tif"
    kind = {"driver": "GTiff", "count": 1, "dtype": "uint16", "crs": crs, "transform": transform}
    with rasterio.open(path, "w", height=24, width=32, **kind) as target:
        target.write(np.ones((24, 32), np.uint16), 1)
    odd = scene.assets | {"B05": scene.assets["B05"].model_copy(update={"href": str(path)})}
    stack = SceneReader(tries=1).read_s2([scene.model_copy(update={"assets": odd}), plan.s2_scenes[1]], plan.geobox)
    assert [skipped.id for skipped in stack.skipped] == [scene.id]
    assert len(stack.series.days) == 1


def written(path, values, transform, crs="EPSG:32631", **more) -> str:
    kind = {"driver": "GTiff", "count": 1, "dtype": values.dtype, "crs": crs, "transform": transform}
    with rasterio.open(path, "w", height=values.shape[0], width=values.shape[1], **kind | more) as target:
        target.write(values, 1)
    return str(path)


@pytest.mark.parametrize(
    ("transform", "turned"),
    [
        (Affine(10, 0, LEFT, 0, 10, TOP - 240), lambda v: v[::-1]),  # south is up
        (Affine(-10, 0, LEFT + 320, 0, -10, TOP), lambda v: v[:, ::-1]),
        (Affine(0, 10, LEFT, -10, 0, TOP), lambda v: v.T),  # turned by a right angle
        (Affine(10, 0, LEFT, 0, -5, TOP), lambda v: v.repeat(2, axis=0)),
    ],
)
def test_pixels_that_lie_otherwise_land_where_they_lie(tmp_path, values, transform, turned):
    """What a file holds when the same ground is written with its rows or columns another way round."""
    lies = turned(values)
    found = read_band(written(tmp_path / "other.tif", lies, transform), grid(24, 32, 10), None, nearest=True)
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize(
    "where", [{"crs": None, "transform": Affine(10, 0, LEFT, 0, -10, TOP)}, {"transform": Affine.identity()}]
)
def test_a_file_that_does_not_say_where_it_lies_is_not_read(tmp_path, values, where):
    href = written(tmp_path / "lost.tif", values, **where)
    with pytest.raises(OddFile, match="does not say where it lies"):
        read_band(href, grid(24, 32, 10), None)
    assert fault_of(OddFile("a file does not say where it lies")).is_final


def test_what_would_fill_the_memory_is_not_read(file, tmp_path, values, monkeypatch):
    monkeypatch.setattr(banding, "MOST_BYTES", 2000)
    strip = written(tmp_path / "strip.tif", values, Affine(10, 0, LEFT, 0, -10, TOP), blockysize=24)
    assert values.nbytes == 1536
    assert read_band(strip, grid(24, 32, 10), None).shape == (24, 32)
    monkeypatch.setattr(banding, "MOST_BYTES", 1500)
    with pytest.raises(OddFile, match="in pieces of more than"):
        read_band(strip, grid(2, 2, 10), None)
    lines = written(tmp_path / "lines.tif", values, Affine(10, 0, LEFT, 0, -10, TOP), blockysize=1)
    assert read_band(lines, grid(2, 2, 10), None).shape == (2, 2)
    with pytest.raises(OddFile, match="in pieces of more than"):
        read_band(lines, grid(24, 32, 10), None)
