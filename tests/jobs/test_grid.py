"""Grids snap to the pixel, cover their area, and tiles cover the grid exactly."""

import numpy as np
import pytest
from odc.geo.geom import Geometry
from shapely import box

from jobs.grid import output_geobox, split

FIELD = box(3.02, 50.81, 3.05, 50.83)


@pytest.mark.parametrize("resolution", [10, 20])
@pytest.mark.parametrize("area", [FIELD, box(-58.4, -34.62, -58.38, -34.6), box(179.97, 10, 179.99, 10.02)])
def test_the_grid_covers_the_area_and_its_edges_are_multiples_of_the_pixel(area, resolution):
    geobox = output_geobox(area, resolution)
    assert all(edge % resolution == 0 for edge in geobox.boundingbox)
    there = Geometry(area, "EPSG:4326").to_crs(geobox.crs, resolution=0.001).boundingbox
    slack = 0.05 * resolution
    assert geobox.boundingbox.left <= there.left + slack
    assert geobox.boundingbox.top >= there.top - slack
    assert geobox.boundingbox.right - there.right < resolution + slack


@pytest.mark.parametrize(("area", "epsg"), [(FIELD, 32631), (box(-58.4, -34.62, -58.38, -34.6), 32721)])
def test_the_zone_is_the_centroids(area, epsg):
    assert output_geobox(area, 20).crs.epsg == epsg


def test_corners_written_with_few_decimals_do_not_add_a_row_of_pixels():
    square = output_geobox(FIELD, 20)
    corners = Geometry(square.extent.geom, square.crs).to_crs("EPSG:4326").geom
    rounded = type(corners)([(round(x, 7), round(y, 7)) for x, y in corners.exterior.coords])
    assert output_geobox(rounded, 20).shape == square.shape


def test_tiles_cover_the_grid_once():
    geobox = output_geobox(FIELD, 20)
    times = np.zeros(geobox.shape, int)
    for tile in split(geobox, 32, 16):
        times[tile.rows, tile.columns] += 1
        assert tile.core.shape == times[tile.rows, tile.columns].shape
        assert tile.padded[tile.inner] == tile.core
    assert (times == 1).all()


def test_a_tile_must_fit_the_networks_pooling():
    with pytest.raises(ValueError, match="30"):
        split(output_geobox(FIELD, 20), 30, 16)
