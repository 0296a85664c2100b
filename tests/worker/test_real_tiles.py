"""Tiles of real scenes make the whole, and their borders cannot be seen.

The ground is one patch, mirrored 6 x 6 times: each of its pixels lies in 36 places, and what a job makes of it must not
depend on how near a border of tiles such a place is.
"""

import json
from uuid import UUID

import numpy as np
import pytest
import rasterio

from jobs.catalog import CatalogProfile, open_catalog
from jobs.file_storage import FileStorage
from jobs.job import JobRequest, Limits
from jobs.planning import make_plan
from models.progress import silent
from models.reconstruction import HALO_PX
from worker import steps
from worker.inputs.read import SceneReader
from worker.runtime import Parts

pytestmark = pytest.mark.real

PATCHES, PATCH_PX = 6, 32
TILE_PX = 112
"""Its borders lie in the middle of a patch: where two mirrored patches meet, nothing can differ."""
SCENES = ["--start", "2018-05-25", "--end", "2018-08-03"]
ORDER = {"start": "2018-06-24", "end": "2018-07-04", "step_days": 5, "context_days": 30, "adapt": False}
BORDER_PX = 2
"""Pixels on both sides of a border that are looked at."""


@pytest.fixture(scope="module")
def catalogue(mosaic):
    return mosaic(PATCHES, *SCENES)


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    return Parts(FileStorage(folder / "storage"), {}, None, SceneReader(tries=1), "cpu", folder, TILE_PX)


@pytest.fixture(scope="module")
def lai(catalogue, parts):
    """Return LAI (D, H, W) of the order, cut into tiles of a size with a halo; all with the state of the first."""
    profile = CatalogProfile(name="mosaic", href=str(catalogue))
    aoi = json.loads(next(catalogue.glob("*/*/*.json")).read_text())["geometry"]
    request = JobRequest.parse({"aoi": aoi, **ORDER}, Limits())
    first = make_plan(UUID(int=1), request, open_catalog(profile), tile_px=TILE_PX, halo=HALO_PX)
    facts = steps.prepare_step(first, parts, "prepare/", silent)

    def made(tile_px: int = TILE_PX, halo: int = HALO_PX) -> np.ndarray:
        plan = first.model_copy(update={"tile_px": tile_px, "halo": halo})
        name = f"{tile_px}-{halo}"
        pieces = [steps.tile_step(plan, t.id, facts, parts, f"{name}/{t.id}/", silent) for t in plan.tiles]
        steps.finish_step(plan, facts, pieces, parts, f"{name}/results/", silent)
        paths = sorted((parts.storage.root / name / "results").glob("lai-*.tif"))
        return np.stack([rasterio.open(path).read(1) for path in paths]) * np.float32(0.001)

    return made


@pytest.fixture(scope="module")
def tiled(lai):
    return lai()


def test_a_job_of_several_tiles_is_that_of_one(lai, tiled):
    whole = lai(tile_px=PATCHES * PATCH_PX)
    assert whole.shape == (3, 192, 192)
    assert np.isfinite(whole).all()
    assert whole.std() > 0.5
    np.testing.assert_allclose(tiled, whole, atol=1.1e-3)  # files hold thousandths


def test_borders_of_tiles_cannot_be_seen(tiled):
    at_borders, elsewhere = unlikeness(tiled)
    print(f"rms of {at_borders:.4f} at borders, {elsewhere:.4f} elsewhere, m2/m2")
    assert at_borders < 2 * elsewhere
    assert elsewhere < 0.01


def test_without_a_halo_they_are_seen(lai):
    """The law above can fail."""
    at_borders, elsewhere = unlikeness(lai(halo=0))
    assert at_borders > 5 * elsewhere


def unlikeness(maps: np.ndarray) -> tuple[float, float]:
    """Return how far the places of one pixel of the patch differ from one another, at borders of tiles and elsewhere.

    The outer patches do not count: around them there is nothing to be seen.

    Args:
        maps: (D, H, W) of the mosaic.
    """
    places = maps.reshape(-1, PATCHES, PATCH_PX, PATCHES, PATCH_PX)
    alike = unmirrored(places)
    differs = unmirrored(alike - np.median(alike, axis=(1, 3), keepdims=True)).reshape(maps.shape)
    near = np.abs(np.arange(PATCHES * PATCH_PX) + 0.5 - TILE_PX) < BORDER_PX
    at_borders = near[:, None] | near[None]
    inside = np.zeros_like(at_borders)
    inside[PATCH_PX:-PATCH_PX, PATCH_PX:-PATCH_PX] = True
    squared = (differs**2).mean(axis=0)
    return float(np.sqrt(squared[at_borders & inside].mean())), float(np.sqrt(squared[~at_borders & inside].mean()))


def unmirrored(places: np.ndarray) -> np.ndarray:
    """Return every other patch of (D, rows, H, columns, W) turned round; said twice, it changes nothing."""
    turned = places.copy()
    turned[:, 1::2] = turned[:, 1::2, ::-1]
    turned[:, :, :, 1::2] = turned[:, :, :, 1::2, ::-1]
    return turned
