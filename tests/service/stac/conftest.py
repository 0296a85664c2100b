"""Two finished jobs whose items can be searched, in either database."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from jobs.published import Document, Published, PublishedItem


def an_item(collection, n, west):
    ring = [[west, 50], [west + 1, 50], [west + 1, 51], [west, 51], [west, 50]]
    moment = datetime(2023, 6, 1, tzinfo=UTC) + timedelta(days=n)
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "id": f"lai-{n}",
        "collection": collection,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "bbox": [west, 50, west + 1, 51],
        "properties": {
            "datetime": moment.isoformat().replace("+00:00", "Z"),
            "created": "2024-02-03T04:05:06.7Z",
            "gsd": 20,
            "clearleaf:observed_fraction": n / 10,
            "clearleaf:origin": ["reconstructed", "mixed", "observed"][n % 3],
            "clearleaf:days_to_clear": None if n == 5 else n,
            "clearleaf:simulated": n % 2 == 0,
        },
        "links": [{"rel": "derived_from", "href": "https://stac.example.org/items/S2A_1"}],
        "assets": {"lai": {"href": f"./lai-{n}.tif"}, "quality": {"href": f"./quality-{n}.tif"}},
    }


@pytest.fixture
def settings(settings, request):
    if getattr(request, "param", "sqlite") == "sqlite":
        return settings
    return settings.model_copy(update={"database_url": request.getfixturevalue("postgres").empty_database()})


@pytest.fixture
def jobs(new_job, store, claim_next):
    """Two jobs: ten items in the east, days 0 to 9, and four in the far west, days 0 to 3."""
    made = []
    for count, west in ((10, 11), (4, -100)):
        job = new_job()
        store.end_plan(claim_next(job.id), "plan.json", ["r000c000"])
        store.end_prepare(claim_next(job.id), "state/")
        store.end_tile(claim_next(job.id), "piece/")
        key = f"jobs/{job.id}/results/1/"
        items = [an_item(str(job.id), n, west) for n in range(count)]
        entries = [PublishedItem.of(f"{key}{i['id']}.json", json.dumps(i).encode()) for i in items]
        store.succeed(
            claim_next(job.id), f"{key}manifest.json", Published(Document.of(key + "c.json", b"{}"), tuple(entries))
        )
        made.append(str(job.id))
    return made
