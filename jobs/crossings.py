"""How often edges cross: two areas of few vertices may have very many together, and what they make is paid by these."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

SPARE = 10_000
"""Crossings that any areas may have, beside one for each of their vertices: parcels drawn one by one along common
borders have fewer. 100,000 crossings are some seconds' work and 100 MB."""
_NEAR = 100
"""Pairs of edges that may lie in each other's boxes, for each crossing allowed: looking at one takes 0.1 µs."""
_FEW = 100
"""Vertices; areas of so few together, or two of so few each, are joined unseen: looking would take longer."""
_ALONE = 500
"""Vertices; so few edges may all lie in each other's boxes."""
_AT_ONCE = 1_000_000
"""Pairs of edges that are held in memory."""

_Edges = NDArray[np.float64]
"""(N, 2, 2): edges, their ends, x and y."""


class TooManyCrossings(ValueError):
    """The edges of areas cross, or nearly cross, too often.

    Attributes:
        most: so often they may cross.
    """

    def __init__(self, most: int) -> None:
        super().__init__(f"more than {most} crossings of edges")
        self.most = most


def check_edges(geometry: BaseGeometry) -> None:
    """Refuse a geometry whose edges lie in each other's boxes too often: to see that it is valid would take long.

    Raises:
        TooManyCrossings: they do.
    """
    vertices = shapely.get_num_coordinates(geometry)
    if vertices > _ALONE:
        edges = _edges_of(geometry)
        left = _NEAR * (SPARE + vertices)
        for first, _ in _near(edges, edges):
            left -= len(first)
            if left < 0:
                raise TooManyCrossings(SPARE + vertices)


def union_of(parts: Sequence[BaseGeometry]) -> BaseGeometry:
    """Return the union of valid polygons and multipolygons, neighbours joined first.

    Crossings are counted before each step, and those within what has been joined no more: parcels may overlap as much
    as they like, as long as what they make together is not much more than they are.

    Raises:
        TooManyCrossings: it is.
    """
    counts = shapely.get_num_coordinates(parts)
    budget = _Budget(SPARE + int(counts.sum()))
    order = _by_place(parts)
    joined = [budget.join_few(group) for group in _groups([parts[i] for i in order], counts[order])]
    while len(joined) > 1:
        pairs = zip(joined[::2], joined[1::2], strict=False)
        joined = [budget.join(*pair) for pair in pairs] + joined[len(joined) // 2 * 2 :]
    return joined[0]


class _Budget:
    """Joins areas for as long as their edges do not cross too often."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._crossings = most
        self._near = _NEAR * most

    def join_few(self, parts: list[BaseGeometry]) -> BaseGeometry:
        """Return the union of areas that are too small to do much harm."""
        if len(parts) == 1:
            return parts[0]
        joined = shapely.unary_union(parts)
        made = shapely.get_num_coordinates(joined) - int(shapely.get_num_coordinates(parts).sum())
        self._spend(max(0, made), 0)
        return joined

    def join(self, one: BaseGeometry, other: BaseGeometry) -> BaseGeometry:
        """Return the union of two areas."""
        if math.prod(shapely.get_num_coordinates([one, other]).tolist()) <= _FEW**2:
            return self.join_few([one, other])
        (west, south, east, north), (left, low, right, high) = one.bounds, other.bounds
        shared = max(west, left), max(south, low), min(east, right), min(north, high)
        if shared[0] <= shared[2] and shared[1] <= shared[3]:
            edges, others = (_within(_edges_of(area), shared) for area in (one, other))
            for first, second in _near(edges, others):
                self._spend(int(np.count_nonzero(_crosses(first, second))), len(first))
        return shapely.union(one, other)

    def _spend(self, crossings: int, near: int) -> None:
        self._crossings -= crossings
        self._near -= near
        if self._crossings < 0 or self._near < 0:
            raise TooManyCrossings(self._most)


def _by_place(parts: Sequence[BaseGeometry]) -> NDArray[np.intp]:
    """Return the order in which neighbours follow each other: from south to north, in strips from west to east."""
    west, south, east, north = shapely.bounds(parts).T
    strips = np.array_split(np.argsort(west + east), max(1, round(len(parts) ** 0.5)))
    return np.concatenate([strip[np.argsort((south + north)[strip])] for strip in strips])


def _groups(parts: Sequence[BaseGeometry], counts: NDArray[np.intp]) -> Iterator[list[BaseGeometry]]:
    """Yield neighbours that have few vertices together."""
    group: list[BaseGeometry] = []
    size = 0
    for part, count in zip(parts, counts.tolist(), strict=True):
        if group and size + count > _FEW:
            yield group
            group, size = [], 0
        group.append(part)
        size += count
    yield group


def _edges_of(geometry: BaseGeometry) -> _Edges:
    rings = shapely.get_parts(shapely.boundary(geometry))
    positions, ring = shapely.get_coordinates(rings, return_index=True)
    edges: _Edges = np.stack([positions[:-1], positions[1:]], axis=1)[ring[1:] == ring[:-1]]
    return edges


def _within(edges: _Edges, box: tuple[float, float, float, float]) -> _Edges:
    """Return the edges whose boxes meet a box."""
    lowest, highest = np.minimum(edges[:, 0], edges[:, 1]), np.maximum(edges[:, 0], edges[:, 1])
    meets = (lowest <= box[2:]) & (highest >= box[:2])
    return edges[meets[:, 0] & meets[:, 1]]


def _near(edges: _Edges, others: _Edges) -> Iterator[tuple[_Edges, _Edges]]:
    """Yield, some at a time, the pairs of edges whose boxes meet."""
    if not len(edges) or not len(others):
        return
    tree = STRtree(shapely.linestrings(others))
    step = max(1, _AT_ONCE // len(others))
    for begin in range(0, len(edges), step):
        some = edges[begin : begin + step]
        first, second = tree.query(shapely.linestrings(some))
        yield some[first], others[second]


def _crosses(edges: _Edges, others: _Edges) -> NDArray[np.bool_]:
    """Return which of the edges have a point in common with the other one, and both its ends beside it."""
    return _parts(edges, others) & _parts(others, edges)


def _parts(edges: _Edges, others: _Edges) -> NDArray[np.bool_]:
    """Return whether the ends of the others lie on different sides of the edges' lines."""
    along = edges[:, 1] - edges[:, 0]
    sides = [np.sign(along[:, 0] * beside[:, 1] - along[:, 1] * beside[:, 0]) for beside in _from_start(edges, others)]
    return np.asarray(sides[0] * sides[1] < 0)


def _from_start(edges: _Edges, others: _Edges) -> Iterator[NDArray[np.float64]]:
    return (others[:, end] - edges[:, 0] for end in (0, 1))
