"""A small order that is wrong in many ways gets a short answer, which says where to begin."""

import tracemalloc

import pytest

from jobs.errors import MOST_PROBLEMS

EXECUTION = "/processes/lai-reconstruction/execution"


def collection(features):
    return {"type": "FeatureCollection", "features": features}


MANY = {
    "parcels that are too many": {"parcels": collection([{}] * 300_000)},
    "parcels that are empty": {"parcels": collection([{}] * 10_000)},
    "parcels that share an id": {"parcels": collection([{"id": "a" * 1000}] * 10_000)},
    "dates": {"dates": ["x"] * 100_000},
    "dates that can be told": {"dates": ["x"] * 10_000},
    "days out of the range": {"dates": ["1999-01-01"] * 10_000},
    "assets": {"extra_assets": [""] * 100_000},
    "members": {f"m{i}": 1 for i in range(50_000)},
    "a long name": {"m" * 1_000_000: 1},
}


@pytest.mark.parametrize("door", ["/jobs", EXECUTION])
@pytest.mark.parametrize("wrong", MANY)
def test_what_is_wrong_many_times_is_told_a_few_times(client, order, door, wrong):
    sent = order | MANY[wrong]
    answer = client.post(door, json={"inputs": sent} if door == EXECUTION else sent)
    assert answer.status_code == 422
    assert len(answer.content) < 60_000
    assert len(answer.json()["errors"]) <= MOST_PROBLEMS
    assert len(answer.json()["detail"]) < 3000


def test_an_execute_request_that_is_wrong_many_times(client, order):
    by_reference = {f"m{i}": {"href": "x"} for i in range(10_000)}
    outputs = {f"o{i}": {} for i in range(10_000)}
    for sent in ({"inputs": order | by_reference}, {"inputs": order, "outputs": outputs}):
        answer = client.post(EXECUTION, json=sent)
        assert (answer.status_code, len(answer.json()["errors"])) == (422, MOST_PROBLEMS)


def test_the_sentence_says_how_many_more_there_are(client, order):
    for count, told in ((8, "and 3 more"), (200, "and many more")):
        answer = client.post("/jobs", json=order | {f"m{i}": 1 for i in range(count)}).json()
        assert answer["detail"].endswith(told)
        assert answer["errors"][0]["detail"] in answer["detail"]


def test_a_parcel_that_is_wrong_is_named(client, order):
    good = {"type": "Feature", "id": "good", "geometry": order["aoi"]}
    for bad in ({"type": "Feature", "id": "b", "geometry": None}, 7, good | {"id": "c", "properties": 7}):
        answer = client.post("/jobs", json=order | {"parcels": collection([good, bad])}).json()
        assert "parcels feature 1 " in answer["detail"]


def test_checking_a_hopeless_order_takes_little_memory(client, order):
    """The order itself is 0.9 MB; it took 250 MB to refuse it."""
    sent = order | MANY["parcels that are too many"]
    tracemalloc.start()
    client.post("/jobs", json=sent)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 80e6
