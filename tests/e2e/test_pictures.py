"""Tiles, pictures and values of a job that really ran, asked for over HTTP as a map would."""

import io
import json
import math
import os
from pathlib import Path

import httpx
import numpy as np
import pytest
import rasterio
from PIL import Image, ImageSequence
from pyproj import Transformer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

DATES = [f"2023-{day}" for day in ("06-01", "06-11", "06-21", "07-01", "07-11")]
SCALES = {"lai": 0.001, "lai_sigma": 0.001, "quality": 1, "days_to_clear": 1}
KEEP = os.environ.get("PICTURES")
"""Folder in which the pictures are left for somebody who wants to look at them."""


@pytest.fixture(scope="module")
def parcels(service):
    return json.loads((service.catalogue / "parcels.geojson").read_text())


@pytest.fixture(scope="module")
def job(service, parcels):
    job = service.client.submit(service.order(parcels=parcels, extra_assets=["fused"]))
    service.ended(job)
    return job


@pytest.fixture(scope="module")
def folder(job, tmp_path_factory):
    return job.download(tmp_path_factory.mktemp("results")).parent


@pytest.fixture(scope="module")
def ask(service, job):
    with httpx.Client(base_url=f"{service.embedded.url}/jobs/{job.id}", timeout=60) as client:
        yield client


def keep(name, content):
    if KEEP:
        (Path(KEEP) / name).write_bytes(content)


def tile_at(lon, lat, z):
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return int((lon + 180) / 360 * 2**z), int(y * 2**z)


def tiles_over(bounds, z):
    west, south, east, north = bounds
    left, top = tile_at(west, north, z)
    right, bottom = tile_at(east, south, z)
    return [(x, y) for y in range(top, bottom + 1) for x in range(left, right + 1)]


def decoded(colours, legend):
    """Values of colours (N, 3), found with nothing but the legend."""
    at = [stop["value"] for stop in legend["stops"]]
    values = np.linspace(0, at[-1], 1001)  # finer than any table of 8 bits
    parts = [[int(stop["color"][i : i + 2], 16) for stop in legend["stops"]] for i in (1, 3, 5)]
    table = np.stack([np.interp(values, at, part) for part in parts], axis=-1)
    distance = np.abs(colours[:, None, :] - table[None]).max(axis=-1)
    assert distance.min(axis=1).max() <= 1
    return values[distance.argmin(axis=1)]


@pytest.mark.parametrize("asset", ["lai", "lai_sigma", "days_to_clear", "fused"])
def test_a_map_shows_the_values(ask, folder, asset):
    """TileJSON, then its tiles at the finest level; every pixel of them, decoded, is the raster's."""
    description = ask.get(f"tiles/{asset}/2023-06-21/tilejson.json").json()
    legend = httpx.get(description["clearleaf:legend"], timeout=60).json()
    with rasterio.open(folder / f"{asset}-2023-06-21.tif") as raster:
        stored, nodata, inverse, crs = raster.read(1), raster.nodata, ~raster.transform, raster.crs
    to_grid = Transformer.from_crs("EPSG:3857", crs.to_string(), always_xy=True)
    z, checked = 15, 0
    assert description["minzoom"] < z <= description["maxzoom"]
    for x, y in tiles_over(description["bounds"], z):
        answer = httpx.get(description["tiles"][0].format(z=z, x=x, y=y), timeout=60)
        assert answer.status_code == 200
        image = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGBA")).astype(int)
        size = 2 * math.pi * 6378137 / 2**z / 256
        across, down = np.meshgrid(np.arange(256) + 0.5, np.arange(256) + 0.5)
        half = math.pi * 6378137
        columns, rows = inverse @ to_grid.transform(-half + (x * 256 + across) * size, half - (y * 256 + down) * size)
        inside = (rows > 0) & (columns > 0) & (rows < stored.shape[0]) & (columns < stored.shape[1])
        sure = inside & (np.abs(rows % 1 - 0.5) < 0.3) & (np.abs(columns % 1 - 0.5) < 0.3)
        there = stored[rows[sure].astype(int), columns[sure].astype(int)]
        assert ((image[sure][:, 3] == 255) == (there != nodata)).all()
        shown = there != nodata
        if shown.any():
            most = legend["stops"][-1]["value"]
            found = decoded(image[sure][shown][:, :3], legend)
            expected = np.minimum(there[shown] * SCALES.get(asset, 0.001), most)
            assert np.abs(found - expected).max() <= 1.55 * most / 254
            checked += int(shown.sum())
    assert checked > 500


def test_a_point_has_the_series_of_its_pixel(ask, folder):
    with rasterio.open(folder / "lai-2023-06-21.tif") as raster:
        place, crs = raster.transform @ (20.5, 15.5), raster.crs.to_string()
    lon, lat = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(*place)
    found = ask.get("point", params={"lon": lon, "lat": lat}).json()
    assert found["simulated"] is True
    assert [row["date"] for row in found["series"]] == DATES
    for row in found["series"]:
        for asset, scale in SCALES.items():
            with rasterio.open(folder / f"{asset}-{row['date']}.tif") as raster:
                assert row[asset] == pytest.approx(float(raster.read(1)[15, 20]) * scale, abs=5e-4)
        assert row["observed"] is (row["quality"] in (1, 4))


def test_a_polygons_figures_are_those_of_the_same_parcel(ask, job, parcels, folder):
    series = json.loads((folder / "parcels.json").read_text())["features"]
    for feature, known in zip(parcels["features"][:3], series, strict=False):
        answer = ask.post("statistics", json=feature["geometry"])
        assert answer.status_code == 200, answer.text
        for mine, theirs in zip(answer.json()["series"], known["series"], strict=True):
            assert mine["date"] == theirs["date"]
            for name in ("mean", "std", "min", "max", "p10", "median", "p90", "n_px", "valid_fraction"):
                # exactextract puts equal values of unequal weight in no order: percentiles may be a pixel apart
                near = 0.05 if name in ("p10", "median", "p90") else 0.002
                assert mine[name] == pytest.approx(theirs[name], abs=near, rel=1e-3), name


@pytest.mark.parametrize("asset", ["lai", "lai_sigma", "quality", "days_to_clear", "fused"])
def test_previews_are_pictures(ask, asset):
    answer = ask.get("preview.png", params={"asset": asset, "date": "2023-06-21", "width": 512})
    assert answer.headers["content-type"] == "image/png"
    keep(f"e2e-{asset}.png", answer.content)
    assert Image.open(io.BytesIO(answer.content)).width == 512


def test_the_season_moves(ask):
    answer = ask.get("season.webp")
    keep("e2e-season.webp", answer.content)
    frames = [np.asarray(f.convert("RGB")) for f in ImageSequence.Iterator(Image.open(io.BytesIO(answer.content)))]
    assert len(frames) == len(DATES)
    assert all(not np.array_equal(frames[0], frame) for frame in frames[1:])


def test_tiles_of_a_map_look_like_one(ask):
    """The tiles of a window, pasted together; for the eye."""
    description = ask.get("tiles/lai/2023-06-21/tilejson.json").json()
    for z in (14, 16):
        tiles = tiles_over(description["bounds"], z)
        left, top = min(x for x, _ in tiles), min(y for _, y in tiles)
        span = max(x for x, _ in tiles) - left + 1, max(y for _, y in tiles) - top + 1
        pasted = Image.new("RGB", (span[0] * 256, span[1] * 256), "white")
        for x, y in tiles:
            answer = httpx.get(description["tiles"][0].format(z=z, x=x, y=y), timeout=60)
            tile = Image.open(io.BytesIO(answer.content)).convert("RGBA")
            pasted.paste(tile, ((x - left) * 256, (y - top) * 256), tile)
        buffer = io.BytesIO()
        pasted.save(buffer, "PNG")
        keep(f"e2e-tiles-{z}.png", buffer.getvalue())
        assert len(np.unique(np.asarray(pasted).reshape(-1, 3), axis=0)) > 30
