"""Searches that cannot be asked are refused by name, and no question whatever breaks the service."""

import base64
import json
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trials
from hypothesis import strategies as st

from jobs.searchable import PROPERTIES
from service.stac.members import MEMBERS

both = pytest.mark.parametrize("settings", ["sqlite", "postgresql"], indirect=True)
"""Asked of either database; anything else is asked of SQLite."""


def some_of(count):
    """Try so many, the same ones every time, however long a slow machine takes to make them up."""
    return trials(max_examples=count, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


TEETH = [corner for i in range(640) for corner in ([i, 0], [i + 640, 1280], [i + 640.5, 1280], [i + 0.5, 0])]
SLANTING = [[x / 100, y / 100] for x, y in (*TEETH, [1280, -1], [0, -1], [0, 0])]
"""Valid, but every tooth lies in the boxes of all others."""

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
    ({"intersects": {"type": "Polygon", "coordinates": [SLANTING]}}, "/intersects"),
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
    ({"query": {"id": {"in": ["x"] * 301}}}, "/query/id/in"),
    ({"query": {"id": {"in": ["x"] * 150}, "proj:code": {"in": ["x"] * 151}}}, "/query/proj:code/in"),
    ({"query": {"datetime": {"in": ["2023-06-01"] * 300, "lt": "2023-06-02"}}}, "/query/datetime/lt"),
    ({"query": {"id": {"in": ["x", 7]}}}, "/query/id/in/1"),
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
    ({"filter": " OR ".join(["S_INTERSECTS(geometry, POINT(1 1))"] * 11)}, "/filter/args/10/args"),
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


EDGES = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
"""Moments that no day in UTC has."""


@both
@pytest.mark.parametrize("moment", EDGES)
def test_a_place_beyond_the_calendar_is_none(client, jobs, moment):
    search, collections = (
        base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")
        for place in ([moment, "x", "y"], [moment, "x"])
    )
    listed = base64.urlsafe_b64encode(f"{moment}~{UUID(int=0)}".encode()).decode().rstrip("=")
    for path in (f"/stac/search?token={search}", f"/stac/collections?token={collections}", f"/jobs?after={listed}"):
        assert client.get(path).status_code == 400, path


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
@some_of(150)
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
@some_of(300)
@given(text=st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(max_size=20))
def test_no_text_breaks_the_service(client, jobs, text):
    assert client.get("/stac/search", params={"filter": text}).status_code in (200, 400)


@both
@some_of(100)
@given(name=st.sampled_from(sorted(MEMBERS)), text=st.text(max_size=20))
def test_no_parameter_breaks_the_service(client, jobs, name, text):
    assert client.get("/stac/search", params={name: text}).status_code in (200, 400)
