"""Rasters are cloud-optimised, say what they hold, and are checked once written."""

import numpy as np
import pytest
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox
from rio_cogeo import cog_validate

from worker.outputs import cog
from worker.outputs.assets import DAYS_TO_CLEAR, LAI, QUALITY, QUALITY_ASSET
from worker.outputs.cog import BadRaster, write_cog

GRID = GeoBox((700, 1100), Affine(20, 0, 500_000, 0, -20, 5_600_000), "EPSG:32631")


@pytest.fixture
def classes():
    return np.random.default_rng(0).integers(0, 6, GRID.shape).astype(np.uint8)


def test_a_large_raster_is_strictly_valid_and_has_overviews(tmp_path):
    values = LAI.encode(np.random.default_rng(0).uniform(0, 7, GRID.shape))
    write_cog(tmp_path / "lai.tif", values, GRID, LAI)
    assert cog_validate(tmp_path / "lai.tif", strict=True, quiet=True)[:2] == (True, [])
    with rasterio.open(tmp_path / "lai.tif") as file:
        assert file.overviews(1)
        assert file.block_shapes == [(512, 512)]
        assert (file.compression.name, file.scales, file.nodata, file.units) == (
            "deflate",
            (0.001,),
            -32768,
            ("m2 m-2",),
        )
        assert tuple(file.transform)[:6] == tuple(GRID.transform)[:6]
        assert np.array_equal(file.read(1), values)


def test_overviews_of_classes_hold_classes_and_colours(tmp_path, classes):
    halves = np.where(classes > 2, 5, 1).astype(np.uint8)
    write_cog(tmp_path / "quality.tif", halves, GRID, QUALITY_ASSET)
    with rasterio.open(tmp_path / "quality.tif") as file:
        colours = file.colormap(1)
        assert [colours[q.value][:3] for q in QUALITY] == [q.colour for q in QUALITY]
    with rasterio.open(tmp_path / "quality.tif", OVERVIEW_LEVEL=0) as file:
        assert set(np.unique(file.read(1))) == {1, 5}


def test_the_same_values_are_the_same_bytes(tmp_path, classes):
    for name in ("one", "two"):
        write_cog(tmp_path / name, DAYS_TO_CLEAR.encode(classes.astype(float)), GRID, DAYS_TO_CLEAR)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_raster_that_does_not_read_back_is_refused(tmp_path, classes, monkeypatch):
    monkeypatch.setattr(cog.np, "array_equal", lambda *arrays: False)
    with pytest.raises(BadRaster, match=r"quality\.tif"):
        write_cog(tmp_path / "quality.tif", classes, GRID, QUALITY_ASSET)
