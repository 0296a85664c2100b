"""Tiles are as large as a worker's memory holds, and an order that fits into none is refused before it is begun."""

from datetime import date

import pytest
from odc.geo.geobox import GeoBox
from shapely.geometry import mapping

from jobs.errors import InvalidJob
from jobs.estimating import tile_px_of
from jobs.grid import split
from jobs.order_times import TimeRange
from jobs.scene_count import SceneCount
from jobs.scenes import Scene
from jobs.settings import JobsSettings
from jobs.tile_memory import LEAST_TILE_PX, TileLoad

GRID, HALO = (2500, 2500), 48
MEMORY_GB = JobsSettings.model_fields["worker_memory_gb"].default


def expected(start, end, dates, latitude_m=5_630_000) -> TileLoad:
    """Return the scenes that the orbits give, as if every pass took pictures, with half a year of context."""
    grid = GeoBox.from_bbox((500_000, latitude_m - 50_000, 550_000, latitude_m), "EPSG:32631", resolution=20)
    count = SceneCount.expected(grid, TimeRange(start=start, end=end))
    return TileLoad(round(count.looks - count.optical_looks), round(count.optical_looks), dates)


def test_a_season_has_tiles_as_large_as_they_are_set():
    assert expected(date(2023, 1, 1), date(2024, 3, 31), 30).tile_px(256, GRID, HALO, MEMORY_GB) == 256


@pytest.mark.parametrize(
    ("start", "end", "dates"),
    [
        (date(2022, 7, 1), date(2024, 6, 30), 73),  # a year, every five days
        (date(2018, 7, 1), date(2024, 6, 30), 183),  # five years, every ten days
    ],
)
def test_years_are_taken_in_smaller_tiles(start, end, dates):
    load = expected(start, end, dates)
    side = load.tile_px(256, GRID, HALO, MEMORY_GB)
    assert LEAST_TILE_PX <= side <= 256
    assert load.bytes_of((side + 2 * HALO, side + 2 * HALO)) <= MEMORY_GB * 1e9


def test_what_fits_into_no_tile_is_refused_with_its_numbers_and_the_cure():
    with pytest.raises(InvalidJob):
        expected(date(2015, 1, 1), date(2025, 12, 31), 366).tile_px(256, GRID, HALO, MEMORY_GB)
    with pytest.raises(InvalidJob) as refusal:
        TileLoad(radar=9000, optical=8000, dates=400).tile_px(256, GRID, HALO, MEMORY_GB)
    (problem,) = refusal.value.problems
    assert problem.pointer == "/start"
    for said in (
        "9000 radar",
        "8000 optical",
        "400 dates",
        f"{MEMORY_GB:g} GB",
        "shorter context_days",
        "several jobs",
    ):
        assert said in problem.detail


def test_a_small_area_has_no_more_than_its_own_pixels():
    load = TileLoad(radar=1000, optical=1500, dates=366)
    assert load.tile_px(256, GRID, HALO, MEMORY_GB) < load.tile_px(256, (32, 32), HALO, MEMORY_GB) == 256


def test_more_of_anything_takes_no_less_memory():
    base = {"radar": 100, "optical": 100, "dates": 30}
    for name in base:
        more = TileLoad(**(base | {name: base[name] + 1}))
        assert more.bytes_of((100, 100)) > TileLoad(**base).bytes_of((100, 100))


def test_the_fullest_tile_counts():
    grid = GeoBox.from_bbox((500_000, 5_600_000, 520_000, 5_620_000), "EPSG:32631", resolution=20)
    tiles = split(grid, 512, HALO)
    corner, whole = (mapping(box.extent.to_crs("EPSG:4326").geom) for box in (grid[:100, :100], grid))
    common = {"href": "item.json", "datetime": "2023-05-01T10:00:00Z", "day": "2023-05-01", "assets": {}}
    footprints = [("s2", whole), ("s2", corner), ("s2", corner), ("s1", whole)]
    scenes = [
        Scene(id=str(i), sensor=sensor, footprint=footprint, platform="S2A" if sensor == "s2" else "S1A", **common)
        for i, (sensor, footprint) in enumerate(footprints)
    ]
    assert TileLoad.largest(tiles, scenes, 5) == TileLoad(radar=1, optical=3, dates=5)
    assert TileLoad.largest(tiles[-1:], scenes, 5) == TileLoad(radar=1, optical=1, dates=5)
    assert TileLoad.largest(tiles, [], 5) == TileLoad(radar=0, optical=0, dates=5)


def test_an_order_is_estimated_in_the_tiles_of_its_plan(made, order):
    request = made(order)
    few, many = (SceneCount(100, looks, looks / 2, True) for looks in (100.0, 90_000.0))
    assert tile_px_of(request, few, 256, MEMORY_GB) == 256
    with pytest.raises(InvalidJob, match="worker's memory"):
        tile_px_of(request, many, 256, MEMORY_GB)
