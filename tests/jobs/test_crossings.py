"""Areas that are joined: many may overlap, but what they make together is not much more than they are."""

import json
from itertools import chain

import numpy as np
import pytest
from shapely import MultiPolygon, Polygon, box, to_geojson, unary_union
from shapely.affinity import translate

import jobs.aoi
from jobs.aoi import Limits
from jobs.crossings import TooManyCrossings, check_edges, union_of
from jobs.errors import InvalidJob

WEST, SOUTH, SIDE = 3.0, 50.0, 0.2


def teeth(count: int, *, upright: bool, slant: float = 0.0) -> Polygon:
    """Return a valid comb of two edges across the whole place for each tooth, and a ridge that holds them."""
    at = np.arange(count) / count
    half = 0.5 / count
    top = [[(a, 0), (a + slant, 1), (a + slant + half, 1), (a + half, 0)] for a in at]
    ring = [*chain.from_iterable(top), (1, -0.01), (0, -0.01)]
    turned = [(x, y) if upright else (y, x) for x, y in ring]
    return Polygon([(WEST + SIDE * x, SOUTH + SIDE * y) for x, y in turned])


CROSSING = teeth(60, upright=True), teeth(60, upright=False)
"""14,400 crossings of 480 vertices."""
SHIFTED = [translate(box(WEST, SOUTH, WEST + 0.1, SOUTH + 0.1), 0.0005 * i, 0.0005 * i) for i in range(160)]
"""25,000 crossings of 800 vertices, but most of them lie within others."""


def features(*shapes) -> dict:
    made = [{"type": "Feature", "properties": {}, "geometry": json.loads(to_geojson(shape))} for shape in shapes]
    return {"type": "FeatureCollection", "features": made}


@pytest.mark.parametrize(("member", "cure"), [("parcels", "give an aoi"), ("aoi", "several jobs")])
def test_areas_that_cross_far_more_often_than_they_have_vertices_are_refused(order, refused, member, cure):
    without = {name: value for name, value in order.items() if name != "aoi"}
    detail = refused(without, **{member: features(*CROSSING)})[f"/{member}"]
    assert detail.startswith(f"{member} has areas whose edges cross more than 10486 times: simplify them")
    assert cure in detail


def test_with_an_aoi_around_them_parcels_may_cross(order, made):
    assert len(made(order, parcels=features(*CROSSING)).parcel_list) == 2


def test_what_many_small_parts_make_together_is_counted():
    strips = [
        *(box(WEST + SIDE * i / 80, SOUTH, WEST + SIDE * (i + 0.5) / 80, SOUTH + SIDE) for i in range(80)),
        *(box(WEST, SOUTH + SIDE * i / 80, WEST + SIDE, SOUTH + SIDE * (i + 0.5) / 80) for i in range(80)),
    ]
    with pytest.raises(TooManyCrossings):
        union_of(strips)


def test_parts_of_one_multipolygon_are_counted_as_well():
    rows = [box(WEST, SOUTH + SIDE * i / 80, WEST + SIDE, SOUTH + SIDE * (i + 0.5) / 80) for i in range(80)]
    columns = [box(WEST + SIDE * i / 80, SOUTH, WEST + SIDE * (i + 0.5) / 80, SOUTH + SIDE) for i in range(80)]
    with pytest.raises(TooManyCrossings):
        union_of([MultiPolygon(rows), MultiPolygon(columns)])


def adjoining() -> list[Polygon]:
    places = [(WEST + 0.004 * i, SOUTH + 0.004 * k) for i in range(30) for k in range(30)]
    return [box(x, y, x + 0.004, y + 0.004) for x, y in places]


def buffers() -> list[Polygon]:
    points = np.random.default_rng(0).random((400, 2)) * SIDE
    return [translate(Polygon(box(0, 0, 0.01, 0.01).buffer(0.01, quad_segs=4).exterior), x, y) for x, y in points]


@pytest.mark.parametrize("parts", [SHIFTED, adjoining(), buffers(), [teeth(5, upright=True), teeth(5, upright=False)]])
def test_parts_that_adjoin_or_overlap_are_joined_as_ever(parts):
    joined, expected = union_of(parts), unary_union(parts)
    assert joined.is_valid
    assert joined.symmetric_difference(expected).area == pytest.approx(0, abs=1e-12)


def test_edges_that_all_lie_close_together_are_refused_before_they_are_looked_at(order, refused):
    slanting = teeth(640, upright=True, slant=1.0)  # every tooth lies in the boxes of all others
    with pytest.raises(TooManyCrossings):
        check_edges(slanting)
    said = refused(order, aoi=json.loads(to_geojson(slanting)))["/aoi"]
    assert said == "aoi has 2563 vertices whose edges all lie close together: simplify it"
    check_edges(teeth(2000, upright=True))


def test_too_many_vertices_are_told_before_areas_are_joined(monkeypatch):
    monkeypatch.setattr(jobs.aoi, "union_of", lambda _parts: pytest.fail("they were joined"))
    with pytest.raises(InvalidJob, match=r"^aoi has more than 500 vertices: simplify it$"):
        jobs.aoi.read_area(features(*[teeth(60, upright=True)] * 3), "/aoi", Limits(max_order_vertices=500))
