"""The simulated catalogue behind HTTP is planned, settled and read as the one on disk: no real scenes are needed."""

from dataclasses import replace
from uuid import UUID

import numpy as np
import pytest

from jobs.catalog import CatalogProfile
from jobs.errors import Unavailable
from jobs.job import JobRequest, Limits
from worker import steps
from worker.inputs.access import Access
from worker.inputs.read import SceneReader
from worker.reconstruct import read_stack


@pytest.fixture
def over_http(parts, archive):
    """Return the parts of a worker that knows the catalogue by its URL, with a password."""
    archive.open_to_all = True
    place = f"{archive.url.replace('//', '//user:hunter2@')}/container/catalog.json"
    profile = CatalogProfile(name="simulated", href=place, simulated=True)
    reader = SceneReader(threads=4, tries=2, access=Access.of([profile], None, None))
    return replace(parts, catalogs={"simulated": profile}, reader=reader)


def planned(parts, order):
    key, _ = steps.plan_step(UUID(int=7), JobRequest.parse(order, Limits()), parts, "plan/")
    return steps.load_plan(key, parts)


def test_it_reads_as_it_does_on_disk(parts, over_http, order, archive):
    here, there = planned(parts, order), planned(over_http, order)
    assert "hunter2" not in there.model_dump_json()
    assert [scene.id for scene in there.scenes] == [scene.id for scene in here.scenes]
    mine, theirs = (read_stack(p, p.geobox, parts.reader) for p, parts in ((there, over_http), (here, parts)))
    assert mine.skipped == theirs.skipped == ()
    np.testing.assert_array_equal(mine.s2.series.reflectance, theirs.s2.series.reflectance)
    np.testing.assert_array_equal(mine.s1.series.power, theirs.s1.series.power)


def test_while_its_files_are_away_the_step_waits(over_http, order, archive):
    there = planned(over_http, order)
    archive.trouble, archive.troubled = (503, {"Retry-After": "30"}), ".tif"
    with pytest.raises(Unavailable, match="answered 503") as away:
        read_stack(there, there.geobox, over_http.reader)
    assert away.value.retry_after == 30
