"""What items leave open is settled once, with a reason; what cannot be settled is left out, with a reason."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest
import rasterio

from clearleaf.catalog_check import check_catalog
from jobs.catalog import open_catalog
from jobs.errors import AccessDenied, InvalidJob, NoScenes, Unavailable
from jobs.job import JobRequest, Limits
from jobs.planning import make_plan
from jobs.profiles import BUILT_IN, CatalogProfile
from worker import steps
from worker.inputs import read as reading
from worker.inputs import settle as settling
from worker.inputs.access import Access
from worker.inputs.offsets import CHECKS
from worker.inputs.read import SceneReader
from worker.inputs.settle import settle

READER = SceneReader(threads=2, tries=1)


@pytest.fixture
def copied(catalogue, tmp_path):
    return shutil.copytree(catalogue, tmp_path / "copied")


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch):
    monkeypatch.setattr(reading, "RETRY_PAUSE_S", 0.0)


def optical_items(folder):
    return sorted((folder / "sentinel-2-l2a").glob("*/*.json"))


def changed(path, change):
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def contradict(document):
    document["properties"]["earthsearch:boa_offset_applied"] = True


def subtract(path):
    """Take the offset out of a scene's numbers, as Earth Search does."""
    for file in path.parent.glob("B*.tif"):
        with rasterio.open(file, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as raster:
            numbers = raster.read(1).astype(int)
            raster.write(np.where(numbers == 0, 0, np.maximum(numbers - 1000, 1)).astype(np.uint16), 1)


def declare_nothing(document):
    for asset in document["assets"].values():
        for band in asset.get("raster:bands", []):
            band.pop("offset", None)
    document["properties"]["earthsearch:boa_offset_applied"] = None
    document["properties"]["s2:processing_baseline"] = "05.10"
    for name, asset in document["assets"].items():
        if name == "B03":
            asset["raster:bands"][0]["offset"] = 0


def sees_plants(path) -> bool:
    with rasterio.open(path.parent / "SCL.tif") as raster:
        return bool((raster.read(1) == 4).sum() > 500)


def test_items_that_contradict_themselves_read_as_they_are(copied, make_it, plan):
    """Of one baseline the scenes have the offset in their numbers, of the other they do not, and all claim both."""
    paths = optical_items(copied)
    for i, path in enumerate(paths):
        changed(path, contradict)
        if i % 2:
            subtract(path)
            changed(path, declare_nothing)
    asked = make_it(folder=copied)
    assert all(scene.offset_open for scene in asked.s2_scenes)
    settled = settle(asked, READER)
    assert not any(scene.offset_open for scene in settled.s2_scenes)
    subtracted = {path.stem for path in paths[1::2]}
    decided = {scene.id: scene.assets["B04"].offset for scene in settled.s2_scenes}
    assert decided == {name: 0.0 if name in subtracted else -0.1 for name in decided}
    assert set(decided.values()) == {0.0, -0.1}
    assert {scene.assets["SCL"].offset for scene in settled.s2_scenes} == {0.0}
    left_out = {scene.id for scene in settled.dropped}
    assert left_out | set(decided) == {scene.id for scene in plan.s2_scenes}
    assert len(decided) > 5
    mine = READER.read_s2(settled.s2_scenes, plan.geobox).series
    theirs = READER.read_s2([s for s in plan.s2_scenes if s.id in decided], plan.geobox).series
    bright = theirs.reflectance > 0.0003  # darker numbers cannot lose 1000 and stay positive
    np.testing.assert_allclose(mine.reflectance[bright], theirs.reflectance[bright], atol=1e-6)
    assert any("offset -0.1 on" in note and "DN" in note for note in settled.notes())


def test_a_harmonised_copy_that_does_not_say_so_is_found_out(copied, make_it, plan):
    """The 1000 is gone, the item says baseline 05.10 and nothing else: 0.1 would be subtracted twice."""
    for path in optical_items(copied):
        changed(path, say_baseline_alone)
        subtract(path)
    asked = make_it(folder=copied)
    assert {(scene.offset_open, scene.assets["B04"].offset) for scene in asked.s2_scenes} == {(False, -0.1)}
    settled = settle(asked, READER)
    assert {scene.assets["B04"].offset for scene in settled.s2_scenes} == {0.0}
    assert len(settled.s2_scenes) == len(plan.s2_scenes)
    (note,) = [note for note in settled.notes() if note.startswith("offset 0 on")]
    assert "processing baseline 05.10, which its pixels contradict" in note
    for path in optical_items(copied)[::4]:
        changed(path, lambda document: document["properties"].update({"s2:processing_baseline": "05.09"}))
    assert {scene.assets["B04"].offset for scene in settle(make_it(folder=copied), READER).s2_scenes} == {0.0}


def test_the_check_of_a_catalogue_finds_out_as_well(copied):
    profile = CatalogProfile(name="own", href=str(copied))
    access = Access.of([profile], None, None)

    def of_offset():
        (found,) = (finding for finding in check_catalog(profile, access) if finding.what == "Sentinel-2: offset")
        return found

    assert of_offset().holds
    for path in optical_items(copied):
        changed(path, say_baseline_alone)
        subtract(path)
    assert not of_offset().holds
    assert "say offset_applied in its source" in of_offset().told


def say_baseline_alone(document):
    declare_nothing(document)
    document["assets"]["B03"]["raster:bands"][0].pop("offset", None)


def test_what_items_say_is_looked_at_in_a_few_scenes_and_left_as_it_is(plan, monkeypatch):
    looked = []
    real = settling.look_at
    monkeypatch.setattr(settling, "look_at", lambda scene, *rest: looked.append(scene) or real(scene, *rest))
    assert settle(plan, READER) == plan
    assert 0 < len(looked) <= 2 * CHECKS < len(plan.s2_scenes)


def test_hazy_scenes_of_a_group_get_the_offset_that_a_clear_one_shows(copied, make_it):
    """All have lost the offset; two look as if they had not, because haze adds a tenth."""
    paths = [path for path in optical_items(copied) if sees_plants(path)]
    for path in optical_items(copied):
        changed(path, contradict)
        subtract(path)
    for path in paths[:2]:
        for file in path.parent.glob("B*.tif"):
            with rasterio.open(file, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as raster:
                raster.write(np.maximum(raster.read(1), 980).astype(np.uint16), 1)
    settled = settle(make_it(folder=copied, start="2023-03-01", end="2023-09-30", context_days=0), READER)
    assert {scene.assets["B04"].offset for scene in settled.s2_scenes} == {0.0}
    assert {path.stem for path in paths} <= {scene.id for scene in settled.s2_scenes}


def test_scenes_that_share_an_id_are_settled_each_by_itself(copied, make_it):
    """One carries the offset and tells no angles, the other has lost it and tells them."""
    carries, lost = [path for path in optical_items(copied) if sees_plants(path)][:2]
    for path in (carries, lost):
        changed(path, lambda document: document.update(id="twin"))
    changed(lost, contradict)
    subtract(lost)
    changed(carries, silent)
    (carries.parent / "MTD_TL.xml").write_bytes(GRANULE)
    asked = make_it(folder=copied, start="2023-03-01", end="2023-09-30", context_days=0)
    assert [scene.offset_open for scene in asked.s2_scenes if scene.id == "twin"].count(True) == 1
    twins = {scene.href: scene for scene in settle(asked, READER).s2_scenes if scene.id == "twin"}
    assert twins[str(carries)].assets["B04"].offset == -0.1
    assert twins[str(lost)].assets["B04"].offset == 0
    assert twins[str(carries)].view_zenith == 8
    assert twins[str(lost)].view_zenith != 8


def test_a_scene_whose_pixels_do_not_tell_is_left_out_with_the_reason(copied, make_it, plan):
    path = next(p for p in optical_items(copied) if p.stem == plan.s2_scenes[0].id)
    changed(path, contradict)
    with rasterio.open(path.parent / "SCL.tif", "r+", IGNORE_COG_LAYOUT_BREAK="YES") as raster:
        raster.write(np.full(raster.shape, 9, np.uint8), 1)
    settled = settle(make_it(folder=copied), READER)
    assert path.stem not in {scene.id for scene in settled.scenes}
    (left_out,) = settled.dropped
    assert (left_out.id, left_out.day) == (path.stem, plan.s2_scenes[0].day)
    assert "its pixels do not tell" in left_out.reason
    assert "boa_offset_applied is true" in left_out.reason
    assert "no scene shows enough clear vegetation and water" in left_out.reason
    assert any(path.stem in note for note in settled.notes())


def desert(path):
    """Make a scene of bright, bare ground: nothing that is dark whatever was added to the numbers."""
    with rasterio.open(path.parent / "SCL.tif", "r+", IGNORE_COG_LAYOUT_BREAK="YES") as raster:
        raster.write(np.full(raster.shape, 5, np.uint8), 1)
    for file in path.parent.glob("B*.tif"):
        with rasterio.open(file, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as raster:
            raster.write(np.full(raster.shape, 4000, np.uint16), 1)


def forget_baseline(document):
    for name in ("s2:processing_baseline", "s2:product_uri"):
        document["properties"].pop(name, None)
    for asset in document["assets"].values():
        for band in asset.get("raster:bands", []):
            band.pop("offset", None)


def test_a_desert_that_shows_nothing_dark_has_the_offset_that_its_product_must_have(copied, make_it, plan):
    """One of an old baseline, one that says nothing and is young, one that contradicts itself."""
    old, silent_one, contrary = (
        next(path for path in optical_items(copied) if path.stem == scene.id) for scene in plan.s2_scenes[:3]
    )
    for path in (old, silent_one, contrary):
        desert(path)
    changed(
        old, lambda document: document["properties"].update({"s2:processing_baseline": "02.12"}) or declare(document)
    )
    changed(silent_one, forget_baseline)
    changed(contrary, contradict)
    settled = settle(make_it(folder=copied), READER)
    decided = {scene.id: scene for scene in settled.s2_scenes}
    assert decided[old.stem].assets["B04"].offset == 0
    assert "its product is older than the offset" in decided[old.stem].offset_reason
    assert decided[silent_one.stem].assets["B04"].offset == -0.1
    assert "its product is younger than the offset" in decided[silent_one.stem].offset_reason
    assert [scene.id for scene in settled.dropped] == [contrary.stem]
    assert any(contrary.stem in note and "its pixels do not tell" in note for note in settled.notes())


def test_the_decision_stands_in_the_stored_plan_for_every_tile(copied, parts, order):
    for path in optical_items(copied):
        changed(path, contradict)
    here = replace(parts, catalogs={"simulated": CatalogProfile(name="simulated", href=str(copied))})
    key, _ = steps.plan_step(UUID(int=3), JobRequest.parse(order, Limits()), here, "plan/")
    stored = steps.load_plan(key, here)
    assert stored.s2_scenes
    assert not any(scene.offset_open for scene in stored.scenes)
    assert all("the offset is still in the numbers" in scene.offset_reason for scene in stored.s2_scenes)


def test_a_missing_key_is_told_before_the_network_is_asked(parts, order):
    here = replace(parts, catalogs={"pc": BUILT_IN["planetary-computer"]}, default_catalog="pc")
    with pytest.raises(AccessDenied, match="PC_SDK_SUBSCRIPTION_KEY"):
        steps.plan_step(UUID(int=3), JobRequest.parse(order, Limits()), here, "plan/")


def test_an_unknown_catalogue_is_told_with_the_known_ones(parts, order):
    with pytest.raises(InvalidJob, match="'nowhere' is not configured; configured are: simulated"):
        steps.plan_step(UUID(int=3), JobRequest.parse(order | {"catalog": "nowhere"}, Limits()), parts, "plan/")


def test_an_archive_of_which_nothing_can_be_read_is_weather_one_damaged_file_is_not(copied, make_it, plan):
    paths = optical_items(copied)
    for path in paths:
        changed(path, contradict)
    asked = make_it(folder=copied)
    scenes = asked.s2_scenes
    victim = copied / "sentinel-2-l2a" / scenes[0].id / "B12.tif"
    victim.write_bytes(victim.read_bytes()[:100])
    settled = settle(asked, READER)
    assert settled.dropped == ()  # the others of its kind tell; that it is damaged is said where it is read
    (skipped,) = READER.read_s2(settled.s2_scenes, plan.geobox).skipped
    assert (skipped.id, skipped.reason) == (scenes[0].id, "could not be read: a file is damaged")
    for path in paths:
        (path.parent / "SCL.tif").unlink()
    with pytest.raises(Unavailable, match="a file is missing"):
        settle(asked, READER)


def test_an_order_of_which_no_scene_is_left_says_why(copied, make_it):
    for path in optical_items(copied):
        changed(path, contradict)
    asked = make_it(folder=copied)
    one = asked.model_copy(update={"scenes": tuple(asked.s2_scenes[:1])})
    (copied / "sentinel-2-l2a" / one.scenes[0].id / "SCL.tif").unlink()
    with pytest.raises(NoScenes, match=r"none of 1 scenes can be used.*a file is missing"):
        settle(one, READER)


GRANULE = b"""<Tile><Mean_Sun_Angle><ZENITH_ANGLE>33</ZENITH_ANGLE><AZIMUTH_ANGLE>150</AZIMUTH_ANGLE></Mean_Sun_Angle>
<Mean_Viewing_Incidence_Angle><ZENITH_ANGLE>8</ZENITH_ANGLE><AZIMUTH_ANGLE>100</AZIMUTH_ANGLE>
</Mean_Viewing_Incidence_Angle></Tile>"""


def silent(document):
    """Take the view angles out of an item, and name its XML, as the Planetary Computer does."""
    for name in ("view:off_nadir", "view:azimuth"):
        document["properties"].pop(name)
    document["assets"]["granule-metadata"] = {"href": "./MTD_TL.xml", "type": "application/xml"}


def test_angles_that_items_do_not_tell_come_from_the_granules_xml(copied, make_it):
    for path in optical_items(copied):
        changed(path, silent)
        (path.parent / "MTD_TL.xml").write_bytes(GRANULE)
    asked = make_it(folder=copied)
    assert {(s.view_zenith, s.view_azimuth) for s in asked.s2_scenes} == {(None, None)}
    settled = settle(asked, READER)
    assert {s.view_zenith for s in settled.s2_scenes} == {8.0}
    assert settled.s2_scenes[0].view_azimuth == pytest.approx(100)
    assert settled.s2_scenes[0].sun_zenith == asked.s2_scenes[0].sun_zenith  # what the item tells stays


def test_where_the_xml_cannot_be_had_the_documented_means_hold(copied, make_it, monkeypatch):
    for path in optical_items(copied):
        changed(path, silent)
    asked = make_it(folder=copied)
    asked_for = []
    real = settling.Access.document
    monkeypatch.setattr(
        settling.Access, "document", lambda self, scene, href: asked_for.append(href) or real(self, scene, href)
    )
    settled = settle(asked, SceneReader(threads=1, tries=1))
    assert [s.view_zenith for s in settled.s2_scenes] == [None] * len(asked.s2_scenes)
    assert len(asked_for) == settling.MOST_FAILURES < len(asked.s2_scenes)


def test_a_plan_that_leaves_nothing_open_stays_as_it_is(plan):
    assert settle(plan, READER) == plan


@pytest.mark.real
def test_real_scenes_read_the_same_with_and_without_the_thousand(real_data, tmp_path):
    """The same ground as baselines before 04.00 have it and with DN + 1000: declared, or claimed to be applied."""
    span = ["--start", "2018-04-01", "--end", "2018-06-30"]
    script = [sys.executable, str(real_data / "make_catalogue.py"), str(real_data / "training" / "patch-a")]
    for folder, extra in (("old", []), ("new", ["--baseline", "04.00"])):
        subprocess.run([*script, str(tmp_path / folder), *span, *extra], check=True, capture_output=True)
    aoi = json.loads((real_data / "aoi-a.geojson").read_text())
    order = {"aoi": aoi, "start": "2018-04-01", "end": "2018-06-30", "context_days": 0}

    def read(folder):
        profile = CatalogProfile(name="real", href=str(tmp_path / folder))
        found = make_plan(UUID(int=1), JobRequest.parse(order, Limits()), open_catalog(profile), tile_px=256, halo=32)
        settled = settle(found, READER)
        return settled, READER.read_s2(settled.s2_scenes, settled.geobox).series.reflectance

    before, old = read("old")
    after, new = read("new")
    assert {scene.assets["B04"].offset for scene in before.s2_scenes} == {0.0}
    assert {scene.assets["B04"].offset for scene in after.s2_scenes} == {-0.1}
    np.testing.assert_allclose(old, new, atol=1e-6)

    for path in (tmp_path / "new" / "sentinel-2-l2a").glob("*/*.json"):
        changed(path, contradict)
    doubtful, newer = read("new")
    assert {scene.assets["B04"].offset for scene in doubtful.s2_scenes} == {-0.1}
    assert len(doubtful.s2_scenes) >= 10
    assert len(doubtful.s2_scenes) == len(after.s2_scenes)
    np.testing.assert_allclose(newer, new, atol=1e-6)

    for path in (tmp_path / "old" / "sentinel-2-l2a").glob("*/*.json"):
        changed(path, lambda d: d["properties"].update({"s2:processing_baseline": "05.10"}) or contradict(d))
        changed(path, declare)
    harmonised, _ = read("old")
    assert {scene.assets["B04"].offset for scene in harmonised.s2_scenes} == {0.0}
    assert {scene.id for scene in harmonised.s2_scenes} == {scene.id for scene in doubtful.s2_scenes}


def declare(document):
    for name, asset in document["assets"].items():
        if name.startswith("B"):
            asset["raster:bands"][0]["offset"] = -0.1
