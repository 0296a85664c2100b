"""Leaves and canopies obey energy and order, and the LAI network reads them as it should."""

import numpy as np
import pytest

from models.bands import S2_BANDS
from models.biophysical import lai
from models.simulation.atmosphere import seen_through
from models.simulation.canopy import (
    Directions,
    LeafKind,
    canopy_reflectance,
    canopy_tables,
    ground_reflectance,
)
from models.simulation.clouds import Sky
from models.simulation.covers import COVERS, INDEX
from models.simulation.leaf import BANDS, leaf_spectra

RED, NIR = BANDS.index("B04"), BANDS.index("B8A")


def directions(sun, view=7.0, azimuth=60.0):
    return Directions(*(np.array([value], np.float32) for value in (sun, view, azimuth)))


def soil(n, moisture=0.2, litter=0.0):
    return ground_reflectance(np.zeros(n, int), np.ones(n, np.float32), moisture, np.full(n, litter, np.float32))


def canopy(cover, depth, sun=40.0, ground=None):
    table = canopy_tables(directions(sun), (LeafKind(COVERS[INDEX[cover]]),))[0]
    ground = soil(len(depth)) if ground is None else ground
    return canopy_reflectance(table, np.zeros(len(depth), int), np.asarray(depth, np.float32), ground)


@pytest.mark.parametrize("cover", [c for c in COVERS if c.ground == "soil"], ids=lambda c: c.name)
def test_leaves_absorb_red_pass_infrared_and_create_no_light(cover):
    reflected, passed = leaf_spectra(cover, 1.0, 1.0)
    assert (reflected + passed < 1).all()
    assert (np.minimum(reflected, passed) > 0).all()
    assert reflected[RED] < 0.12
    assert reflected[NIR] > 0.4
    paler, _ = leaf_spectra(cover, 0.5, 1.0)
    assert paler[RED] > reflected[RED]
    assert paler[NIR] == pytest.approx(reflected[NIR])


def test_without_leaves_the_ground_is_seen():
    ground = soil(1)
    np.testing.assert_allclose(canopy("maize", [0.0], ground=ground), ground, rtol=1e-4)


def test_growth_darkens_red_and_brightens_infrared_until_it_saturates():
    seen = canopy("winter wheat", np.linspace(0, 8, 17))
    assert (np.diff(seen[:, RED]) < 1e-4).all()
    assert (np.diff(seen[:, NIR]) > -1e-3).all()
    assert np.diff(seen[:, NIR])[-1] < 0.25 * np.diff(seen[:, NIR])[1]


def test_under_a_deep_canopy_the_ground_does_not_matter():
    deep = [8.0]
    np.testing.assert_allclose(
        canopy("sugar beet", deep, ground=soil(1, 0.07))[:, RED],
        canopy("sugar beet", deep, ground=soil(1, 0.4))[:, RED],
        rtol=0.02,
    )


def test_wet_soil_is_darker_and_straw_brighter():
    assert (soil(1, 0.40) < soil(1, 0.10)).all()
    assert (soil(1, litter=0.8)[0, :8] > soil(1)[0, :8]).all()


@pytest.mark.parametrize("sun", [30.0, 50.0, 70.0])
@pytest.mark.parametrize("cover", ["winter wheat", "maize", "grassland", "deciduous forest"])
def test_the_lai_network_follows_the_true_lai(cover, sun):
    depth = np.linspace(0.1, 6.0, 30)
    seen = canopy(cover, depth, sun)[:, [BANDS.index(band) for band in S2_BANDS]]
    cosines = np.cos(np.radians([7.0, sun, 60.0])).astype(np.float32)
    found = lai(seen, cosines, "S2A")
    assert np.corrcoef(found, depth)[0, 1] > 0.97
    assert np.sqrt(np.mean((found - depth) ** 2)) < 1.0
    assert (np.diff(found) > -0.01).all()


def clear_sky(shape):
    return Sky(np.full(shape, -3.0, np.float32), np.zeros(shape, np.float32), np.zeros(shape, np.float32))


def test_two_clear_days_differ_as_real_ones_do():
    depth = np.linspace(0, 5, 1024)
    seen = canopy("grassland", depth).T.reshape(1, 10, 32, 32)
    scenes = seen_through(
        np.random.default_rng(1), np.repeat(seen, 40, axis=0), clear_sky((40, 32, 32)), np.zeros(40, np.float32)
    )
    bands = np.moveaxis(scenes[:, [BANDS.index(band) for band in S2_BANDS]], 1, -1)
    found = lai(bands, np.cos(np.radians([7.0, 40.0, 60.0])).astype(np.float32), "S2A")
    spread = found.std(axis=0).reshape(-1)
    assert 0.1 < np.median(spread) < 1.0
    assert spread[depth > 3].mean() > 2 * spread[depth < 0.5].mean()
    assert found.mean(axis=(1, 2)).std() > 0.03  # part of it is shared by the whole scene


def test_thick_cloud_hides_the_ground_and_shadow_darkens_it():
    shape = (2, 8, 8)
    ground = np.full((2, 10, 8, 8), 0.1, np.float32)
    air = clear_sky(shape)
    air.depth[0], air.shade[1] = 3.0, 1.0
    seen = seen_through(np.random.default_rng(0), ground.copy(), air, np.zeros(2, np.float32))
    assert seen[0, :3].mean() > 0.4
    assert seen[1].mean() < 0.07
