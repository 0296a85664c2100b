"""Searching results: every way of asking finds the same items."""

import json
from urllib.parse import quote

import pytest

from jobs.searchable import PROPERTIES

BASE = "https://lai.example.org/api"
FRACTION = "clearleaf:observed_fraction"


both = pytest.mark.parametrize("settings", ["sqlite", "postgresql"], indirect=True)
"""Asked of either database; anything else is asked of SQLite."""


@pytest.fixture
def ask(client, jobs):
    """Ask by body and by URL; both find the same. Returns the numbers of the items found, in their order."""

    def numbers(answer):
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert page["numberReturned"] == len(page["features"])
        return [int(item["id"].removeprefix("lai-")) for item in page["features"]]

    def search(**members):
        members = {name.replace("_", "-"): value for name, value in members.items()}
        found = numbers(client.post("/stac/search", json=members))
        assert numbers(client.get("/stac/search", params=texts(members))) == found
        return found

    return search


def texts(members):
    """The members of a body as parameters of a URL."""
    return {name: _text(name, value) for name, value in members.items()}


def _text(name, value):
    if name == "sortby":
        return ",".join(("-" if key["direction"] == "desc" else "+") + key["field"] for key in value)
    if isinstance(value, dict):
        return json.dumps(value)
    return ",".join(map(str, value)) if isinstance(value, list) else value


EAST = list(range(9, -1, -1))


def test_ids_collections_and_time(ask, jobs):
    assert ask(collections=[jobs[0]]) == EAST
    assert ask(collections=jobs, ids=["lai-9", "lai-0"]) == [9, 0, 0]
    assert ask(collections=["nonsense"]) == []
    assert ask(collections=[], ids=[]) == ask()
    assert ask(datetime="2023-06-09") == [8]
    assert ask(datetime="2023-06-09T00:00:00Z") == [8]
    assert ask(datetime="2023-06-09T02:00:00+02:00") == [8]
    assert ask(datetime="2023-06-09/..") == ask(datetime="2023-06-08T00:00:01Z/") == [9, 8]
    assert ask(datetime="../2023-06-01", collections=[jobs[0]]) == [0]
    assert ask(datetime="2023-06-05/2023-06-06T00:00:00.5Z") == [5, 4]


@pytest.mark.parametrize(
    ("bbox", "finds"),
    [
        ([11.2, 50.2, 11.4, 50.4], 0),
        ([10, 50, 11, 50], 0),  # a corner will do
        ([11.5, 50.5, 11.5, 50.5], 0),
        ([11.5, 50.5, 100, 11.6, 50.6, 200], 0),
        ([170, -10, -99.5, 60], 1),
        ([12.1, 50, 13, 51], None),
    ],
)
def test_boxes(ask, jobs, bbox, finds):
    assert ask(bbox=bbox) == ([] if finds is None else ask(collections=[jobs[finds]]))


def test_geometries(ask):
    assert ask(intersects={"type": "Point", "coordinates": [11.5, 50.5]}) == EAST
    assert ask(intersects={"type": "LineString", "coordinates": [[0, 50.5, 7], [20, 50.5, 7]]}) == EAST
    triangle = [[[13, 49], [13, 53], [11.1, 53], [13, 49]]]
    assert ask(intersects={"type": "Polygon", "coordinates": triangle}) == []  # only the box around it meets the items
    assert len(ask(intersects={"type": "MultiPoint", "coordinates": [[11.5, 50.5], [-99.5, 50.5]]})) == 14


@both
def test_queries(ask, jobs):
    east = {"collections": [jobs[0]]}
    assert ask(query={FRACTION: {"gte": 0.8}}) == [9, 8]
    assert ask(query={f"properties.{FRACTION}": {"gt": "0.8"}}) == [9]
    assert ask(query={FRACTION: {"lt": 0.3, "gte": 0.1}}, **east) == [2, 1]
    assert ask(query={"clearleaf:origin": {"startsWith": "obs"}}, **east) == [8, 5, 2]
    assert ask(query={"clearleaf:origin": {"endsWith": "xed"}}, **east) == [7, 4, 1]
    assert ask(query={"clearleaf:origin": {"contains": "%"}}) == []
    assert ask(query={"clearleaf:origin": {"neq": "mixed"}, "clearleaf:simulated": {"eq": True}}, **east) == [
        8,
        6,
        2,
        0,
    ]
    assert ask(query={"id": {"in": ["lai-7", "lai-x"]}, "datetime": {"gt": "2023-06-01"}}) == [7]
    assert ask(query={"created": {"lte": "2024-02-03T04:05:06.7Z"}}, **east) == EAST


@both
@pytest.mark.parametrize(
    ("text", "east"),
    [
        ("gsd = 20", EAST),
        (f'"{FRACTION}" > 0.75', [9, 8]),
        (f"{FRACTION} > 0.75 AND clearleaf:simulated = true", [8]),
        (f"0.75 < {FRACTION}", [9, 8]),
        ("clearleaf:simulated", [8, 6, 4, 2, 0]),
        (f"{FRACTION} < clearleaf:days_to_clear", [9, 8, 7, 6, 4, 3, 2, 1]),
        (f"{FRACTION} BETWEEN 0.25 AND 0.5", [5, 4, 3]),
        ("clearleaf:days_to_clear IS NULL", [5]),
        ("NOT clearleaf:days_to_clear > 2", [2, 1, 0]),
        ("id IN ('lai-3', 'lai-4')", [4, 3]),
        ("clearleaf:origin LIKE 'm_x%'", [7, 4, 1]),
        ("clearleaf:origin LIKE 'M%'", []),
        ("clearleaf:origin LIKE '\\m%'", [7, 4, 1]),
        ("clearleaf:origin = 'mixed' OR clearleaf:origin = 'observed'", [8, 7, 5, 4, 2, 1]),
        ("datetime = DATE('2023-06-03')", [2]),
        ("datetime <> DATE('2023-06-03') AND datetime <= DATE('2023-06-04')", [3, 1, 0]),
        ("datetime > DATE('2023-06-08')", [9, 8]),
        ("datetime >= TIMESTAMP('2023-06-09T00:00:00Z')", [9, 8]),
        ("datetime > '2023-06-09T00:00:00Z'", [9]),
        ("datetime BETWEEN DATE('2023-06-02') AND DATE('2023-06-03')", [2, 1]),
        ("T_AFTER(datetime, DATE('2023-06-09'))", [9]),
        ("T_AFTER(TIMESTAMP('2023-06-03T00:00:00Z'), datetime)", [1, 0]),
        ("T_INTERSECTS(datetime, INTERVAL('2023-06-02', '2023-06-03'))", [2, 1]),
        ("T_DURING(datetime, INTERVAL('2023-06-02', '..'))", [9, 8, 7, 6, 5, 4, 3, 2]),
        ("T_DISJOINT(datetime, INTERVAL('..', '2023-06-08'))", [9, 8]),
        ("T_BEFORE(datetime, INTERVAL('2023-06-02', '2023-06-08'))", [0]),
        ("S_INTERSECTS(geometry, POINT(11.5 50.5))", EAST),
        ("S_WITHIN(geometry, BBOX(10, 49, 13, 52))", EAST),
        ("S_CONTAINS(BBOX(10, 49, 13, 52), geometry)", EAST),
        ("S_WITHIN(BBOX(11.1, 50.1, 11.2, 50.2), geometry)", EAST),
        ("S_DISJOINT(geometry, POLYGON((-101 49, -98 49, -98 52, -101 52, -101 49)))", EAST),
        ("S_INTERSECTS(geometry, POINT(11.5 50.5)) AND NOT gsd = 20", []),
        ("true AND gsd <= 20", EAST),
        ("false", []),
    ],
)
def test_filters_as_text_and_as_json(client, ask, jobs, text, east):
    import cql2

    assert ask(filter=text, collections=[jobs[0]]) == east
    node = cql2.parse_text(text).to_json()
    if isinstance(node, dict):
        assert ask(filter=node, collections=[jobs[0]]) == east
        assert ask(filter=node, filter_lang="cql2-json", collections=[jobs[0]]) == east
    listed = client.get(f"/stac/collections/{jobs[0]}/items", params={"filter": text, "filter-lang": "cql2-text"})
    assert [int(item["id"].removeprefix("lai-")) for item in listed.json()["features"]] == east


def test_a_list_of_items_knows_its_collection(client, jobs):
    url = f"/stac/collections/{jobs[1]}/items"
    for names, matched in (("", 4), (f"?collections={jobs[1]}", 4), (f"?collections={jobs[0]}", 0)):
        assert client.get(url + names).json()["numberMatched"] == matched


@both
def test_sorting(ask, jobs):
    def key(field, direction):
        return {"field": field, "direction": direction}

    east = {"collections": [jobs[0]]}
    assert ask(sortby=[key("datetime", "asc")], **east) == EAST[::-1]
    assert ask(sortby=[key("properties.datetime", "desc")], **east) == EAST
    assert ask(sortby=[key("clearleaf:days_to_clear", "desc")], **east) == [9, 8, 7, 6, 4, 3, 2, 1, 0, 5]
    assert ask(sortby=[key("clearleaf:origin", "asc"), key("id", "desc")], **east) == [7, 4, 1, 8, 5, 2, 9, 6, 3, 0]


def test_pages_hold_each_item_once_and_keep_the_question(client, jobs):
    asked = {"bbox": [-180, 0, 180, 90], "sortby": [{"field": "clearleaf:origin", "direction": "asc"}], "limit": 3}
    whole = client.post("/stac/search", json=asked | {"limit": 100}).json()["features"]
    seen, body = [], asked
    while body is not None:
        page = client.post("/stac/search", json=body).json()
        assert page["numberMatched"] == 14
        seen += page["features"]
        nexts = [link for link in page["links"] if link["rel"] == "next"]
        body = nexts[0]["body"] if nexts else None
        assert not nexts or (nexts[0]["method"], nexts[0]["href"]) == ("POST", f"{BASE}/stac/search")
    assert _keys(seen) == _keys(whole)
    seen, url = [], f"/stac/search?bbox=-180,0,180,90&sortby=%2Bclearleaf:origin&limit=5&fields={quote('id,+gsd')}"
    while url:
        page = client.get(url).json()
        seen += page["features"]
        url = next((link["href"].removeprefix(BASE) for link in page["links"] if link["rel"] == "next"), None)
    assert _keys(seen) == _keys(whole)


def _keys(features):
    return [(item["collection"], item["id"]) for item in features]


LEAST = {"type", "stac_version", "id", "collection", "geometry", "bbox", "properties", "links", "assets"}
NAMES = {"type", "stac_version", "id", "collection"}


@pytest.fixture
def item_with(client, jobs):
    """Return a function that asks for one item with these fields."""

    def ask(fields=None):
        asked = {"ids": ["lai-9"]} | ({} if fields is None else {"fields": fields})
        (found,) = client.post("/stac/search", json=asked).json()["features"]
        return found

    return ask


def test_fields_included_are_all_that_is_sent(item_with):
    assert set(item_with({"include": ["geometry"]})) == {*NAMES, "geometry"}
    assert item_with({"include": ["properties.gsd"]}).keys() == {*NAMES, "properties"}
    assert item_with({"include": ["properties.gsd"]})["properties"] == {"gsd": 20}
    assert item_with({"include": ["properties"]})["properties"] == item_with()["properties"]
    assert set(item_with({"include": ["nothing.such"], "exclude": ["no.such.thing", "collection"]})) == NAMES - {
        "collection"
    }


def test_fields_excluded_alone_leave_everything_else(item_with, monkeypatch):
    monkeypatch.setattr("jobs.signing.time.time", lambda: 1.7e9)  # two answers of two seconds have two signatures
    whole = item_with()
    assert item_with({"exclude": ["geometry"]}) == {k: v for k, v in whole.items() if k != "geometry"}
    less = item_with({"exclude": ["properties.created", "assets.lai"]})
    assert set(whole["properties"]) - set(less["properties"]) == {"created"}
    assert set(less["assets"]) == {"quality"}


@pytest.mark.parametrize("nobody", [{}, {"include": [], "exclude": None}, {"include": None}, {"exclude": []}])
def test_fields_that_name_nothing_give_the_least_that_is_an_item(item_with, nobody):
    found = item_with(nobody)
    assert set(found) == LEAST
    assert set(found["properties"]) == {"datetime"}
    without = item_with({"include": [], "exclude": ["geometry", "properties"]})
    assert set(without) == LEAST - {"geometry", "properties"}


def test_of_nested_fields_the_deepest_is_honoured_and_inclusion_goes_before_exclusion(item_with):
    whole = item_with()["properties"]
    fields = {"include": ["properties"], "exclude": ["properties.created"]}
    assert item_with(fields)["properties"] == {k: v for k, v in whole.items() if k != "created"}
    assert item_with({"include": ["properties.gsd"], "exclude": ["properties"]})["properties"] == {"gsd": 20}
    assert "geometry" in item_with({"include": ["geometry"], "exclude": ["geometry"]})


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("", {}),
        ("-geometry", {"exclude": ["geometry"]}),
        ("+id,properties, -properties.created", {"include": ["id", "properties"], "exclude": ["properties.created"]}),
    ],
)
def test_fields_of_a_url_are_those_of_a_body(client, item_with, text, fields):
    (found,) = client.get("/stac/search", params={"ids": "lai-9", "fields": text}).json()["features"]
    expected = item_with(fields)
    for one in (found, expected):
        one.pop("assets", None)  # hrefs are signed anew
    assert found == expected


def test_the_queryables_are_what_can_be_asked(client, jobs):
    document = client.get("/stac/queryables").json()
    assert document["additionalProperties"] is False
    assert set(document["properties"]) == {*PROPERTIES, "geometry"}
    of_collection = client.get(f"/stac/collections/{jobs[0]}/queryables")
    assert of_collection.status_code == 200
    assert of_collection.headers["content-type"] == "application/schema+json"
