"""Figures of a polygon are those of the pixels below it, and large polygons cost no more than others."""

import json
import time

import numpy as np
import pytest
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from pyproj import Transformer

import service.statistics as statistics_module


@pytest.fixture
def ring(job):
    """Return a function from rows and columns of the grid's lattice to a closed ring of degrees."""
    to_degrees = Transformer.from_crs(str(job.geobox.crs), "EPSG:4326", always_xy=True)

    def make(top, left, bottom, right):
        corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        return [list(to_degrees.transform(*(job.geobox.affine @ corner))) for corner in corners]

    return make


def polygon(*rings):
    return {"type": "Polygon", "coordinates": list(rings)}


def ask(client, job, body):
    return client.post(f"/jobs/{job.id}/statistics", json=body)


@pytest.mark.parametrize("in_bucket", [False, True])
def test_figures_are_those_of_the_pixels_below(client, job, ring, in_bucket):
    answer = ask(client, job, polygon(ring(300, 200, 340, 250)))
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["unit"], found["simulated"], found["sampled_px"]) == ("m2 m-2", True, 1)
    for row, day in zip(found["series"], sorted(job.stored["lai"]), strict=True):
        lai = job.values("lai", day)[300:340, 200:250]
        assert row["date"] == day.isoformat()
        assert row["reason"] is None
        assert row["n_px"] == pytest.approx(2000, abs=0.5)
        assert row["valid_fraction"] == pytest.approx(1, abs=1e-3)
        assert row["mean"] == pytest.approx(lai.mean(), abs=1e-3)
        assert row["std"] == pytest.approx(lai.std(), abs=1e-3)
        for name, q in (("p10", 10), ("median", 50), ("p90", 90)):
            assert row[name] == pytest.approx(np.percentile(lai, q), abs=0.02)
        assert lai.min() - 1e-3 <= row["min"] < row["p10"] < row["median"] < row["p90"] < row["max"]


def test_the_words_are_those_of_the_parcels(client, job, ring):
    from worker.outputs.parcels import COLUMNS

    row = ask(client, job, polygon(ring(300, 200, 340, 250))).json()["series"][0]
    assert set(row) - {"date", "reason"} <= set(COLUMNS)
    assert {"mean", "std", "min", "max", "p10", "median", "p90", "n_px", "valid_fraction"} <= set(row)


@pytest.mark.parametrize("count", [1, 2, 7, 500])
def test_figures_are_defined_as_for_parcels(count):
    """exactextract makes the parcels' series; here its figures are computed of pixels that it has found once."""
    random = np.random.default_rng(count)
    values = random.uniform(0, 8, (count, 1))
    source = NumPyRasterSource(values, 0, 0, 1, count, nodata=np.nan)
    edge = [[0.2, 0.3], [1, 0.1], [0.9, count - 0.2], [0.1, count], [0.2, 0.3]]
    feature = {"type": "Feature", "geometry": polygon(edge), "properties": {}}
    names = {"mean": "mean", "stdev": "std", "min": "min", "max": "max", "quantile_10": "p10", "median": "median"}
    names |= {"quantile_90": "p90"}
    asked = ["mean", "stdev", "min", "max", "quantile(q=0.1)", "median", "quantile(q=0.9)", "cell_id", "coverage"]
    (answer,) = exact_extract(source, feature, asked)
    theirs = answer["properties"]
    ours = statistics_module.weighted_figures(values.ravel()[theirs["cell_id"]], theirs["coverage"].astype(float))
    assert set(ours) == set(names.values())
    for name, own in names.items():
        assert ours[own] == pytest.approx(theirs[name], abs=1e-5), name


def test_half_a_pixel_counts_half(client, job, ring):
    row = ask(client, job, polygon(ring(300.5, 200, 310, 250))).json()["series"][0]
    assert row["n_px"] == pytest.approx(9.5 * 50, abs=0.5)


def test_holes_and_several_parts_count(client, job, ring):
    shape = {
        "type": "Feature",
        "properties": None,
        "geometry": {
            "type": "MultiPolygon",
            "coordinates": [[ring(300, 200, 320, 220), ring(305, 205, 310, 210)], [ring(400, 300, 410, 310)]],
        },
    }
    assert ask(client, job, shape).json()["series"][0]["n_px"] == pytest.approx(400 - 25 + 100, abs=0.5)


def test_what_lies_outside_counts_as_missing(client, job, ring):
    row = ask(client, job, polygon(ring(500, -50, 600, 50))).json()["series"][0]
    assert row["valid_fraction"] == pytest.approx(0.25, abs=0.01)
    water = ask(client, job, polygon(ring(520, 590, 540, 630))).json()["series"][0]
    assert (water["n_px"], water["mean"]) == (0, None)
    assert "no data" in water["reason"]
    empty = ask(client, job, polygon(ring(5, 5, 50, 50))).json()["series"][0]
    assert (empty["n_px"], empty["valid_fraction"], empty["median"]) == (0, 0, None)


def test_a_polygon_elsewhere_says_so(client, job):
    for west, south in ((0, 0), (11.6, -48.7), (-179, 80), (10.9, 48.6)):
        square = [[west, south], [west + 0.1, south], [west + 0.1, south + 0.1], [west, south + 0.1], [west, south]]
        answer = ask(client, job, polygon(square))
        assert answer.status_code == 200
        assert {row["reason"] for row in answer.json()["series"]} == {"the polygon lies outside the job's grid"}


def test_a_sliver_is_answered(client, job, ring):
    row = ask(client, job, polygon(ring(300.4, 200.4, 300.5, 200.5))).json()["series"][0]
    assert row["n_px"] == pytest.approx(0.01, abs=1e-3)
    assert (
        row["min"] == row["max"] == pytest.approx(float(job.values("lai", min(job.stored["lai"]))[300, 200]), abs=1e-3)
    )


def test_a_large_polygon_is_read_from_overviews(client, job, ring, monkeypatch):
    whole = polygon(ring(150, 200, 500, 560))
    exact = ask(client, job, whole).json()
    monkeypatch.setattr(statistics_module, "MOST_CELLS", 40_000)
    sampled = ask(client, job, whole).json()
    assert (exact["sampled_px"], sampled["sampled_px"]) == (1, 2)
    for rough, true in zip(sampled["series"], exact["series"], strict=True):
        assert rough["mean"] == pytest.approx(true["mean"], abs=0.01)
        assert rough["median"] == pytest.approx(true["median"], abs=0.1)
        assert rough["n_px"] == pytest.approx(true["n_px"], rel=0.005)
        assert rough["valid_fraction"] == pytest.approx(true["valid_fraction"], abs=0.005)


def test_the_whole_world_in_one_zone_is_bounded(client, job):
    band = [[8, -89], [14, -89], [14, 89], [8, 89], [8, -89]]
    row = ask(client, job, polygon(band)).json()["series"][0]
    assert 0 < row["n_px"] <= 550 * 640
    assert row["valid_fraction"] < 0.001


SQUARE = [[11.61, 48.71], [11.62, 48.71], [11.62, 48.72], [11.61, 48.72], [11.61, 48.71]]


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({}, "", "the polygon has type None"),
        ({"type": "Point", "coordinates": [1, 2]}, "", "the polygon has type 'Point'"),
        (polygon(SQUARE[:-1]), "/coordinates/0", "not closed"),
        (polygon(SQUARE[:2]), "/coordinates/0", "fewer than four"),
        (polygon([[11, 48], [12, 49], [12, 48], [11, 49], [11, 48]]), "", "untangle"),
        (polygon([[48, 111], [49, 111], [49, 112], [48, 111]]), "/coordinates/0/0", "swapped"),
        (polygon([[0, 0], [50, 0], [50, 10], [0, 0]]), "", "spans"),
        (polygon([[0, 0], [0, 0], [0, 0], [0, 0]]), "", "no area"),
        ({"type": "Polygon", "coordinates": "x"}, "/coordinates", "list of rings"),
        ({"type": "Polygon", "coordinates": [[["a", 1]] * 4]}, "/coordinates/0/0", "position"),
        ({"type": "Feature", "geometry": None}, "/geometry", "has type None"),
        ({"type": "FeatureCollection", "features": []}, "/type", "give one Polygon"),
    ],
)
def test_what_is_no_polygon_is_refused_with_its_place(client, job, body, pointer, words):
    answer = ask(client, job, body)
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["pointer"] == pointer
    assert words in error["detail"]


def test_too_many_vertices_are_refused(client, job):
    angles = np.linspace(0, 2 * np.pi, 10_500)
    ring = np.column_stack([11.62 + 0.01 * np.cos(angles), 48.72 + 0.01 * np.sin(angles)])
    ring[-1] = ring[0]
    answer = ask(client, job, polygon(ring.tolist()))
    assert answer.status_code == 422
    assert "at most 10000" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"type": "Polygon", "coordinates": NaN}', "application/json", 400),
        (json.dumps(polygon(SQUARE)).encode(), "text/plain", 415),
        (b" " * (17 * 2**20), "application/json", 413),
    ],
)
def test_bodies_are_read_as_strictly_as_orders(client, job, content, kind, status):
    answer = client.post(f"/jobs/{job.id}/statistics", content=content, headers={"content-type": kind})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_polygon_of_many_long_edges_costs_no_more(client, job):
    """Ten thousand edges across the whole grid: the pixels below are found once, not for every date."""
    teeth = np.linspace(11.45, 11.75, 9000)
    ring = [[float(x), 48.9 if i % 2 else 48.501] for i, x in enumerate(teeth)]
    ring += [[11.75, 48.5], [11.45, 48.5], ring[0]]
    started = time.process_time()
    answer = ask(client, job, polygon(ring))
    assert answer.status_code == 200
    assert answer.json()["series"][0]["valid_fraction"] > 0.05
    assert time.process_time() - started < 30
