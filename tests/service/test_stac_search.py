"""Searching results: every way of asking finds the same items, and what cannot be asked is refused by name."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st

from jobs.published import Document, Published, PublishedItem
from jobs.searchable import PROPERTIES
from service.stac.members import MEMBERS

BASE = "https://lai.example.org/api"
FRACTION = "clearleaf:observed_fraction"


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
            FRACTION: n / 10,
            "clearleaf:origin": ["reconstructed", "mixed", "observed"][n % 3],
            "clearleaf:days_to_clear": None if n == 5 else n,
            "clearleaf:simulated": n % 2 == 0,
        },
        "links": [{"rel": "derived_from", "href": "https://stac.example.org/items/S2A_1"}],
        "assets": {"lai": {"href": f"./lai-{n}.tif"}, "quality": {"href": f"./quality-{n}.tif"}},
    }


both = pytest.mark.parametrize("settings", ["sqlite", "postgresql"], indirect=True)
"""Asked of either database; anything else is asked of SQLite."""


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
    if name == "fields":
        return ",".join([*value.get("include", []), *(f"-{one}" for one in value.get("exclude", []))])
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


def test_fields(client, jobs):
    def item(fields):
        asked = {"ids": ["lai-9"], "fields": fields}
        (found,) = client.post("/stac/search", json=asked).json()["features"]
        (same,) = client.get("/stac/search", params=texts(asked)).json()["features"]
        assert set(same) == set(found)
        assert same["properties" if "properties" in same else "id"] == found.get("properties", found["id"])
        return found

    least = {"type", "stac_version", "id", "collection", "geometry", "bbox", "properties", "links", "assets"}
    assert set(item({})) == least
    assert set(item({})["properties"]) == {"datetime"}
    assert item({"include": ["properties.gsd"]})["properties"] == {"datetime": "2023-06-10T00:00:00Z", "gsd": 20}
    assert "created" in item({"include": ["properties"]})["properties"]
    assert "created" not in item({"include": ["properties"], "exclude": ["properties.created"]})["properties"]
    assert set(item({"exclude": ["links", "geometry"]})) == least - {"links", "geometry"}
    assert set(item({"exclude": ["assets.lai"]})["assets"]) == {"quality"}
    assert set(item({"include": ["nothing.such"], "exclude": ["no.such.thing"]})) == least


REFUSALS = [
    ({"bbox": [1, 2, 3]}, "/bbox"),
    ({"bbox": [1, 2, 3, "x"]}, "/bbox"),
    ({"bbox": [0, 10, 1, 5]}, "/bbox"),
    ({"bbox": [0, 10, 200, 50]}, "/bbox"),
    ({"bbox": [0, 95, 1, 96]}, "/bbox"),
    ({"bbox": "1,2,3,4"}, "/bbox"),
    ({"intersects": {"type": "Point", "coordinates": []}}, "/intersects/coordinates"),
    ({"intersects": {"type": "Point", "coordinates": [50.5, 111]}}, "/intersects/coordinates"),
    ({"intersects": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}}, "/intersects"),
    ({"intersects": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]]}}, "/intersects"),
    ({"intersects": {"type": "Feature", "geometry": None}}, "/intersects"),
    ({"intersects": {"type": "GeometryCollection", "geometries": []}}, "/intersects"),
    ({"intersects": 7}, "/intersects"),
    ({"intersects": {"type": ["Point"]}}, "/intersects"),
    ({"intersects": {"type": "MultiPoint", "coordinates": [[0, 0]] * 10_001}}, "/intersects"),
    ({"bbox": [0, 0, 1, 1], "intersects": {"type": "Point", "coordinates": [0, 0]}}, "/intersects"),
    ({"datetime": "yesterday"}, "/datetime"),
    ({"datetime": "../.."}, "/datetime"),
    ({"datetime": "2023-06-02/2023-06-01"}, "/datetime"),
    ({"datetime": "2023-02-30"}, "/datetime"),
    ({"datetime": "2023-06-01T00:00:00"}, "/datetime"),
    ({"datetime": "0001-01-01T00:00:00+14:00"}, "/datetime"),
    ({"datetime": 2023}, "/datetime"),
    ({"limit": 0}, "/limit"),
    ({"limit": "x"}, "/limit"),
    ({"limit": 1.5}, "/limit"),
    ({"ids": "lai-1"}, "/ids"),
    ({"ids": [1]}, "/ids"),
    ({"ids": ["x"] * 1001}, "/ids"),
    ({"token": "nonsense"}, "/token"),
    ({"token": 7}, "/token"),
    ({"sortby": [{"field": "size"}]}, "/sortby/0/field"),
    ({"sortby": [{"field": "id", "direction": "up"}]}, "/sortby/0/direction"),
    ({"sortby": ["id"]}, "/sortby/0"),
    ({"sortby": {"field": "id"}}, "/sortby"),
    ({"fields": ["id"]}, "/fields"),
    ({"fields": {"include": "id"}}, "/fields/include"),
    ({"query": {"size": {"eq": 1}}}, "/query/size"),
    ({"query": {"gsd": {"is": 1}}}, "/query/gsd/is"),
    ({"query": {"gsd": 20}}, "/query/gsd"),
    ({"query": {"gsd": {"eq": "twenty"}}}, "/query/gsd/eq"),
    ({"query": {"gsd": {"eq": 10**400}}}, "/query/gsd/eq"),
    ({"query": {"gsd": {"contains": "2"}}}, "/query/gsd/contains"),
    ({"query": {"id": {"in": "lai-1"}}}, "/query/id/in"),
    ({"query": []}, "/query"),
    ({"filter": "size = 1"}, "/filter/args/0"),
    ({"filter": "gsd ="}, "/filter"),
    ({"filter": ""}, "/filter"),
    ({"filter": "gsd"}, "/filter"),
    ({"filter": "gsd = 'twenty'"}, "/filter/args/1"),
    ({"filter": "gsd = 1e999"}, "/filter/args/1"),
    ({"filter": "gsd = NULL"}, "/filter/args/1"),
    ({"filter": "gsd + 1 = 21"}, "/filter/args"),
    ({"filter": "1 = 1"}, "/filter/args"),
    ({"filter": "CASEI(id) = CASEI('x')"}, "/filter/args"),
    ({"filter": "foo(gsd)"}, "/filter/op"),
    ({"filter": "gsd LIKE '2%'"}, "/filter/args/1"),
    ({"filter": "datetime = 'noon'"}, "/filter/args/1"),
    ({"filter": "datetime < created"}, "/filter/args"),
    ({"filter": "gsd < id"}, "/filter/args"),
    ({"filter": "T_AFTER(gsd, DATE('2023-01-01'))"}, "/filter/args"),
    ({"filter": "T_DURING(datetime, DATE('2023-01-01'))"}, "/filter/args"),
    ({"filter": "T_MEETS(datetime, INTERVAL('2023-01-01', '..'))"}, "/filter/op"),
    ({"filter": "S_INTERSECTS(geometry, POINT(1 91))"}, "/filter/args/1/coordinates"),
    ({"filter": "S_INTERSECTS(geometry, geometry)"}, "/filter/args"),
    ({"filter": "S_INTERSECTS(POINT(1 1), POINT(1 1))"}, "/filter/args"),
    ({"filter": " AND ".join(["gsd = 20"] * 301)}, "/filter/args/299"),
    ({"filter": "(" * 500 + "gsd = 20" + ")" * 500}, "/filter"),
    ({"filter": "NOT " * 300 + "gsd = 20"}, "/filter"),
    ({"filter": "(" * 100_000}, "/filter"),
    ({"filter": "gsd = 20" + " " * 10_000}, "/filter"),
    ({"filter": {"op": "=", "args": [{"property": "gsd"}]}}, "/filter/args"),
    ({"filter": {"op": "=", "args": {"property": "gsd"}}}, "/filter/args"),
    ({"filter": {"op": "and", "args": []}}, "/filter/args"),
    ({"filter": {"op": "and", "args": [7]}}, "/filter/args/0"),
    ({"filter": {"op": "in", "args": [{"property": "gsd"}, 20]}}, "/filter/args/1"),
    ({"filter": {"op": "in", "args": [{"property": "gsd"}, [20] * 301]}}, "/filter/args"),
    ({"filter": {"op": "=", "args": [{"property": ["gsd"]}, 20]}}, "/filter/args/0"),
    ({"filter": {}}, "/filter"),
    ({"filter": 7}, "/filter"),
    ({"filter": "gsd = 20", "filter-lang": "cql2-json"}, "/filter-lang"),
    ({"filter": "gsd = 20", "filter-lang": "cql-text"}, "/filter-lang"),
    ({"filter-crs": "EPSG:4326"}, "/filter-crs"),
    ({"datetimes": "2023-06-01"}, "/datetimes"),
]


@both
@pytest.mark.parametrize(("members", "pointer"), REFUSALS)
def test_what_cannot_be_asked_is_refused_by_name(client, jobs, members, pointer):
    answer = client.post("/stac/search", json=members)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    (error,) = answer.json()["errors"]
    assert error["pointer"] == pointer
    assert len(error["detail"]) < 1000
    assert answer.json()["detail"].endswith(error["detail"])


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("bbox=1,2,3", "/bbox"),
        ("bbox=1,2,3,x", "/bbox"),
        ("bbox=nan,nan,nan,nan", "/bbox"),
        ("intersects=7", "/intersects"),
        ("intersects={", "/intersects"),
        ("query={%22gsd%22:NaN}", "/query"),
        ("limit=x", "/limit"),
        ("limit=0", "/limit"),
        ("limit=1&limit=2", "/limit"),
        ("ids=%00", "/ids"),
        ("filter=gsd%3D1&filter-lang=cql2-json", "/filter-lang"),
        ("sortby=%2Bsize", "/sortby/0/field"),
        ("page=2", "/page"),
        ("token=W10", "/token"),
        ("token=%F0%9F%8C%BF", "/token"),
    ],
)
def test_what_a_url_cannot_ask_is_refused_by_name(client, jobs, query, pointer):
    answer = client.get(f"/stac/search?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_a_body_that_is_no_search_is_refused(client):
    for body, status in (("[]", 400), ("{", 400), ('{"limit": NaN}', 400), ('{"ids": ["\\u0000"]}', 400)):
        assert (
            client.post("/stac/search", content=body, headers={"content-type": "application/json"}).status_code
            == status
        )
    assert client.post("/stac/search", content="limit=3", headers={"content-type": "text/plain"}).status_code == 415


def test_a_limit_beyond_the_longest_page_is_lowered(client, jobs):
    assert client.get("/stac/search?limit=10000").json()["numberReturned"] == 14


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from([*PROPERTIES, "geometry", "and", "not", "=", "in", "like", "s_within", "t_during", "2023-06-01"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["op", "args", "property", "interval", "date", "bbox", "type", "coordinates"]), inner
        )
    ),
    max_leaves=12,
)


@both
@trials(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(MEMBERS)), value=JSON)
def test_no_body_breaks_the_service(client, jobs, name, value):
    assert client.post("/stac/search", json={name: value}).status_code in (200, 400)


WORDS = [
    "gsd",
    "datetime",
    "geometry",
    "=",
    "<",
    "AND",
    "NOT",
    "IN",
    "LIKE",
    "BETWEEN",
    "IS NULL",
    "(",
    ")",
    ",",
    "'x'",
    "''",
]
WORDS += [
    "1",
    "-",
    "POINT",
    "BBOX",
    "DATE",
    "INTERVAL",
    "S_INTERSECTS",
    "T_AFTER",
    "'2023-06-01'",
    '"',
    "é",
    "EMPTY",
    "NULL",
]


@both
@trials(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(max_size=20))
def test_no_text_breaks_the_service(client, jobs, text):
    assert client.get("/stac/search", params={"filter": text}).status_code in (200, 400)


@both
@trials(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(MEMBERS)), text=st.text(max_size=20))
def test_no_parameter_breaks_the_service(client, jobs, name, text):
    assert client.get("/stac/search", params={name: text}).status_code in (200, 400)


def test_the_queryables_are_what_can_be_asked(client, jobs):
    document = client.get("/stac/queryables").json()
    assert document["additionalProperties"] is False
    assert set(document["properties"]) == {*PROPERTIES, "geometry"}
    of_collection = client.get(f"/stac/collections/{jobs[0]}/queryables")
    assert of_collection.status_code == 200
    assert of_collection.headers["content-type"] == "application/schema+json"
