"""A file that is damaged in the storage is named, with the cure, by every door that reads it."""

import pytest

DAY = "2023-05-11"


@pytest.fixture
def doors(job, lonlat):
    """Every way to ask for pixels of LAI: method, path and body."""
    lon, lat = lonlat(job, 300, 300)
    ring = [[lon, lat], [lon + 0.002, lat], [lon + 0.002, lat + 0.002], [lon, lat + 0.002], [lon, lat]]
    return [
        ("GET", f"tiles/lai/{DAY}/tilejson.json", None),
        ("GET", f"tiles/lai/{DAY}/0/0/0.png", None),
        ("GET", f"preview.png?date={DAY}", None),
        ("GET", "season.webp", None),
        ("GET", f"point?lon={lon}&lat={lat}", None),
        ("POST", "statistics", {"type": "Polygon", "coordinates": [ring]}),
    ]


@pytest.fixture
def ask(client, job):
    def ask(door):
        method, path, body = door
        return client.request(method, f"/jobs/{job.id}/{path}", json=body)

    return ask


@pytest.fixture
def spoil(job, storage):
    """Return a function that rewrites the bytes of a published file."""

    def spoil(name, change):
        (key,) = (key for key in storage.list(f"jobs/{job.id}/results/") if key.endswith(f"/{name}"))
        storage.put_bytes(key, change(storage.get_bytes(key)))

    return spoil


def told_of(answer, name):
    assert answer.status_code == 502, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert name in problem["detail"]
    assert "order the job again" in problem["detail"]
    assert "/results/" not in answer.text
    return True


@pytest.mark.parametrize("in_bucket", [False, True])
@pytest.mark.parametrize("share", [0, 0.02, 0.5, 0.999])
def test_a_raster_that_was_cut_short_is_named_by_every_door(ask, doors, spoil, in_bucket, share):
    spoil(f"lai-{DAY}.tif", lambda content: content[: int(share * len(content))])
    told = [door for door in doors if ask(door).status_code == 502 and told_of(ask(door), f"lai-{DAY}.tif")]
    whole = [door for door in doors if door not in told]
    assert all(ask(door).status_code == 200 for door in whole)  # what they need is still there
    assert len(told) == len(doors) if share == 0 else told


@pytest.mark.parametrize("in_bucket", [False, True])
@pytest.mark.parametrize(
    "damage", [lambda content: bytes(len(content)), lambda content: content[:9000] + bytes(len(content) - 9000)]
)
def test_a_raster_with_other_bytes_is_named(ask, doors, spoil, in_bucket, damage):
    spoil(f"lai-{DAY}.tif", damage)
    answers = [ask(door) for door in doors]
    assert {answer.status_code for answer in answers} <= {200, 502}
    assert any(answer.status_code == 502 and told_of(answer, f"lai-{DAY}.tif") for answer in answers)


def test_other_dates_are_still_there(ask, spoil):
    spoil(f"lai-{DAY}.tif", lambda content: content[:100])
    assert ask(("GET", "preview.png?date=2023-05-01", None)).status_code == 200
    assert ask(("GET", f"preview.png?asset=quality&date={DAY}", None)).status_code == 200


@pytest.mark.parametrize("change", [lambda content: content[:50], lambda content: b"{}"])
def test_a_manifest_that_was_cut_short_is_named(ask, doors, spoil, change):
    spoil("manifest.json", change)
    assert all(told_of(ask(door), "manifest.json") for door in doors)
