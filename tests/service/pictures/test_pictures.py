"""Pictures to look at: the colours of the legend, a date on each, and the word where nothing is real."""

import io
import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from jobs.legends import LAI_RAMP, QUALITY, STEPS, WATER
from service import season
from service.drawing import Sheet, draw

KEEP = os.environ.get("PICTURES")
"""Folder in which the pictures are left for somebody who wants to look at them."""


def picture(answer, kind):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == f"image/{kind}"
    return Image.open(io.BytesIO(answer.content))


def preview(client, job, **query):
    answer = client.get(f"/jobs/{job.id}/preview.png", params=query)
    image = picture(answer, "png")
    if KEEP:
        (Path(KEEP) / ("-".join(map(str, ["preview", *query.values()])) + ".png")).write_bytes(answer.content)
    return np.asarray(image.convert("RGB")).astype(int)


def frames(client, job):
    answer = client.get(f"/jobs/{job.id}/season.webp")
    strip = picture(answer, "webp")
    if KEEP:
        (Path(KEEP) / "season.webp").write_bytes(answer.content)
    return [np.asarray(frame.convert("RGB")).astype(int) for frame in ImageSequence.Iterator(strip)]


def legend_colours(table):
    return {tuple(colour) for colour in table}


@pytest.mark.parametrize("in_bucket", [False, True])
@pytest.mark.parametrize("asset", ["lai", "lai_sigma", "quality", "days_to_clear"])
@pytest.mark.parametrize("width", [128, 512, 1024])
def test_a_preview_is_as_wide_as_wanted(client, job, asset, width, in_bucket):
    image = preview(client, job, asset=asset, date="2023-05-11", width=width)
    assert image.shape[1] == width
    assert image.shape[0] < 2 * width


def test_a_preview_shows_the_values(client, job):
    """At one pixel of the map for each of the raster, colours are the table's."""
    sheet = next(
        sheet for width in range(600, 800) if (sheet := Sheet.of(width, job.geobox.shape)).map_size == (640, 550)
    )
    image = preview(client, job, width=sheet.width)
    left = (sheet.width - 640) // 2
    top = next(y for y in range(100) if tuple(image[y, sheet.width // 2]) in legend_colours(LAI_RAMP.table()))
    shown = image[top : top + 550, left : left + 640]
    lai = job.values("lai", max(job.stored["lai"]))
    table = np.array(LAI_RAMP.table())
    expected = table[np.round(np.nan_to_num(lai) / 8 * (STEPS - 1)).astype(int)]
    known = np.isfinite(lai)
    water = job.stored["quality"][max(job.stored["quality"])] == 5
    assert np.abs(shown - expected)[known & ~water].max() <= 2
    assert (shown[~known] == 230).all()
    assert {tuple(colour) for colour in shown[water].tolist()} == set(WATER.colours)


def test_a_preview_of_classes_has_their_colours_only(client, job):
    image = preview(client, job, asset="quality", date="2023-05-01", width=300)
    found, counts = np.unique(image[60:240, 30:270].reshape(-1, 3), axis=0, return_counts=True)
    of_classes = legend_colours(c.colour for c in QUALITY) | {(230, 230, 230)}
    share = sum(count for colour, count in zip(found.tolist(), counts, strict=True) if tuple(colour) in of_classes)
    assert share / counts.sum() > 0.8  # the rest are edges between two classes


def test_without_a_date_the_last_one_is_shown(client, job):
    assert (preview(client, job) == preview(client, job, date="2023-05-21")).all()
    assert not np.array_equal(preview(client, job), preview(client, job, date="2023-05-11"))


def orange(image):
    """Pixels that are neither grey nor a legend's: above the map there is nothing else with a colour."""
    return (image[..., 0] - image[..., 2] > 60).sum()


@pytest.mark.parametrize("simulated", [True, False])
def test_simulated_pictures_say_so(client, job, simulated):
    for image in (preview(client, job), preview(client, job, asset="quality", width=128), *frames(client, job)):
        head = image[: max(24, image.shape[1] // 20)]
        assert bool(orange(head) > 10) is simulated


def test_the_season_has_a_frame_for_every_date(client, job):
    strip = frames(client, job)
    assert len(strip) == 3
    heads = [frame[:40] for frame in strip]
    assert all(not np.array_equal(a, b) for a, b in pairwise(heads))  # each has its date
    assert strip[0].shape[1] == 480
    colours = legend_colours(LAI_RAMP.table())
    middle = strip[1][200:300, 200:300].reshape(-1, 3)
    near = [
        min(max(abs(a - b) for a, b in zip(pixel, c, strict=True)) for c in colours) for pixel in middle[::97].tolist()
    ]
    assert np.median(near) <= 6  # averages of neighbours, for the raster is finer than the frame


def test_the_season_is_made_once(client, job, monkeypatch):
    first = client.get(f"/jobs/{job.id}/season.webp")
    monkeypatch.setattr(season, "draw", lambda *_, **__: 1 / 0)
    again = client.get(f"/jobs/{job.id}/season.webp")
    assert again.content == first.content
    kept = client.get(f"/jobs/{job.id}/season.webp", headers={"if-none-match": first.headers["etag"]})
    assert kept.status_code == 304


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("width=1025", 400),
        ("width=0", 400),
        ("width=-5", 400),
        ("width=x", 400),
        ("width=" + "9" * 400, 400),
        ("asset=evi", 404),
        ("asset=", 404),
        ("date=2023-05-02", 404),
        ("date=", 404),
        ("date=%00", 404),
        ("asset=fused", 404),
    ],
)
def test_what_there_is_not_is_refused(client, job, query, status):
    answer = client.get(f"/jobs/{job.id}/preview.png?{query}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_before_and_after_there_are_no_pictures(client, new_job, job):
    waiting = new_job().id
    for path in ("preview.png", "season.webp"):
        assert client.get(f"/jobs/{waiting}/{path}").json()["type"].endswith("/result-not-ready")
    client.delete(f"/jobs/{job.id}")
    for path in ("preview.png", "season.webp"):
        assert client.get(f"/jobs/{job.id}/{path}").status_code == 410


@pytest.mark.parametrize("grid", [(1, 1), (1, 5000), (5000, 1), (3000, 3000), (40, 40)])
@pytest.mark.parametrize("width", [128, 1024])
def test_any_shape_of_a_job_fits(grid, width):
    from datetime import date

    from jobs.legends import LEGENDS

    sheet = Sheet.of(width, grid)
    read = tuple(min(own, wanted) for own, wanted in zip(grid, sheet.read_shape, strict=True))
    for legend in LEGENDS.values():
        image = draw(np.ones(read, np.uint8), legend, date(2023, 5, 1), sheet, simulated=True)
        assert image.width == width
        assert image.height < 4 * width
