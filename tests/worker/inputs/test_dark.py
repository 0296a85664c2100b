"""The darkest clear ground tells whether an archive has applied the offset; where it does not tell, nobody guesses."""

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.enums import Resampling
from rasterio.warp import transform as transform_points
from shapely import Point

from worker.inputs.dark import (
    CARRIED_FROM,
    LEAST_PIXELS,
    contradict,
    dark_pixels,
    darkest_of,
    offset_of_group,
    read_small,
)


def land(darkest: float, count: int = 400) -> np.ndarray:
    """Return red reflectances of vegetation from its darkest on."""
    return darkest + np.random.default_rng(0).gamma(2.0, 0.02, count)


@pytest.mark.parametrize("darkest", [0.0, 0.02, 0.05, 0.07])
def test_numbers_without_and_with_the_thousand_are_told_apart(darkest):
    seen = [darkest_of(land(darkest + haze)) for haze in (0.0, 0.01, 0.02)]
    assert offset_of_group(seen).value == 0
    assert offset_of_group([value + 0.1 for value in seen]).value == -0.1


@pytest.mark.parametrize(
    ("darkest", "says"),
    [
        ([], "no scene shows enough"),
        ([0.25] * 3, "neither explains"),
        ([0.0925] * 3, "neither explains"),
        ([0.097], "may be haze: 3 scenes would tell"),
        ([0.02, 0.02, 0.12, 0.13, 0.14], "but 3 of them show nothing below 950"),  # two archives in one
    ],
)
def test_where_pixels_do_not_tell_there_is_no_offset(darkest, says):
    found = offset_of_group(darkest)
    assert found.value is None
    assert says in found.reason


def test_few_pixels_show_nothing():
    assert darkest_of(land(0.02, LEAST_PIXELS - 1)) is None
    assert darkest_of(land(0.02, LEAST_PIXELS)) == pytest.approx(0.025, abs=0.01)


def test_hazy_days_do_not_outvote_a_clear_one():
    """The darkest clear ground of a field in Spain, spring 2019, in a product without the offset."""
    assert offset_of_group([0.0925, 0.0971, 0.0988, 0.0816]).value == 0
    assert offset_of_group([0.0925, 0.0971, 0.0988]).value is None


@pytest.mark.real
def test_real_hazy_days_are_not_taken_for_days_with_the_thousand(real_data):
    netcdf = pytest.importorskip("netCDF4")
    path = real_data / "training" / "s2_gaps" / "fusets_field_spain_2019.nc"
    if not path.exists():
        pytest.skip(f"there is no {path}")
    with netcdf.Dataset(path) as file:
        red, scl = (np.ma.filled(file[name][:].astype(float), 0.0) for name in ("B04", "SCL"))
        days = [str(day)[:10] for day in netcdf.num2date(file["t"][:], file["t"].units)]
    found = {day: darkest_of(dark_pixels(s, [r])) for day, r, s in zip(days, red, scl, strict=True)}
    hazy = [found["2019-03-28"], found["2019-04-07"]]
    assert min(hazy) > CARRIED_FROM
    assert offset_of_group(hazy).value is None
    assert offset_of_group([value for value in found.values() if value is not None]).value == 0


@pytest.mark.parametrize(
    ("darkest", "against"),
    [([], False), ([0.02], True), ([0.02, 0.05, 0.12], True), ([0.07, 0.11, 0.12], False), ([0.085] * 3, False)],
)
def test_numbers_that_would_be_negative_contradict_an_offset(darkest, against):
    assert contradict(darkest) == against


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
