"""A second opinion on clouds: united with the scene classification, and the same whatever square is asked for."""

import csv
import json
import os
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from jobs.errors import Unavailable
from jobs.job import JobRequest, Limits
from jobs.load_settings import BadSettings, load_settings
from models.clear import clear_mask, usable_mask
from models.progress import silent
from worker import steps
from worker.inputs import read
from worker.inputs.clouds import BLOCK_PX, MARGIN_PX, MODEL_VERSION, Clouds, omnicloudmask, united
from worker.inputs.read import SceneReader
from worker.reconstruct import read_stack
from worker.settings import WorkerSettings


def darker_than_usual(bands):
    """A stand-in that depends on everything it sees, as a network does."""
    return bands[2] < np.nanmean(bands[2])


@pytest.fixture
def with_mask():
    return SceneReader(tries=1, clouds=Clouds(darker_than_usual, "stand-in"))


def test_what_either_calls_cloud_is_not_clear():
    scl = np.array([[4, 5, 9, 3, 6, 11, 0]], np.float32)
    cloudy = np.array([[True, False, False, True, True, True, True]])
    found = united(scl, cloudy)
    np.testing.assert_array_equal(clear_mask(found), clear_mask(scl) & ~cloudy)
    np.testing.assert_array_equal(found, [[9, 5, 9, 3, 6, 11, 0]])  # water and snow stay what they are


def test_clouds_of_the_mask_are_grown_like_all_clouds():
    scl = np.full((1, 9, 9), 4, np.float32)
    cloudy = np.zeros((1, 9, 9), bool)
    cloudy[0, 4, 4] = True
    assert usable_mask(united(scl, cloudy)).sum() == 81 - 25


def test_the_mask_takes_clear_pixels_away_and_changes_nothing_else(plan, with_mask):
    plain = read_stack(plan, plan.geobox, SceneReader(tries=1)).s2.series
    masked = read_stack(plan, plan.geobox, with_mask).s2.series
    assert not (masked.clear & ~plain.clear).any()
    assert 0.1 < masked.clear.sum() / plain.clear.sum() < 0.9
    np.testing.assert_array_equal(masked.reflectance, plain.reflectance)
    np.testing.assert_array_equal(masked.water, plain.water)


def test_a_part_has_the_mask_of_the_whole(plan, with_mask):
    part = plan.geobox[5:25, 10:30]
    whole = read_stack(plan, plan.geobox, with_mask).s2.series.clear
    np.testing.assert_array_equal(read_stack(plan, part, with_mask).s2.series.clear, whole[:, 5:25, 10:30])


def test_grids_across_blocks_and_of_finer_pixels_have_the_same_mask(plan):
    seen = []

    def checkers(bands):
        assert bands.shape == (3, BLOCK_PX + 2 * MARGIN_PX, BLOCK_PX + 2 * MARGIN_PX)
        seen.append(bands)
        return np.indices(bands.shape[1:]).sum(axis=0) % 2 == 0

    wide = plan.geobox.pad(BLOCK_PX)
    coarse = Clouds(checkers, "stand-in").on(wide, lambda name, grid: np.ones(grid.shape, np.float32))
    assert len(seen) >= 4
    assert (coarse[1:, 1:] == coarse[:-1, :-1]).all()
    assert (coarse[1:] != coarse[:-1]).all()
    fine = Clouds(checkers, "stand-in").on(wide.zoom_out(0.5), lambda name, grid: np.ones(grid.shape, np.float32))
    np.testing.assert_array_equal(fine, coarse.repeat(2, axis=0).repeat(2, axis=1))


def test_a_scene_whose_surroundings_cannot_be_read_is_named(plan, with_mask, monkeypatch):
    read_band = read.read_band

    def damaged_around(href, geobox, *arguments, **options):
        if geobox.shape[0] > BLOCK_PX:
            raise OSError("TIFF: read failed")
        return read_band(href, geobox, *arguments, **options)

    monkeypatch.setattr(read, "read_band", damaged_around)
    stack = read_stack(plan, plan.geobox, with_mask)
    assert stack.skipped
    assert {scene.reason for scene in stack.skipped} == {"could not be read: a file is damaged"}
    assert stack.s1.skipped == ()


def test_the_manifest_names_the_masks(plan, parts, with_mask):
    masked = plan.model_copy(update={"cloud_mask": "stand-in"})
    for planned, masks in ((plan, ["scl"]), (masked, ["scl", "stand-in"])):
        facts = steps.prepare_step(planned, replace(parts, reader=with_mask), "prepare/", silent)
        piece = steps.tile_step(planned, plan.tiles[0].id, facts, parts, "tile/", silent)
        key = steps.finish_step(planned, facts, [piece], parts, "results/", silent)
        assert json.loads(parts.storage.get_bytes(key))["cloud_masks"] == masks


def test_the_plan_decides_for_all_tiles_whatever_the_setting_of_each_worker_is(order, parts, with_mask):
    masking = replace(parts, reader=with_mask)
    request = JobRequest.parse(order, Limits())
    for planner, mask in ((parts, None), (masking, "stand-in")):
        key, _ = steps.plan_step(UUID(int=3), request, planner, "plan/")
        planned = steps.load_plan(key, parts)
        assert planned.cloud_mask == mask
        seen = read_stack(planned, planned.geobox, with_mask.masked_by(planned.cloud_mask)).s2.series.clear
        alone = read_stack(planned, planned.geobox, planner.reader).s2.series.clear
        np.testing.assert_array_equal(seen, alone)


def test_a_worker_without_the_mask_of_the_plan_says_so_and_leaves_the_step_to_another(make_it, parts, with_mask):
    plan = make_it(tile_px=32).model_copy(update={"cloud_mask": "stand-in"})
    with pytest.raises(Unavailable, match=r"cloud mask stand-in, which this worker does not have: .*CLOUD_MASK_DIR"):
        steps.prepare_step(plan, parts, "prepare/", silent)
    facts = steps.prepare_step(plan, replace(parts, reader=with_mask), "prepare/", silent)
    with pytest.raises(Unavailable, match="cloud mask stand-in"):
        steps.tile_step(plan, plan.tiles[0].id, facts, parts, "tile/", silent)


def test_a_mask_without_its_weights_is_told(tmp_path):
    with pytest.raises(BadSettings, match="cloud_mask_dir is no folder"):
        load_settings(WorkerSettings, cloud_mask="omnicloudmask")
    with pytest.raises(BadSettings, match=r"clearleaf\[cloudmask\]|CLEARLEAF_CLOUD_MASK_DIR"):
        omnicloudmask(tmp_path, "cpu")


installed = pytest.mark.skipif(
    find_spec("omnicloudmask") is None, reason="omnicloudmask is not installed: clearleaf[cloudmask]"
)


@installed
def test_the_networks_of_omnicloudmask_are_loaded_once_for_all_blocks(tmp_path):
    """With weights made up: what they say does not matter here."""
    from omnicloudmask import download_models, model_utils
    from safetensors.torch import save_file
    from segmentation_models_pytorch import Unet

    with download_models.model_index_path.open() as index:
        files = [row for row in csv.DictReader(index) if float(row["version"]) == MODEL_VERSION]
    for row in files:
        network = Unet(encoder_name=row["timm_model_name"], encoder_weights=None, in_channels=3, classes=4)
        save_file(network.state_dict(), tmp_path / row["file_name"])
    model_utils.load_model_from_weights.cache_clear()
    mask = omnicloudmask(tmp_path, "cpu")
    for side in (BLOCK_PX, BLOCK_PX + 2 * MARGIN_PX):
        mask(np.random.default_rng(0).random((3, side, side), np.float32))
    assert model_utils.load_model_from_weights.cache_info().misses == len(files) == 2


@installed
def test_omnicloudmask_sees_a_cloud_that_is_one():
    folder = os.environ.get("CLEARLEAF_CLOUD_MASK_DIR")
    if not folder:
        pytest.skip("no weights of omnicloudmask: set CLEARLEAF_CLOUD_MASK_DIR")
    rng = np.random.default_rng(1)
    ground = np.array([0.05, 0.07, 0.35], np.float32)[:, None, None] * rng.normal(1, 0.1, (3, 384, 384))
    ground[:, 150:250, 150:250] = rng.normal(0.7, 0.03, (3, 100, 100))
    cloudy = omnicloudmask(Path(folder), "cpu")(ground.astype(np.float32))
    assert cloudy[170:230, 170:230].mean() > 0.9
    assert cloudy[:100].mean() < 0.1
