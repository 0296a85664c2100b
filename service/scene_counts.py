"""How many scenes an order would read: asked of its catalogue, as long as that answers while a customer waits."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict

from odc.geo.geobox import GeoBox

from jobs.catalog import CatalogProfile, open_catalog
from jobs.cost import HALO_PX
from jobs.job import JobRequest, TimeRange
from jobs.planning import searched_area
from jobs.scene_count import SceneCount

log = logging.getLogger(__name__)

PATIENCE_S = 2.0
"""For one answer of a catalogue."""
BUDGET_S = 3.0
"""For all of them; the customer waits meanwhile."""
HOLDS_S = 60.0
"""So long a count is told again, and a catalogue that was too slow or away is left alone."""
REMEMBERED = 64

_Asked = tuple[str, GeoBox, TimeRange]


class SceneCounts:
    """Counts of the scenes of catalogues; while an order is edited, the same question comes many times."""

    def __init__(self, catalogs: dict[str, CatalogProfile]) -> None:
        self._catalogs = catalogs
        self._known: OrderedDict[_Asked, tuple[float, SceneCount]] = OrderedDict()
        self._left_alone: dict[str, float] = {}
        self._lock = threading.Lock()

    def of(self, request: JobRequest) -> SceneCount:
        """Return the scenes of a valid order: those that its catalogue has, or those that are to be expected."""
        asked = (str(request.catalog), request.geobox, request.scene_range)
        now = time.monotonic()
        with self._lock:
            since, known = self._known.get(asked, (now - HOLDS_S, None))
            may_ask = now >= self._left_alone.get(asked[0], now)
        if known is not None and now < since + HOLDS_S:
            return known
        found = self._counted(*asked) if may_ask else None
        if found is None:
            return SceneCount.expected(request.geobox, request.scene_range)
        with self._lock:
            self._known[asked] = (now, found)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return found

    def _counted(self, name: str, geobox: GeoBox, days: TimeRange) -> SceneCount | None:
        """Return what a catalogue has, None where it does not say so in time."""
        ends = time.monotonic() + BUDGET_S

        def in_time(found: int) -> None:
            if time.monotonic() > ends:
                raise TimeoutError(f"{found} scenes were found in {BUDGET_S:g} s, and there are more")

        try:
            catalog = open_catalog(self._catalogs[name], PATIENCE_S)
            in_time(0)
            found = catalog.search(searched_area(geobox, HALO_PX), days, in_time)
            return SceneCount.of(found.scenes, geobox)
        except Exception as error:  # whatever is wrong with a catalogue: the job will say so, an estimate goes without
            log.warning("scenes of catalogue %s are not counted for estimates: %s", name, error)
            with self._lock:
                self._left_alone[name] = time.monotonic() + HOLDS_S
            return None
