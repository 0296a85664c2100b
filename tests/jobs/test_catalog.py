"""Search in a static catalogue: area, days, repeated acquisitions, and what cannot be read."""

import json
import shutil
from datetime import date

import pystac
import pytest
from shapely import box
from shapely.geometry import shape

from clearleaf.simulated import write_catalogue
from jobs import catalog_static
from jobs.catalog import CatalogProfile, open_catalog
from jobs.errors import InvalidJob, Unavailable
from jobs.extent import Extent
from jobs.order_times import TimeRange
from jobs.sources import Source
from models.simulation.site import SiteSpec

DAYS = TimeRange(start=date(2023, 5, 1), end=date(2023, 5, 20))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    spec = SiteSpec(size_px=16, start=date(2023, 4, 25), end=date(2023, 5, 31), region="belgium", seed=1)
    return write_catalogue(spec, tmp_path_factory.mktemp("catalogue"))


@pytest.fixture
def catalogue(written, tmp_path):
    return shutil.copytree(written.parent, tmp_path / "catalogue")


def searched(folder, days=DAYS, area=None):
    area = area or shape(json.loads((folder / "aoi.geojson").read_text())["geometry"])
    return open_catalog(CatalogProfile(name="here", href=str(folder))).search(area, days)


def items(folder, sensor):
    return sorted(folder.glob(f"{sensor}*/*/*.json"))


def test_scenes_come_in_order_of_time_from_the_days_asked_for(catalogue):
    scenes = searched(catalogue).scenes
    assert {scene.sensor for scene in scenes} == {"s1", "s2"}
    assert [s.datetime for s in scenes] == sorted(s.datetime for s in scenes)
    assert all(DAYS.start <= scene.day <= DAYS.end for scene in scenes)
    assert all(scene.simulated for scene in scenes)
    assert all(scene.href.endswith(f"{scene.id}.json") for scene in scenes)


def test_a_place_that_no_scene_covers_has_none(catalogue):
    assert searched(catalogue, area=box(10, 10, 10.1, 10.1)).scenes == ()


def test_of_a_reprocessed_acquisition_the_newest_baseline_is_kept_and_the_other_named(catalogue):
    before = searched(catalogue)
    path = next(p for p in items(catalogue, "sentinel-2") if p.stem in {scene.id for scene in before.scenes})
    document = json.loads(path.read_text())
    document["id"] = document["id"] + "-old"
    document["properties"]["s2:processing_baseline"] = "02.14"
    (path.parent / "old.json").write_text(json.dumps(document))
    collection = json.loads((catalogue / "sentinel-2-l2a" / "collection.json").read_text())
    href = "./" + str((path.parent / "old.json").relative_to(catalogue / "sentinel-2-l2a"))
    collection["links"].append({"rel": "item", "href": href, "type": "application/geo+json"})
    (catalogue / "sentinel-2-l2a" / "collection.json").write_text(json.dumps(collection))
    after = searched(catalogue)
    assert [s.id for s in after.scenes] == [s.id for s in before.scenes]
    (dropped,) = after.dropped
    assert dropped.id == document["id"]
    assert "same acquisition" in dropped.reason


def test_an_item_without_a_band_is_left_out_and_named(catalogue):
    path = next(p for p in items(catalogue, "sentinel-2") if "202305" in p.name)
    document = json.loads(path.read_text())
    del document["assets"]["B05"]
    path.write_text(json.dumps(document))
    found = searched(catalogue, TimeRange(start=date(2023, 5, 1), end=date(2023, 5, 31)))
    assert document["id"] not in [scene.id for scene in found.scenes]
    assert [(d.id, d.reason) for d in found.dropped] == [(document["id"], "lacks the assets B05")]


@pytest.mark.parametrize(
    ("member", "value"),
    [("sat:orbit_state", "sideways"), ("view:off_nadir", "steep"), ("s2:processing_baseline", ["05.10"])],
)
def test_an_odd_item_is_left_out_and_named_and_the_others_are_found(catalogue, member, value):
    before = searched(catalogue)
    path = next(p for p in items(catalogue, "sentinel-2") if p.stem in {scene.id for scene in before.scenes})
    document = json.loads(path.read_text())
    document["properties"][member] = value
    path.write_text(json.dumps(document))
    after = searched(catalogue)
    assert [d.id for d in after.dropped] == [document["id"]]
    assert {s.id for s in before.scenes} - {s.id for s in after.scenes} == {document["id"]}


def a_stranger(path):
    """Take the item from here, and link to one outside."""
    path.unlink()
    collection = next(folder for folder in path.parents if (folder / "collection.json").exists()) / "collection.json"
    document = json.loads(collection.read_text())
    link = next(link for link in document["links"] if link["href"].endswith(path.name))
    link["href"] = f"../../elsewhere/{path.name}"
    collection.write_text(json.dumps(document))


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda path: path.unlink(), "is not there"),
        (lambda path: path.write_text("<html>"), "is no JSON"),
        (lambda path: path.write_bytes(b"\xff\xfe\xff"), "is no JSON"),
        (lambda path: path.write_text("[" * 100_000), "is no JSON"),
        (lambda path: path.write_text("[]"), "is no STAC item"),
        (lambda path: path.write_text('{"type": "Feature", "stac_version": "1.0.0"}'), "is no STAC item"),
        (lambda path: path.write_text((path.parents[1] / "collection.json").read_text()), "is no STAC item"),
        (lambda path: path.unlink() or path.mkdir(), "cannot be read: Is a directory"),
        (a_stranger, "lies where files of its catalogue are not read from"),
    ],
)
def test_a_broken_item_is_left_out_by_name_and_the_others_are_found(catalogue, tmp_path, harm, reason):
    before = searched(catalogue)
    path = next(p for p in items(catalogue, "sentinel-1") if p.stem in {scene.id for scene in before.scenes})
    place = str(path.relative_to(catalogue))
    harm(path)
    after = searched(catalogue)
    assert {s.id for s in before.scenes} - {s.id for s in after.scenes} == {path.stem}
    (dropped,) = after.dropped
    assert dropped.id in (place, path.name)
    assert dropped.reason.startswith(reason)
    assert str(tmp_path) not in str(dropped)


def test_a_catalogue_of_broken_items_is_not_one_without_items(catalogue):
    broken = items(catalogue, "sentinel-1")
    for path in broken:
        path.write_text("<html>")
    why = rf"sentinel-1-rtc cannot be read: none of its {len(broken)} items, sentinel-1-rtc/.* because it is no JSON"
    with pytest.raises(Unavailable, match=why):
        searched(catalogue)


def test_every_item_is_told_as_it_is_read(catalogue):
    told = []
    area = shape(json.loads((catalogue / "aoi.geojson").read_text())["geometry"])
    open_catalog(CatalogProfile(name="here", href=str(catalogue))).search(area, DAYS, told.append)
    assert told == list(range(1, len(items(catalogue, "sentinel")) + 1))


def link_child(folder, href):
    document = json.loads(folder.read_text())
    document["links"].append({"rel": "child", "href": href, "type": "application/json"})
    folder.write_text(json.dumps(document))


def test_folders_that_lead_back_are_walked_once(catalogue):
    before = searched(catalogue)
    collection = catalogue / "sentinel-2-l2a" / "collection.json"
    inner = {"type": "Catalog", "id": "inner", "stac_version": "1.0.0", "description": "made up", "links": []}
    (collection.parent / "inner.json").write_text(json.dumps(inner))
    for place, href in (
        (collection, "./inner.json"),
        (collection, "./collection.json"),
        (collection, "../catalog.json"),
        (collection.parent / "inner.json", "./collection.json"),
        (collection.parent / "inner.json", "./../sentinel-2-l2a/inner.json"),
        (catalogue / "catalog.json", "./sentinel-2-l2a/collection.json"),
    ):
        link_child(place, href)
    after = searched(catalogue)
    assert [scene.id for scene in after.scenes] == [scene.id for scene in before.scenes]
    assert after.dropped == before.dropped


def test_folders_without_end_are_refused(catalogue):
    """A link that leads back under another name each time, as links of a file system or a rule of a server make it."""
    folder = catalogue / "sentinel-2-l2a"
    inner = {"type": "Catalog", "id": "inner", "stac_version": "1.0.0", "description": "made up"}
    links = [{"rel": "child", "href": "./again/inner.json"}]
    (folder / "inner.json").write_text(json.dumps(inner | {"links": links}))
    (folder / "again").symlink_to(folder, target_is_directory=True)
    link_child(folder / "collection.json", "./inner.json")
    with pytest.raises(InvalidJob, match="more than 16 deep"):
        searched(catalogue)


def test_items_without_end_are_refused(catalogue, monkeypatch):
    monkeypatch.setattr(catalog_static, "MOST_ITEMS", 3)
    with pytest.raises(InvalidJob, match="sentinel-2-l2a has more than 3 items"):
        searched(catalogue)


def test_a_collection_that_is_not_there_is_named_with_those_that_are(catalogue):
    area = shape(json.loads((catalogue / "aoi.geojson").read_text())["geometry"])
    profile = CatalogProfile(name="here", href=str(catalogue), s1_collection="radar")
    with pytest.raises(InvalidJob, match=r"'here' has no collection 'radar': it has sentinel-1-rtc, sentinel-2-l2a"):
        open_catalog(profile).search(area, DAYS)


def test_collections_are_found_in_folders_below(catalogue):
    before = searched(catalogue)
    root = json.loads((catalogue / "catalog.json").read_text())
    inner = root | {"id": "inner", "links": [link for link in root["links"] if link["rel"] == "child"]}
    (catalogue / "inner.json").write_text(json.dumps(inner))
    root["links"] = [{"rel": "child", "href": "./inner.json"}]
    (catalogue / "catalog.json").write_text(json.dumps(root))
    assert searched(catalogue) == before


def test_a_collection_may_be_the_root(catalogue):
    place = catalogue / "sentinel-2-l2a" / "collection.json"
    area = shape(json.loads((catalogue / "aoi.geojson").read_text())["geometry"])
    profile = CatalogProfile(name="here", s2=Source(href=str(place), collection="sentinel-2-l2a"))
    found = open_catalog(profile).search(area, DAYS)
    assert [s.id for s in found.scenes] == [s.id for s in searched(catalogue).scenes if s.sensor == "s2"]
    assert len(found.scenes) > 1


def test_where_there_is_no_catalogue_the_order_is_told(tmp_path):
    with pytest.raises(InvalidJob, match=r"catalog\.json"):
        open_catalog(CatalogProfile(name="here", href=str(tmp_path)))


def test_extents_say_where_and_when_there_can_be_scenes(catalogue):
    area = shape(json.loads((catalogue / "aoi.geojson").read_text())["geometry"])
    extents = open_catalog(CatalogProfile(name="here", href=str(catalogue))).extents()
    assert len(extents) == 2
    for extent in extents:
        assert extent.meets(area)
        assert not extent.meets(box(10, 10, 10.1, 10.1))
        assert extent.overlaps(DAYS)
        assert not extent.overlaps(TimeRange(start=date(2024, 1, 1), end=date(2024, 12, 31)))


def collection(bounds, interval) -> pystac.Collection:
    return pystac.Collection("c", "c", pystac.Extent(pystac.SpatialExtent([bounds]), pystac.TemporalExtent([interval])))


def test_an_extent_may_be_open_have_heights_and_cross_the_antimeridian():
    extent = Extent.of(collection([170, -10, 0, -170, 10, 900], [None, None]))
    assert extent.meets(box(179, 0, 180, 1))
    assert extent.meets(box(-180, 0, -179, 1))
    assert not extent.meets(box(0, 0, 1, 1))
    assert extent.overlaps(DAYS)


@pytest.mark.parametrize(("bounds", "interval"), [([], [None, None]), ([1, 2], [None, None]), ([1, 2, 3, 4], [])])
def test_an_extent_that_is_none_makes_the_catalogue_unreadable(bounds, interval):
    with pytest.raises(ValueError, match="extent"):
        Extent.of(collection(bounds, interval))


def test_a_catalogue_of_plain_grd_is_refused_with_the_cure(catalogue):
    for path in items(catalogue, "sentinel-1"):
        document = json.loads(path.read_text())
        del document["properties"]["clearleaf:simulated"]
        path.write_text(json.dumps(document | {"collection": "sentinel-1-grd"}))
    path = catalogue / "sentinel-1-rtc" / "collection.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"id": "sentinel-1-grd"}))
    profile = CatalogProfile(name="here", href=str(catalogue), s1_collection="sentinel-1-grd")
    area = shape(json.loads((catalogue / "aoi.geojson").read_text())["geometry"])
    with pytest.raises(InvalidJob, match=r"plain GRD.*sentinel-1-rtc of the built-in profile"):
        open_catalog(profile).search(area, DAYS)


def test_scenes_with_files_outside_the_catalogues_folder_are_left_out_and_the_log_alone_says_where(catalogue, caplog):
    path = next(p for p in items(catalogue, "sentinel-2") if p.stem in {s.id for s in searched(catalogue).scenes})
    for href, reason in (
        ("../../../secret.tif", "outside the folders of its catalogue"),
        ("/etc/passwd", "outside the folders of its catalogue"),
        ("http://169.254.169.254/latest", "169.254.169.254, which is none of its catalogue's hosts"),
    ):
        document = json.loads(path.read_text())
        document["assets"]["B05"]["href"] = href
        path.write_text(json.dumps(document))
        found = searched(catalogue)
        assert document["id"] not in {scene.id for scene in found.scenes}
        (dropped,) = found.dropped
        assert dropped.reason == "an asset of it lies where files of its catalogue are not read from"
        assert f"1 scenes are left out, such as {document['id']}: its asset B05 lies " in caplog.text
        assert reason in caplog.text
        caplog.clear()
