"""The four steps as `clearleaf run` walks them: tiles make the whole, and what is published holds together."""

import json
from dataclasses import replace

import geopandas
import numpy as np
import pystac
import pytest
import rasterio
from pystac.validation import validate_dict
from rasterio.features import rasterize

from jobs.errors import InvalidJob, JobDismissed, StorageFull
from jobs.tile_memory import TileLoad
from models.progress import silent
from worker import steps
from worker.outputs.parcels import COLUMNS


def walked(plan, parts):
    """Carry out a plan and return the folder of its results."""
    state = steps.prepare_step(plan, parts, "prepare/", silent)
    pieces = [steps.tile_step(plan, tile.id, state, parts, f"{tile.id}/", silent) for tile in plan.tiles]
    steps.finish_step(plan, state, pieces, parts, "results/", silent)
    return parts.storage.root / "results"


@pytest.fixture
def results(plan, parts):
    return walked(plan, parts)


def rasters(folder):
    return {path.name: rasterio.open(path).read(1) for path in sorted(folder.glob("*.tif"))}


def test_tiles_put_together_are_the_whole(make_it, parts, results, monkeypatch):
    """One state for both: what is sampled in *prepare* differs, what a tile does with it must not."""
    many = make_it(tile_px=32)
    assert len(many.tiles) > 1
    state = "prepare/" + steps.FACTS
    (parts.storage.root / "prepare" / steps.STACK).unlink()  # tiles read their own scenes
    pieces = [steps.tile_step(many, tile.id, state, parts, f"many/{tile.id}/", silent) for tile in many.tiles]
    steps.finish_step(many, state, pieces, parts, "tiled/", silent)
    whole, tiled = rasters(results), rasters(parts.storage.root / "tiled")
    assert whole.keys() == tiled.keys()
    for name, values in whole.items():
        np.testing.assert_allclose(tiled[name].astype(int), values.astype(int), atol=1, err_msg=name)


def test_the_same_order_gives_the_same_rasters_and_series(plan, parts, results, tmp_path):
    from dataclasses import replace

    from jobs.file_storage import FileStorage

    again = walked(plan, replace(parts, storage=FileStorage(tmp_path / "again")))
    names = sorted(
        p.name for p in results.iterdir() if p.suffix in (".tif", ".csv", ".png") or p.name == "parcels.json"
    )
    assert len(names) > 15
    for name in names:
        assert (again / name).read_bytes() == (results / name).read_bytes(), name


def test_the_collection_holds_after_it_has_moved(results, tmp_path):
    moved = results.rename(tmp_path / "elsewhere")
    collection = pystac.Collection.from_file(str(moved / "collection.json"))
    items = list(collection.get_items())
    assert [item.id for item in items] == ["lai-2023-05-20", "lai-2023-05-30", "lai-2023-06-09", "lai-2023-06-19"]
    for document in (collection, *items):
        validate_dict(document.to_dict() | {"stac_extensions": []})  # the extensions' schemas lie on the web
    for item in items:
        assert item.get_collection().id == collection.id
        assert all(asset.get_absolute_href().startswith(str(moved)) for asset in item.assets.values())
        assert sum(link.rel == "derived_from" for link in item.links) > 10
    assert str(tmp_path) not in (moved / "collection.json").read_text()


def test_a_plan_has_smaller_tiles_where_a_worker_has_little_memory_and_none_where_it_has_too_little(
    plan, parts, monkeypatch
):
    """The grid is one tile of 48 pixels or more; as many bytes as that takes are just enough."""
    sides = [min(48, side) + 2 * plan.halo for side in plan.shape]
    load = TileLoad.largest(plan.tiles, plan.scenes, len(plan.target_dates))
    little = replace(parts, tile_px=48, memory_gb=load.bytes_of((sides[0], sides[1])) / 1e9)
    key, tiles = steps.plan_step(plan.job_id, plan.request, little, "plan/")
    assert (steps.load_plan(key, little).tile_px, len(tiles)) == (48, 1)
    monkeypatch.setattr("jobs.tile_memory.LEAST_TILE_PX", 16)
    key, tiles = steps.plan_step(
        plan.job_id, plan.request, replace(little, memory_gb=little.memory_gb * 0.9999), "plan/"
    )
    assert (steps.load_plan(key, little).tile_px, len(tiles)) == (32, 4)
    with pytest.raises(InvalidJob, match="worker's memory"):
        steps.plan_step(plan.job_id, plan.request, replace(little, memory_gb=0.001), "plan/")


def test_series_are_what_counting_pixels_gives(plan, results):
    """Against plain counting of pixel centres, on parcels large enough for edges not to matter much."""
    frame = geopandas.GeoDataFrame(
        {"id": [p.id for p in plan.request.parcel_list]},
        geometry=[p.geometry for p in plan.request.parcel_list],
        crs="EPSG:4326",
    ).to_crs(plan.crs)
    document = json.loads((results / "parcels.json").read_text())
    largest = int(frame.area.argmax())
    inside = rasterize([frame.geometry[largest]], plan.shape, transform=plan.geobox.transform).astype(bool)
    for row in document["features"][largest]["series"]:
        lai = rasterio.open(results / f"lai-{row['date']}.tif").read(1, masked=True) * 0.001
        assert row["mean"] == pytest.approx(lai[inside].mean(), abs=0.1)
        assert row["min"] <= row["p10"] <= row["median"] <= row["p90"] <= row["max"]
        assert row["n_px"] == pytest.approx(frame.area[largest] / 400, rel=0.01)
        assert 0 <= row["observed_fraction"] <= 1


def test_the_three_files_of_series_agree(results):
    features = json.loads((results / "parcels.json").read_text())["features"]
    flat = [(feature["id"], row) for feature in features for row in feature["series"]]
    table = geopandas.read_parquet(results / "parcels.parquet")
    lines = (results / "parcels.csv").read_text().splitlines()
    assert len(table) == len(flat) == len(lines) - 1
    assert lines[0].split(",") == ["id", "date", *COLUMNS, "reason", "simulated"]
    for (name, row), (_, stored) in zip(flat, table.iterrows(), strict=True):
        assert (stored["id"], str(stored["date"])) == (name, row["date"])
        assert stored["mean"] == pytest.approx(row["mean"], nan_ok=True)


def test_a_parcel_outside_the_grid_or_below_a_pixel_keeps_its_place(make_it, order, parts):
    west, south = order["parcels"]["features"][0]["geometry"]["coordinates"][0][0]

    def square(x, y, side):
        ring = [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]
        return {"type": "Polygon", "coordinates": [ring]}

    shapes = {
        "far": square(west + 1, south, 1e-3),
        "tiny": square(west, south, 5e-5),
        "large": order["aoi"]["geometry"],
    }
    features = [{"type": "Feature", "id": k, "properties": {}, "geometry": g} for k, g in shapes.items()]
    plan = make_it(parcels={"type": "FeatureCollection", "features": features})
    series = json.loads((walked(plan, parts) / "parcels.json").read_text())["features"]
    far, tiny, large = (feature["series"][0] for feature in series)
    assert [f["id"] for f in series] == list(shapes)
    assert far["mean"] is None
    assert far["reason"]
    assert 0 < tiny["n_px"] < 0.2
    assert tiny["mean"] is not None
    assert large["n_px"] > 1000


def test_rasters_on_request_are_published_and_only_then(make_it, parts, results):
    assert not list(results.glob("fused-*"))
    asked = walked(make_it(extra_assets=["predicted", "fused"]), parts)
    assert len(list(asked.glob("fused-*.tif"))) == len(list(asked.glob("predicted-*.tif"))) == 4


def test_a_full_disk_says_so_and_shows_no_manifest(plan, parts, monkeypatch):
    import errno
    import shutil

    real, copied = shutil.copyfileobj, []

    def fills_up(source, target, length):
        copied.append(target.name)
        if len(copied) > 5:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(source, target, length)

    monkeypatch.setattr(shutil, "copyfileobj", fills_up)
    with pytest.raises(StorageFull, match="full: free some space"):
        walked(plan, parts)
    assert parts.storage.head("results/manifest.json") is None
    assert not any(path.name.startswith(".unfinished") for path in parts.storage.root.rglob("*"))
    assert list(parts.scratch.iterdir()) == []


def test_weights_that_do_not_exist_are_the_orders_fault(make_it, parts):
    with pytest.raises(InvalidJob, match="without-a"):
        steps.prepare_step(make_it(weights="without-z"), parts, "prepare/", silent)


def test_a_state_that_was_changed_is_not_used(plan, parts):
    facts = steps.prepare_step(plan, parts, "prepare/", silent)
    parts.storage.put_bytes("prepare/" + steps.STATE, b"something else")
    with pytest.raises(ValueError, match="not the state"):
        steps.tile_step(plan, plan.tiles[0].id, facts, parts, "tile/", silent)


class GivenUp:
    """Progress of a job that is dismissed as soon as a step has got to something."""

    def __init__(self, at: str) -> None:
        self.at = at

    def __call__(self, share: float, message: str) -> None:
        if message.startswith(self.at):
            raise JobDismissed("given up")


def test_a_plan_can_be_stopped_while_the_catalogue_is_walked(plan, parts):
    with pytest.raises(JobDismissed):
        steps.plan_step(plan.job_id, plan.request, parts, "plan/", GivenUp("searching"))
    assert parts.storage.head("plan/plan.json") is None


def test_a_tile_can_be_stopped_while_it_is_reconstructed(plan, parts):
    state = steps.prepare_step(plan, parts, "prepare/", silent)
    with pytest.raises(JobDismissed):
        steps.tile_step(plan, plan.tiles[0].id, state, parts, "tile/", GivenUp("interpolating"))
    assert parts.storage.head(f"tile/{plan.tiles[0].id}/facts.json") is None
