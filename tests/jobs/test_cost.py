"""Laws of what an order costs: asking for more never costs less, and the cost knows tiles and windows as workers do."""

from dataclasses import replace
from typing import get_args

import pytest
from odc.geo.geobox import GeoBox

from jobs import cost
from jobs.cost import Work, cpu_seconds, stored_bytes
from jobs.grid import split
from jobs.order_members import Model
from models.reconstruction import HALO_PX
from worker import prepare
from worker.outputs.assets import STANDARD

WORK = Work(shape=(300, 500), tile_px=256, dates=13, scenes=120, looks=110.0)


@pytest.mark.parametrize(
    "more",
    [
        {"dates": 14},
        {"scenes": 140, "looks": 128.0},
        {"shape": (301, 500)},
        {"shape": (300, 513)},
        {"extra_assets": 1},
    ],
)
def test_who_asks_for_more_waits_longer_and_gets_more(more):
    assert cpu_seconds(replace(WORK, **more)) > cpu_seconds(WORK)
    if "scenes" not in more:
        assert stored_bytes(replace(WORK, **more)) > stored_bytes(WORK)


def test_no_coefficient_makes_anything_cheaper():
    for coefficients in (cost.SECONDS, cost.BYTES, cost.MODELS):
        assert min(coefficients.values()) >= 0


def test_networks_are_trained_for_our_own_model_alone():
    assert cpu_seconds(replace(WORK, adapt=False)) < cpu_seconds(WORK)
    paper = replace(WORK, model="paper")
    assert cpu_seconds(replace(paper, adapt=False)) == cpu_seconds(paper)


@pytest.mark.parametrize("shape", [(1, 1), (32, 300), (256, 256), (257, 600), (1000, 40)])
def test_tiles_and_windows_are_counted_as_workers_make_them(shape):
    geobox = GeoBox(shape, WORK_GRID.affine, WORK_GRID.crs)
    tiles = split(geobox, 256, HALO_PX)
    work = replace(WORK, shape=shape)
    assert work.tiles == len(tiles)
    assert work.padded_px == sum(tile.padded.shape[0] * tile.padded.shape[1] for tile in tiles)
    assert work.windows == len(prepare.windows(prepare._at_least_one_window(geobox), 0))


WORK_GRID = GeoBox.from_bbox((500_000, 5_600_000, 500_020, 5_600_020), "EPSG:32631", resolution=20)


def test_what_is_said_of_workers_holds():
    assert cost.HALO_PX == HALO_PX
    assert (cost.WINDOW_PX, cost.MOST_WINDOWS) == (prepare.WINDOW_PX, prepare.MOST_WINDOWS)
    assert len(STANDARD) == cost.STANDARD_ASSETS
    assert set(cost.MODELS) == set(get_args(Model))
