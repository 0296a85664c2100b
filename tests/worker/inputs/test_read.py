"""Scenes into stacks: what cannot be read is named, reprocessing does not change a pixel, stop stops."""

import json
import shutil
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from rasterio.errors import RasterioIOError

from models.training.places import read_patch
from worker.inputs.read import SceneReader
from worker.rasters import SkippedScene
from worker.reconstruct import SceneStack, load_stack, observe, read_stack, save_stack


@pytest.fixture
def copied(catalogue, tmp_path):
    return shutil.copytree(catalogue, tmp_path / "copied")


def test_a_scene_that_cannot_be_read_is_named_and_the_others_are_there(copied, make_it):
    plan = make_it(folder=copied)
    victim = plan.s2_scenes[3]
    path = copied / "sentinel-2-l2a" / victim.id / "B05.tif"
    path.write_bytes(path.read_bytes()[:200])
    stack = read_stack(plan, plan.geobox, SceneReader(tries=1))
    assert [(s.id, s.reason) for s in stack.skipped] == [(victim.id, "could not be read: a file is damaged")]
    assert len(stack.s2.series.days) == len(plan.s2_scenes) - 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError("/srv/key/B02.tif: No such file or directory"), "could not be read: a file is missing"),
        (RasterioIOError("'/vsicurl/https://a.org/x?sig=key' does not exist"), "could not be read: a file is missing"),
        (RasterioIOError("HTTP response code: 403 on https://a.org/x?sig=key"), "the archive answered 403"),
        (RasterioIOError("CURL error: Could not resolve host: key.org"), "the archive cannot be reached"),
        (RasterioIOError("Operation timed out after key ms"), "did not answer in time"),
        (RasterioIOError("/srv/key/B02.tif, band 1: IReadBlock failed; TIFFReadEncodedTile()"), "a file is damaged"),
        (ValueError("/srv/key/B02.vrt is neither GeoTIFF nor JPEG 2000"), "neither GeoTIFF nor JPEG 2000"),
        (OSError("key"), "could not be read"),
    ],
)
def test_the_reason_tells_the_kind_of_error_and_nothing_of_places(plan, monkeypatch, caplog, error, reason):
    from worker.inputs import read as module

    real, victim = module.read_band, plan.s2_scenes[0].id

    def fail(href, *arguments, **options):
        if victim in href:
            raise error
        return real(href, *arguments, **options)

    monkeypatch.setattr(module, "read_band", fail)
    (skipped,) = SceneReader(tries=1).read_s2(plan.s2_scenes[:2], plan.geobox).skipped
    assert skipped.reason.startswith("could not be read")
    assert reason in skipped.reason
    assert "key" not in skipped.reason
    assert "sig=key" not in caplog.text


def test_a_hiccup_is_tried_again(plan, monkeypatch):
    from worker.inputs import read as module

    real, calls = module.read_band, []

    def hiccup(href, *arguments, **options):
        calls.append(href)
        if calls.count(href) == 1:
            raise OSError("a hiccup")
        return real(href, *arguments, **options)

    monkeypatch.setattr(module, "read_band", hiccup)
    monkeypatch.setattr(module, "RETRY_PAUSE_S", 0.0)
    stack = SceneReader(tries=20).read_s2(plan.s2_scenes[:2], plan.geobox)
    assert stack.skipped == ()


def test_reprocessing_from_baseline_four_on_changes_no_pixel(copied, make_it):
    """Baseline 04.00 added 1000 to every number: the same ground read from both must be the same reflectance."""
    after = make_it(folder=copied)
    scene = after.s2_scenes[0]
    (item_path,) = (copied / "sentinel-2-l2a" / scene.id).glob("*.json")
    document = json.loads(item_path.read_text())
    assert document["properties"]["s2:processing_baseline"] >= "04.00"
    document["properties"]["s2:processing_baseline"] = "03.01"
    for name, asset in document["assets"].items():
        for band in asset.get("raster:bands", []):
            band.pop("offset", None)
        if name.startswith("B"):
            with rasterio.open(item_path.parent / asset["href"], "r+", IGNORE_COG_LAYOUT_BREAK="YES") as file:
                numbers = file.read(1).astype(int)
                file.write(np.where(numbers == 0, 0, np.maximum(numbers - 1000, 1)).astype(np.uint16), 1)
    item_path.write_text(json.dumps(document))
    before = make_it(folder=copied)
    old, new = (
        SceneReader(tries=1).read_s2(plan.s2_scenes[:1], plan.geobox).series.reflectance for plan in (before, make_it())
    )
    bright = new > 0.0003  # darker numbers cannot lose 1000 and stay positive
    assert bright.mean() > 0.5
    np.testing.assert_allclose(old[bright], new[bright], atol=1e-6)


def test_stop_reaches_the_reader_between_scenes(plan):
    def stop(done, of):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        SceneReader(threads=2).read_s2(plan.s2_scenes, plan.geobox, stop)


def test_a_part_of_a_stack_is_what_reading_that_part_gives(plan):
    whole = read_stack(plan, plan.geobox, SceneReader(tries=1))
    part = plan.geobox[8:24, 4:36]
    cropped, read = whole.crop(part), read_stack(plan, part, SceneReader(tries=1))
    np.testing.assert_array_equal(cropped.s2.series.reflectance, read.s2.series.reflectance)
    assert cropped.s1.series.days.tolist() == read.s1.series.days.tolist()


def test_a_stack_survives_storage(plan, tmp_path):
    read = read_stack(plan, plan.geobox, SceneReader(tries=1))
    lost = (SkippedScene("one", "missing"), SkippedScene("other", "damaged"))
    stack = SceneStack(replace(read.s1, skipped=lost[:1]), replace(read.s2, skipped=lost[1:]))
    save_stack(stack, tmp_path / "stack.npz")
    again = load_stack(tmp_path / "stack.npz", plan.geobox)
    for kept, written in ((again.s1, stack.s1), (again.s2, stack.s2)):
        assert kept.skipped == written.skipped
        assert kept.geobox == plan.geobox
        for name, value in vars(written.series).items():
            np.testing.assert_array_equal(getattr(kept.series, name), value, err_msg=name)
    assert len(again.s1.series.days) != len(again.s2.series.days)  # so that one cannot stand for the other


def test_a_stack_is_stored_without_a_second_copy_of_it(plan, tmp_path):
    stack = read_stack(plan, plan.geobox, SceneReader(tries=1))
    optical = replace(stack.s2.series, reflectance=np.zeros((40, 8, 128, 128), np.float32))
    stack, size = SceneStack(stack.s1, replace(stack.s2, series=optical)), optical.reflectance.nbytes
    for held, work in (
        (0.0, lambda: save_stack(stack, tmp_path / "stack.npz")),
        (1.0, lambda: load_stack(tmp_path / "stack.npz", plan.geobox)),
    ):
        tracemalloc.start()
        try:
            work()
            assert tracemalloc.get_traced_memory()[1] < (held + 0.9) * size
        finally:
            tracemalloc.stop()


@pytest.mark.real
def test_the_real_catalogue_reads_as_the_training_data_does(real_data):
    """Same scenes through STAC, COG and grid as through the arrays they were made of: the same observed LAI."""
    from uuid import UUID

    from jobs.catalog import CatalogProfile, open_catalog
    from jobs.job import JobRequest, Limits
    from jobs.planning import make_plan

    aoi = json.loads((real_data / "aoi-a.geojson").read_text())
    request = JobRequest.parse({"aoi": aoi, "start": "2018-05-01", "end": "2018-06-30", "context_days": 0}, Limits())
    profile = CatalogProfile(name="real", href=str(real_data / "catalogue-a" / "catalog.json"))
    plan = make_plan(UUID(int=1), request, open_catalog(profile), tile_px=256, halo=32)
    site = observe(read_stack(plan, plan.geobox, SceneReader(tries=1)))
    patch = read_patch("a", real_data)
    for day in np.unique(site.observed.days):
        mine, theirs = site.observed.lai[site.observed.days == day], patch.observed.lai[patch.observed.days == day]
        np.testing.assert_allclose(mine, theirs, atol=2e-3)
