"""The darkest clear ground tells whether an archive has applied the offset; where it does not tell, nobody guesses."""

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import Resampling
from rasterio.warp import transform as transform_points
from shapely import Point

from worker.inputs.dark import LEAST_PIXELS, dark_pixels, offset_of_dark_pixels, read_small


def land(darkest: float, count: int = 400) -> np.ndarray:
    """Return red reflectances of vegetation from its darkest on."""
    return darkest + np.random.default_rng(0).gamma(2.0, 0.02, count)


@pytest.mark.parametrize("darkest", [0.0, 0.02, 0.05, 0.07])
def test_numbers_without_and_with_the_thousand_are_told_apart(darkest):
    assert offset_of_dark_pixels(land(darkest)).value == 0
    assert offset_of_dark_pixels(land(darkest) + 0.1).value == -0.1


@pytest.mark.parametrize(
    ("pixels", "says"),
    [
        (land(0.02, LEAST_PIXELS - 1), "only 49 clear pixels"),
        (land(0.02, 0), "only 0"),
        (land(0.25), "neither explains"),  # haze
        (np.full(100, 0.0925), "neither explains"),
    ],
)
def test_where_pixels_do_not_tell_there_is_no_offset(pixels, says):
    found = offset_of_dark_pixels(pixels)
    assert found.value is None
    assert says in found.reason


def test_only_clear_vegetation_and_water_with_data_count():
    scl = np.array([[4, 6, 5, 8], [4, 0, 11, 7]])
    red = np.array([[300, 200, 2000, 9000], [0, 100, 9000, 3000]])
    swir = np.array([[900, 50, 3000, 5000], [800, 90, 100, 3000]])
    assert sorted(dark_pixels(scl, [red, swir]).round(6).tolist()) == [0.005, 0.03]


@pytest.mark.parametrize("overviews", [[], [2, 4, 8]])
@pytest.mark.parametrize(("px_m", "side"), [(10, 2048), (20, 1024)])
def test_a_small_picture_is_of_the_same_ground_for_every_band(tmp_path, overviews, px_m, side):
    """Two and a half times the window: with overviews or without, at 10 m or 20 m, near the edge or beyond it."""
    columns = np.arange(side * 5 // 2, dtype=np.uint16)[None].repeat(side * 5 // 2, 0)
    transform = Affine(px_m, 0, 500_000, 0, -px_m, 5_600_000)
    kind = {
        "driver": "GTiff",
        "count": 1,
        "dtype": "uint16",
        "crs": "EPSG:32631",
        "transform": transform,
        "tiled": True,
    }
    path = str(tmp_path / "band.tif")
    with rasterio.open(path, "w", height=len(columns), width=len(columns), **kind) as file:
        file.write(columns * px_m // 10, 1)
        file.build_overviews(overviews, Resampling.nearest)
    (x,), (y,) = transform_points("EPSG:32631", "EPSG:4326", [525_600], [5_574_400])
    found = read_small(path, Point(x, y))
    assert found.shape == (512, 512)
    assert int(found.min()) == pytest.approx((525_600 - 500_000 - 10_240) / 10, abs=4)
    assert int(found.max()) == pytest.approx((525_600 - 500_000 + 10_240) / 10, abs=4)
    west = read_small(path, Point(x - 3, y))
    assert int(west.min()) == pytest.approx(0, abs=4)
