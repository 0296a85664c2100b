"""Items name every scene and what was left out, and nothing of our disks and keys."""

import json
from dataclasses import replace
from datetime import date

import pystac
import pytest

from jobs.catalog import DroppedScene
from worker.outputs.items import EDGE_M, outline

MIDDAY = "lai-2023-06-09.json"


def document(path):
    return json.loads(path.read_text())


def sources(item) -> dict[str, str]:
    return {link["title"]: link["href"] for link in item["links"] if link["rel"] == "derived_from"}


def skipped(item) -> dict[str, str]:
    return {scene["id"]: scene["reason"] for scene in item["properties"]["clearleaf:skipped_scenes"]}


def with_hrefs(plan, *hrefs):
    """The plan with other places of its first scenes."""
    changed = [scene.model_copy(update={"href": href}) for scene, href in zip(plan.scenes, hrefs, strict=False)]
    return plan.model_copy(update={"scenes": (*changed, *plan.scenes[len(changed) :])})


def test_every_scene_of_the_job_is_a_source_of_every_date(plan, published):
    folder = published(plan)
    for day in plan.target_dates:
        assert set(sources(document(folder / f"lai-{day}.json"))) == {scene.id for scene in plan.scenes}


def test_a_source_is_its_public_url_without_a_key_or_its_name(plan, published):
    hrefs = [
        "https://user:key@archive.org/items/a.json?sig=key#key",
        "/srv/key/item.json",
        "s3://key/item.json",
        "file:///srv/key/item.json",
    ]
    folder = published(with_hrefs(plan, *hrefs))
    found = sources(document(folder / MIDDAY))
    first, *others = (found[scene.id] for scene in plan.scenes[:4])
    assert first == "https://archive.org/items/a.json"
    assert others == [f"urn:clearleaf:scene:{scene.id}" for scene in plan.scenes[1:4]]
    for path in folder.glob("*.json"):
        assert "key" not in path.read_text().replace('"keywords"', ""), path.name
        assert "/srv" not in path.read_text()


def test_nothing_published_tells_where_the_catalogue_lies(plan, published, catalogue):
    for path in published(plan).glob("*.json"):
        assert str(catalogue) not in path.read_text(), path.name


def test_readers_do_not_take_names_of_scenes_for_files(plan, published, tmp_path):
    """Read, resolved and written again elsewhere, the links say what they said."""
    collection = pystac.Collection.from_file(str(published(plan) / "collection.json"))
    collection.normalize_and_save(str(tmp_path / "copy"), pystac.CatalogType.SELF_CONTAINED)
    (path,) = (tmp_path / "copy").rglob(MIDDAY)
    assert set(sources(document(path)).values()) == {f"urn:clearleaf:scene:{scene.id}" for scene in plan.scenes}


def test_what_was_left_out_near_a_date_is_named_wherever_that_was(plan, published, provenance):
    near = [scene for scene in plan.scenes if abs((scene.day - date(2023, 6, 9)).days) < 10]
    far = [scene for scene in plan.scenes if abs((scene.day - date(2023, 6, 9)).days) > 40]
    in_tile = [{"id": near[0].id, "reason": "damaged"}, {"id": far[0].id, "reason": "damaged"}]
    in_prepare = ({"id": near[1].id, "reason": "missing"}, {"id": far[1].id, "reason": "missing"})
    dropped = (
        DroppedScene(id="S2A_MSIL2A_20230601T103031", reason="lacks the assets SCL", day=date(2023, 6, 1)),
        DroppedScene(id="S2B_31UFS_20230401_0_L2A", reason="lacks the assets SCL", day=date(2023, 4, 1)),
        DroppedScene(id="scene-of-an-unknown-day", reason="has no acquisition time or footprint"),
    )
    folder = published(
        plan.model_copy(update={"dropped": dropped}), said=replace(provenance, skipped=in_prepare), skipped=in_tile
    )
    assert skipped(document(folder / MIDDAY)) == {
        near[0].id: "damaged",
        near[1].id: "missing",
        dropped[0].id: "lacks the assets SCL",
        dropped[2].id: "has no acquisition time or footprint",
    }
    manifest = document(folder / "manifest.json")
    assert {scene["id"] for scene in manifest["skipped_scenes"]} == {s.id for s in (*near[:2], *far[:2])}
    assert {scene["id"] for scene in manifest["dropped_scenes"]} == {s.id for s in dropped}


@pytest.mark.parametrize(
    ("href", "told"),
    [
        ("/srv/catalogue/catalog.json", "/srv/catalogue/catalog.json"),
        ("https://archive.org/catalog.json?sig=secret", "https://archive.org/catalog.json"),
    ],
)
def test_the_manifest_says_where_the_catalogue_is_only_to_whoever_said_so(plan, published, provenance, href, told):
    elsewhere = plan.model_copy(update={"catalog": plan.catalog.model_copy(update={"href": href})})
    folder = published(elsewhere, said=replace(provenance, tells_catalog=True))
    assert document(folder / "manifest.json")["catalog"] == {"name": "simulated", "href": told}


def test_a_configured_catalogue_is_a_name_in_the_manifest(plan, published):
    assert document(published(plan) / "manifest.json")["catalog"] == {"name": "simulated"}


def test_an_outline_has_a_vertex_every_kilometre_to_the_centimetre(plan):
    found = outline(plan.geobox)
    fine = plan.geobox.extent.to_crs("EPSG:4326", resolution=10).geom
    height, width = plan.shape
    assert len(found.exterior.coords) <= 2 * (height + width) * 20 / EDGE_M + 9
    assert all(position == round(position, 7) for vertex in found.exterior.coords for position in vertex)
    assert found.hausdorff_distance(fine) < 1e-6  # a tenth of a metre
