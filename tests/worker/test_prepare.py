"""Where windows are sampled."""

import pytest
from odc.geo.geobox import GeoBox

from worker.prepare import MOST_WINDOWS, WINDOW_PX, windows


def grid(rows, columns) -> GeoBox:
    return GeoBox.from_bbox((0, 0, columns * 20, rows * 20), "EPSG:32631", resolution=20)


@pytest.mark.parametrize(("rows", "columns", "count"), [(32, 32, 1), (64, 96, 6), (63, 100, 3)])
def test_a_small_area_is_sampled_whole(rows, columns, count):
    assert len(windows(grid(rows, columns), 0)) == count


def test_a_large_area_is_sampled_all_over_and_by_seed():
    found = windows(grid(1000, 1000), 0)
    assert len(found) == MOST_WINDOWS
    assert all((r.stop - r.start, c.stop - c.start) == (WINDOW_PX, WINDOW_PX) for r, c in found)
    rows = sorted(r.start for r, _ in found)
    assert rows[0] < 250
    assert rows[-1] > 750
    assert found == windows(grid(1000, 1000), 0)
    assert found != windows(grid(1000, 1000), 1)
