"""Tiles: their colours, decoded through the legend, are the values of the COGs; nothing else can be asked for."""

import io
import math
from datetime import date

import numpy as np
import pytest
from PIL import Image
from pyproj import Transformer

from jobs.legends import STEPS

DAYS = (date(2023, 5, 1), date(2023, 5, 11), date(2023, 5, 21))
BASE = "https://lai.example.org/api"
WORLD_M = 2 * math.pi * 6378137
ASSETS = ("lai", "lai_sigma", "quality", "days_to_clear")
RAMPS = {"lai": 8.0, "lai_sigma": 1.5, "days_to_clear": 60.0}


def tile_at(lon, lat, z):
    side = 2**z
    y = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return int((lon + 180) / 360 * side), int(y * side)


def image_of(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.size == (256, 256)
        return np.asarray(image.convert("RGBA")).astype(int)


def pixels_under(job, z, x, y):
    """Row and column (float) of the job's grid under the centre of every pixel of a tile."""
    size = WORLD_M / 2**z / 256
    across, down = np.meshgrid(np.arange(256) + 0.5, np.arange(256) + 0.5)
    east = -WORLD_M / 2 + (x * 256 + across) * size
    north = WORLD_M / 2 - (y * 256 + down) * size
    to_grid = Transformer.from_crs("EPSG:3857", str(job.geobox.crs), always_xy=True)
    columns, rows = ~job.geobox.affine @ to_grid.transform(east, north)
    return rows, columns


def decoded(colours, legend):
    """Values of colours (N, 3), as a page would find them with nothing but the legend."""
    values = np.linspace(0, legend["stops"][-1]["value"], STEPS)
    at = [stop["value"] for stop in legend["stops"]]
    hexes = [stop["color"].removeprefix("#") for stop in legend["stops"]]
    parts = [[int(text[i : i + 2], 16) for text in hexes] for i in (0, 2, 4)]
    table = np.stack([np.interp(values, at, part) for part in parts], axis=-1)
    distance = np.abs(colours[:, None, :] - table[None]).max(axis=-1)
    assert distance.min(axis=1).max() <= 1  # every colour is one of the legend's
    return values[distance.argmin(axis=1)]


def settled(rows, columns, shape):
    """Where a tile's pixel lies well inside one pixel of the grid, so that rounding cannot choose its neighbour."""
    inside = (rows > 0) & (columns > 0) & (rows < shape[0]) & (columns < shape[1])
    return inside & (np.abs(rows % 1 - 0.5) < 0.35) & (np.abs(columns % 1 - 0.5) < 0.35)


@pytest.mark.parametrize("in_bucket", [False, True])
@pytest.mark.parametrize("asset", list(RAMPS))
def test_a_tiles_colours_are_the_cogs_values(client, job, lonlat, asset, in_bucket):
    legend = client.get(f"/legends/{asset}.json").json()
    z = 14
    x, y = tile_at(*lonlat(job, 200, 300), z)
    image = image_of(client.get(f"/jobs/{job.id}/tiles/{asset}/2023-05-11/{z}/{x}/{y}.png"))
    rows, columns = pixels_under(job, z, x, y)
    sure = settled(rows, columns, job.geobox.shape)
    assert sure.sum() > 10_000
    expected = job.values(asset, DAYS[1])[rows[sure].astype(int), columns[sure].astype(int)]
    known = np.isfinite(expected)
    opaque = image[sure][:, 3] == 255
    assert (opaque == known).all()
    step = RAMPS[asset] / (STEPS - 1)
    found = decoded(image[sure][known][::29, :3], legend)
    off = np.abs(found - np.minimum(expected[known][::29], RAMPS[asset]))
    assert off.max() <= 1.55 * step  # half of one, and one more where two steps round to the same colour
    assert off.mean() < 0.4 * step


def test_the_corner_without_data_is_transparent_and_the_rest_is_not(client, job, lonlat):
    z = 15
    for (row, column), alpha in {(50, 50): 0, (300, 300): 255}.items():
        x, y = tile_at(*lonlat(job, row, column), z)
        rows, columns = pixels_under(job, z, x, y)
        here = (np.floor(rows) == row) & (np.floor(columns) == column)
        assert here.any()
        for asset in ASSETS:
            image = image_of(client.get(f"/jobs/{job.id}/tiles/{asset}/2023-05-01/{z}/{x}/{y}.png"))
            assert (image[here][:, 3] == alpha).all(), asset


def test_classes_have_the_colours_of_their_legend_at_every_zoom(client, job, lonlat):
    legend = client.get("/legends/quality.json").json()
    assert [c["value"] for c in legend["classes"]] == [1, 2, 3, 4, 5]
    known = {tuple(int(c["color"][i : i + 2], 16) for i in (1, 3, 5)): c["name"] for c in legend["classes"]}
    for z in (9, 11, 13, 16):
        x, y = tile_at(*lonlat(job, 540, 600), z)
        image = image_of(client.get(f"/jobs/{job.id}/tiles/quality/2023-05-01/{z}/{x}/{y}.png"))
        shown = {tuple(colour) for colour in image[image[..., 3] > 0][:, :3].tolist()}
        assert shown
        assert shown <= set(known)
    x, y = tile_at(*lonlat(job, 530, 620), 16)
    image = image_of(client.get(f"/jobs/{job.id}/tiles/quality/2023-05-01/16/{x}/{y}.png"))
    rows, columns = pixels_under(job, 16, x, y)
    water = (np.floor(rows) == 530) & (np.floor(columns) == 620)
    assert known[tuple(image[water][0, :3])] == "water-or-snow"


@pytest.mark.parametrize("asset", ["lai", "lai_sigma"])
def test_water_is_hatched_as_the_legend_says_and_stripes_of_neighbours_meet(client, job, lonlat, asset):
    hatched = client.get(f"/legends/{asset}.json").json()["hatched"]
    assert hatched["name"] == "water-or-snow"
    known = {tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5)) for colour in hatched["colors"]}
    z = 16
    x, y = tile_at(*lonlat(job, 530, 620), z)
    images = []
    for column in (x, x + 1):
        image = image_of(client.get(f"/jobs/{job.id}/tiles/{asset}/2023-05-01/{z}/{column}/{y}.png"))
        rows, columns = pixels_under(job, z, column, y)
        sure = settled(rows, columns, job.geobox.shape)
        water = np.zeros(sure.shape, bool)
        water[sure] = job.stored["quality"][DAYS[0]][rows[sure].astype(int), columns[sure].astype(int)] == 5
        shown = {tuple(colour) for colour in image[water][:, :3].tolist()}
        assert shown == known
        assert not known & {tuple(colour) for colour in image[sure & ~water][:, :3].tolist()}
        images.append((image, water))
    wide, wet = (np.concatenate(both, axis=1) for both in zip(*images, strict=True))
    inside = wet[1:, :-1] & wet[:-1, 1:]
    assert inside[:, 200:300].any()
    assert (wide[1:, :-1][inside] == wide[:-1, 1:][inside]).all()  # along a stripe nothing changes, nor between tiles


def test_where_a_raster_always_has_a_meaning_nothing_is_hatched(client):
    for asset in ("quality", "days_to_clear"):
        assert "hatched" not in client.get(f"/legends/{asset}.json").json()


def test_far_out_a_tile_shows_averages(client, job, lonlat):
    """The whole job in a few pixels: their LAI is the mean of the pixels below, which a sample would miss."""
    z = 8
    legend = client.get("/legends/lai.json").json()
    x, y = tile_at(*lonlat(job, 275, 320), z)
    image = image_of(client.get(f"/jobs/{job.id}/tiles/lai/2023-05-21/{z}/{x}/{y}.png"))
    rows, columns = pixels_under(job, z, x, y)
    size = (WORLD_M / 2**z / 256) * math.cos(math.radians(48.7)) / 20  # of a tile's pixel, in pixels of the job
    lai = job.stored["lai"][DAYS[2]] * 0.001
    inner = (rows > 150 + size) & (rows < 550 - size) & (columns > 200 + size) & (columns < 640 - size)
    inner &= image[..., 0] != image[..., 1]  # not hatched: water has no LAI
    assert inner.sum() >= 4
    found = decoded(image[inner][:, :3], legend)
    half = size / 2
    means = [
        lai[round(r - half) : round(r + half), round(c - half) : round(c + half)].mean()
        for r, c in zip(rows[inner], columns[inner], strict=True)
    ]
    assert np.abs(found - means).max() < 0.35
    assert np.corrcoef(found, means)[0, 1] > 0.9


def test_a_tile_beside_the_job_is_transparent(client, job):
    for z, x, y in ((12, 0, 0), (14, 8000, 8000), (24, 2**24 - 1, 2**24 - 1)):
        assert (image_of(client.get(f"/jobs/{job.id}/tiles/lai/2023-05-01/{z}/{x}/{y}.png"))[..., 3] == 0).all()


@pytest.mark.parametrize("z", range(0, 25))
def test_every_zoom_answers(client, job, lonlat, z):
    x, y = tile_at(*lonlat(job, 300, 300), z)
    image_of(client.get(f"/jobs/{job.id}/tiles/lai/2023-05-01/{z}/{x}/{y}.png"))


@pytest.mark.parametrize(
    "place",
    [
        "25/0/0",
        "-1/0/0",
        "3/8/0",
        "3/0/8",
        "0/1/1",
        "3/-1/0",
        "a/b/c",
        "1e3/0/0",
        "3/0.5/0",
        "9" * 400 + "/0/0",
        "24/" + "9" * 400 + "/0",
        "nan/inf/-inf",
        "5/%00/0",
    ],
)
def test_a_tile_that_the_scheme_lacks_is_refused(client, job, place):
    answer = client.get(f"/jobs/{job.id}/tiles/lai/2023-05-01/{place}.png")
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    ("asset", "day", "named"),
    [
        ("evi", "2023-05-01", "lai, lai_sigma, quality, days_to_clear"),
        ("fused", "2023-05-01", "lai, lai_sigma, quality, days_to_clear"),
        ("..%2F..%2Fetc", "2023-05-01", "lai"),
        ("lai", "2023-05-02", "2023-05-01, 2023-05-11, 2023-05-21"),
        ("lai", "yesterday", "2023-05-11"),
        ("lai", "2023-05-01.tif", "2023-05-11"),
        ("lai", "9" * 3000, "2023-05-11"),
        ("lai", "%F0%9F%8C%B1", "2023-05-11"),
    ],
)
def test_unknown_assets_and_dates_name_the_known_ones(client, job, asset, day, named):
    for path in ("tilejson.json", "12/2180/1420.png"):
        answer = client.get(f"/jobs/{job.id}/tiles/{asset}/{day}/{path}")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        if "%2F" not in asset:
            assert named in answer.json()["detail"]


def test_no_parameter_opens_another_file(client, job):
    x, y = 0, 0
    plain = client.get(f"/jobs/{job.id}/tiles/lai/2023-05-01/3/{x}/{y}.png")
    bent = client.get(
        f"/jobs/{job.id}/tiles/lai/2023-05-01/3/{x}/{y}.png", params={"url": "http://127.0.0.1:1/x.tif", "src": "/etc"}
    )
    assert (bent.status_code, bent.content) == (200, plain.content)


def paths(job_id):
    return (
        f"/jobs/{job_id}/tiles/lai/2023-05-01/tilejson.json",
        f"/jobs/{job_id}/tiles/lai/2023-05-01/3/0/0.png",
        f"/jobs/{job_id}/point?lon=11.6&lat=48.7",
    )


def test_before_the_end_nothing_is_ready(client, new_job):
    for path in paths(new_job().id):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.json()["type"].endswith("/result-not-ready")


def test_what_was_dismissed_is_gone(client, job):
    for path in paths(job.id):
        assert client.get(path).status_code == 200
    assert client.delete(f"/jobs/{job.id}").json()["status"] == "dismissed"
    for path in paths(job.id):
        answer = client.get(path)
        assert answer.status_code == 410
        assert answer.headers["content-type"] == "application/problem+json"


def test_unknown_jobs_are_not_found(client):
    for job_id in ("0190aaaa-0000-7000-8000-000000000000", "x"):
        for path in paths(job_id):
            assert client.get(path).status_code == 404


@pytest.mark.parametrize("in_bucket", [False, True])
def test_files_that_have_just_gone_are_told_so(client, job, storage, in_bucket):
    for path in paths(job.id)[:1]:
        assert client.get(path).status_code == 200
    storage.delete_prefix(f"jobs/{job.id}/results/")
    answer = client.get(f"/jobs/{job.id}/tiles/quality/2023-05-21/0/0/0.png")
    assert answer.status_code == 410, answer.text


def test_a_storage_that_is_away_asks_for_patience(client, job, storage, tmp_path, monkeypatch):
    from jobs.errors import Unavailable

    def away(*_):
        raise Unavailable("the bucket s3://secret is away")

    assert client.get(f"/jobs/{job.id}/tiles/lai/2023-05-01/tilejson.json").status_code == 200
    monkeypatch.setattr(storage, "read", away)
    answer = client.get(f"/jobs/{job.id}/tiles/quality/2023-05-21/0/0/0.png")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "secret" not in answer.text


def test_a_tile_is_kept_and_asked_for_again(client, job):
    for path in paths(job.id):
        first = client.get(path)
        assert first.headers["cache-control"] == "private, max-age=3600"
        again = client.get(path, headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    other = client.get(f"/jobs/{job.id}/tiles/lai/2023-05-11/3/0/0.png")
    assert other.headers["etag"] != client.get(f"/jobs/{job.id}/tiles/lai/2023-05-01/3/0/0.png").headers["etag"]


def test_tilejson_leads_to_tiles_and_legend(client, job, lonlat):
    document = client.get(f"/jobs/{job.id}/tiles/lai/2023-05-11/tilejson.json").json()
    assert document["tilejson"] == "3.0.0"
    (template,) = document["tiles"]
    assert template == f"{BASE}/jobs/{job.id}/tiles/lai/2023-05-11/{{z}}/{{x}}/{{y}}.png"
    west, south, east, north = document["bounds"]
    for row, column in ((0, 0), (0, 639), (549, 0), (549, 639), (275, 320)):
        lon, lat = lonlat(job, row, column)
        assert west <= lon <= east
        assert south <= lat <= north
    assert document["clearleaf:simulated"] is True
    assert "simulated" in document["name"]
    assert document["clearleaf:dates"] == ["2023-05-01", "2023-05-11", "2023-05-21"]
    assert client.get(document["clearleaf:legend"].removeprefix(BASE)).json()["asset"] == "lai"
    lon, lat, z = document["center"]
    assert document["minzoom"] <= z <= document["maxzoom"]
    x, y = tile_at(lon, lat, int(z))
    image = image_of(client.get(template.removeprefix(BASE).format(z=int(z), x=x, y=y)))
    assert (image[..., 3] == 255).any()


@pytest.mark.parametrize("simulated", [False])
def test_real_scenes_are_not_called_simulated(client, job):
    document = client.get(f"/jobs/{job.id}/tiles/lai/2023-05-11/tilejson.json").json()
    assert document["clearleaf:simulated"] is False
    assert "imulated" not in document["name"] + document["attribution"]


def test_unknown_legends_name_the_known_ones(client):
    answer = client.get("/legends/evi.json")
    assert answer.status_code == 404
    assert "lai, lai_sigma" in answer.json()["detail"]


def test_many_threads_read_at_once(client, job, lonlat):
    """Every thread has its own dataset: the same tiles, asked for together, are the same as one by one."""
    from concurrent.futures import ThreadPoolExecutor

    x, y = tile_at(*lonlat(job, 275, 320), 13)
    asked = [
        f"/jobs/{job.id}/tiles/{asset}/{day}/13/{x + i}/{y}.png"
        for asset in ("lai", "quality")
        for day in DAYS
        for i in range(-1, 2)
    ]
    alone = [client.get(path).content for path in asked]
    with ThreadPoolExecutor(12) as pool:
        together = list(pool.map(lambda path: client.get(path).content, asked * 4))
    assert together == alone * 4
