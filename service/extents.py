"""What the configured catalogues cover, so that an order that none of their scenes can answer is refused at once."""

from __future__ import annotations

import logging
import time

from shapely import transform
from shapely.geometry.base import BaseGeometry

from jobs.catalog import CatalogProfile, open_catalog
from jobs.errors import Problem
from jobs.extent import Extent
from jobs.job import JobRequest

log = logging.getLogger(__name__)

HOLDS_S = 60.0
"""Catalogues grow, but no order should wait for one to be read again."""
PATIENCE_S = 2.0
"""A customer waits for the answer meanwhile."""


class Extents:
    """The extents of catalogues, read when they are first asked for, and again when they may have changed."""

    def __init__(self, catalogs: dict[str, CatalogProfile]) -> None:
        self._catalogs = catalogs
        self._known: dict[str, tuple[Extent, ...]] = {}
        self._read_again: dict[str, float] = {}

    def of(self, name: str) -> tuple[Extent, ...]:
        """Return the extents of a configured catalogue's collections; none where it cannot be read at the moment."""
        now = time.monotonic()
        if now >= self._read_again.get(name, now):
            self._read_again[name] = now + HOLDS_S  # said first: orders do not queue up behind a slow catalogue
            self._known[name] = self._read(name)
        return self._known.get(name, ())

    def simulated(self, name: str) -> bool:
        """Return whether a configured catalogue's scenes are made by a simulator, as its settings or itself say."""
        return self._catalogs[name].simulated or any(extent.simulated for extent in self.of(name))

    def _read(self, name: str) -> tuple[Extent, ...]:
        try:
            return open_catalog(self._catalogs[name], PATIENCE_S).extents()
        except Exception as error:  # whatever is wrong with a catalogue: the job will say so, an order is safe
            log.warning("orders are not checked against the extent of catalogue %s: %s", name, error)
            return ()


def ruled_out(request: JobRequest, name: str, extents: tuple[Extent, ...]) -> Problem | None:
    """Return why no scene of a catalogue can answer an order; None where there may be one.

    Args:
        request: the order.
        name: of the catalogue.
        extents: of its collections; none where they are not known.
    """
    if not extents:
        return None
    here = [extent for extent in extents if extent.meets(request.area)]
    if not here:
        return _elsewhere(request, name, extents)
    if not any(extent.overlaps(request.scene_range) for extent in here):
        return _another_time(request, name, here)
    return None


def _elsewhere(request: JobRequest, name: str, extents: tuple[Extent, ...]) -> Problem:
    member = "aoi" if request.aoi is not None else "parcels"
    west, south, east, north = extents[0].area.bounds
    place = f"{west:g} to {east:g}° of longitude and {south:g} to {north:g}° of latitude"
    cure = "order a place there"
    if any(extent.meets(_swapped(request.area)) for extent in extents):
        cure = "the order is [longitude, latitude], the two look swapped"
    return Problem(f"/{member}", f"{member} lies outside catalogue {name!r}, which covers {place}: {cure}")


def _swapped(area: BaseGeometry) -> BaseGeometry:
    return transform(area, lambda positions: positions[:, ::-1])


def _another_time(request: JobRequest, name: str, extents: list[Extent]) -> Problem:
    days = request.scene_range
    late = all(extent.end is not None and extent.end < days.start for extent in extents)
    spans = " and ".join(sorted({f"{extent.start or '...'} to {extent.end or '...'}" for extent in extents}))
    member, value = ("start", request.start) if late else ("end", request.end)
    detail = f"{member} is {value}, so that scenes are read from {days.start} to {days.end}; catalogue {name!r} has "
    return Problem(f"/{member}", f"{detail}scenes of this area from {spans} only: order days near those")
