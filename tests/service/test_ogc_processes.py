"""OGC API – Processes 1.0: the rules of its abstract tests for core, process description, job list and dismiss.

Each test names the requirement that it holds the service to.
"""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import jsonschema
import pytest

OGC = "http://www.opengis.net/def/rel/ogc/1.0/"
EXCEPTIONS = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"
PROCESS = "/processes/lai-reconstruction"
EXECUTION = PROCESS + "/execution"


@pytest.fixture
def execute(order):
    return {"inputs": order}


def links(document):
    return {link["rel"]: link for link in document["links"]}


def path(href):
    return urlsplit(href).path.removeprefix("/api")


def test_core_landingpage_success(client):
    found = links(client.get("/").json())
    assert {"self", "service-desc", OGC + "conformance", OGC + "processes", OGC + "job-list"} <= set(found)
    for link in found.values():
        answer = client.get(path(link["href"]))
        assert answer.status_code == 200
        assert answer.headers["content-type"].partition(";")[0] == link["type"].partition(";")[0]


def test_core_conformance_success(client):
    classes = client.get("/conformance").json()["conformsTo"]
    core = "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/"
    assert {core + name for name in ("core", "ogc-process-description", "json", "oas30", "job-list", "dismiss")} == set(
        classes
    )


def test_core_process_list_success(client):
    document = client.get("/processes").json()
    (process,) = document["processes"]
    assert {"id", "version", "title", "jobControlOptions", "outputTransmission", "links"} <= set(process)
    assert client.get(path(links(process)["self"]["href"])).status_code == 200
    assert links(document)["self"]["type"] == "application/json"


def test_core_pl_limit(client):
    assert len(client.get("/processes?limit=1").json()["processes"]) == 1
    assert client.get("/processes?limit=0").status_code == 400


def test_ogc_process_description_inputs_and_outputs(client, order):
    """Every input and output has a JSON Schema, and the inputs of an order that is accepted agree with theirs."""
    process = client.get(PROCESS).json()
    assert set(process["outputs"]) == {"collection", "accuracy", "manifest", "series"}
    for part in (*process["inputs"].values(), *process["outputs"].values()):
        assert part["title"]
        assert part["description"]
        jsonschema.Draft202012Validator.check_schema(part["schema"])
    for name, value in order.items():
        jsonschema.validate(value, process["inputs"][name]["schema"])
    assert [name for name, part in process["inputs"].items() if part["minOccurs"]] == ["start", "end"]
    assert path(links(process)[OGC + "execute"]["href"]) == EXECUTION


def test_the_catalogues_are_an_enumeration(client):
    assert client.get(PROCESS).json()["inputs"]["catalog"]["schema"]["enum"] == ["simulated"]


@pytest.mark.parametrize("method,where", [("GET", "/processes/nothing"), ("POST", "/processes/nothing/execution")])
def test_core_process_exception_no_such_process(client, execute, method, where):
    answer = client.request(method, where, json=execute if method == "POST" else None)
    assert answer.status_code == 404
    assert answer.json()["type"] == EXCEPTIONS + "no-such-process"


@pytest.mark.parametrize("prefer", [None, "respond-async", "respond-sync", "wait=10, nonsense"])
def test_core_job_creation_success_async(client, execute, prefer):
    answer = client.post(EXECUTION, json=execute, headers={"prefer": prefer} if prefer else {})
    assert answer.status_code == 201
    assert answer.headers["preference-applied"] == "respond-async"
    info = answer.json()
    assert answer.headers["location"] == f"https://lai.example.org/api/jobs/{info['jobID']}"
    assert (info["type"], info["processID"], info["status"]) == ("process", "lai-reconstruction", "accepted")
    assert client.get(path(answer.headers["location"])).json()["jobID"] == info["jobID"]


def test_core_job_creation_inputs_inline_and_qualified(client, order, store):
    """Bare values and values with a media type make the same order, whichever door they come by."""
    qualified = {name: {"value": value} for name, value in order.items()}
    qualified["aoi"]["mediaType"] = "application/geo+json"
    ways = [
        client.post(EXECUTION, json={"inputs": order, "response": "document", "outputs": {"collection": {}}}),
        client.post(EXECUTION, json={"inputs": qualified}),
        client.post("/jobs", json=order),
    ]
    requests = [store.request_of(way.json()["id"]) for way in ways]
    assert requests[0] == requests[1] == requests[2]


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"inputs": {"aoi": {"href": "https://example.org/aoi.geojson"}}}, "/inputs/aoi"),
        ({"inputs": {"aoi": {"href": "https://example.org/aoi", "type": "application/geo+json"}}}, "/inputs/aoi"),
        ({"inputs": {"cloud_cover": 20}}, "/inputs/cloud_cover"),
        ({"inputs": {"start": {"value": "2023-13-01"}}}, "/inputs/start"),
        ({"inputs": {"resolution": [20]}}, "/inputs/resolution"),
        ({"outputs": {"pony": {}}}, "/outputs/pony"),
        ({"outputs": []}, "/outputs"),
    ],
)
def test_core_job_creation_input_validation(client, execute, store, changed, pointer):
    wrong = {name: {**execute.get(name, {}), **part} if part else part for name, part in changed.items()}
    answer = client.post(EXECUTION, json=execute | wrong)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert client.get("/jobs").json()["jobs"] == []


def test_inputs_that_are_no_object_are_refused(client):
    assert client.post(EXECUTION, json={"inputs": 7}).json()["errors"][0]["pointer"] == "/inputs"
    assert {e["pointer"] for e in client.post(EXECUTION, json={}).json()["errors"]} >= {"/inputs/start", "/inputs/end"}


def test_core_job_exception_no_such_job(client):
    for where in (f"/jobs/{uuid4()}", f"/jobs/{uuid4()}/results"):
        assert client.get(where).json()["type"] == EXCEPTIONS + "no-such-job"


def test_core_job_results_exception_results_not_ready(client, new_job):
    answer = client.get(f"/jobs/{new_job().id}/results")
    assert (answer.status_code, answer.json()["type"]) == (404, EXCEPTIONS + "result-not-ready")


def test_core_job_results_failed(client, new_job, store, claim_next):
    job = new_job()
    store.fail(claim_next(job.id), "the archive lost its scenes")
    info = client.get(f"/jobs/{job.id}").json()
    assert info["status"] == "failed"
    answer = client.get(path(links(info)[OGC + "exceptions"]["href"]))
    assert answer.status_code == 409
    assert "lost its scenes" in answer.json()["detail"]


def test_core_job_results(client, finished):
    """A document of the declared outputs, each by reference."""
    results = client.get(path(links(client.get(f"/jobs/{finished.id}").json())[OGC + "results"]["href"])).json()
    declared = client.get(PROCESS).json()["outputs"]
    assert set(results) <= set(declared)
    for name, output in results.items():
        assert output["type"] == declared[name]["schema"]["contentMediaType"]
        href = urlsplit(output["href"])
        assert client.get(f"{path(output['href'])}?{href.query}").status_code == 200


def test_dismiss_job_dismiss_success(client, new_job):
    answer = client.delete(f"/jobs/{new_job().id}")
    assert (answer.status_code, answer.json()["status"]) == (200, "dismissed")


def test_job_list_links_and_limit(client, new_job):
    jobs = [new_job() for _ in range(3)]
    page = client.get("/jobs?limit=2&status=accepted").json()
    assert len(page["jobs"]) == 2
    assert {"self", "next"} == set(links(page))
    rest = client.get(path(links(page)["next"]["href"]) + "?" + urlsplit(links(page)["next"]["href"]).query).json()
    assert [job["jobID"] for job in page["jobs"] + rest["jobs"]] == [str(job.id) for job in jobs[::-1]]
    assert client.get("/jobs?limit=0").status_code == 400


def test_job_list_type_and_process_id(client, new_job):
    new_job()
    for query, count in [
        ("type=process", 1),
        ("type=report", 0),
        ("processID=lai-reconstruction", 1),
        ("processID=other", 0),
        ("processID=other,lai-reconstruction", 1),
        ("processID=lai-reconstruction&type=process&status=accepted", 1),
    ]:
        assert len(client.get(f"/jobs?{query}").json()["jobs"]) == count, query


def test_job_list_status(client, new_job, carry_out):
    ended = new_job()
    carry_out(ended.id)
    waiting = new_job()
    for query, wanted in [("accepted", [waiting]), ("successful", [ended]), ("successful,accepted", [waiting, ended])]:
        found = [job["jobID"] for job in client.get(f"/jobs?status={query}").json()["jobs"]]
        assert found == [str(job.id) for job in wanted]


def test_job_list_datetime(client, new_job):
    job = new_job()
    created = client.get(f"/jobs/{job.id}").json()["created"]
    today, tomorrow = (str((datetime.now(UTC) + timedelta(days=d)).date()) for d in (0, 1))
    for query, count in [
        (created, 1),
        (f"{created}/..", 1),
        (f"../{created}", 1),
        (f"{created}/{created}", 1),
        (f"2020-01-01/{today}", 1),
        (f"{tomorrow}/", 0),
        ("2020-01-01", 0),
        ("9999-12-31T23:59:59.9999Z", 0),
        ("../2020-01-01T00:00:00Z", 0),
    ]:
        assert len(client.get("/jobs", params={"datetime": query}).json()["jobs"]) == count, query


def test_job_list_duration(client, new_job, carry_out):
    carry_out(new_job().id)
    new_job()
    for query, count in [("minDuration=0", 1), ("maxDuration=600", 1), ("minDuration=600", 0), ("", 2)]:
        assert len(client.get(f"/jobs?{query}").json()["jobs"]) == count, query


@pytest.mark.parametrize(
    "query",
    [
        *("datetime=yesterday", "datetime=2023-02-30", "datetime=../..", "datetime=2023-05-02/2023-05-01", "datetime="),
        *("datetime=0001-01-01T00:00:00%2B10:00", "datetime=17"),
        *("minDuration=-1", "maxDuration=long", "minDuration=nan", "status=asleep", "limit=many", "after=here"),
    ],
)
def test_job_list_refuses_what_it_cannot_read(client, query):
    answer = client.get(f"/jobs?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/" + query.partition("=")[0]


def test_who_wants_to_be_called_back_is_told_that_nobody_is(client, order):
    called = {"inputs": order, "subscriber": {"successUri": "https://example.org/done"}}
    answer = client.post("/processes/lai-reconstruction/execution", json=called)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/subscriber")
    assert "?wait=" in answer.json()["detail"]
    assert client.get("/jobs").json()["jobs"] == []


def test_the_openapi_describes_the_execute_request(client, execute):
    document = client.get("/openapi.json").json()
    body = document["paths"]["/processes/{process_id}/execution"]["post"]["requestBody"]["content"]["application/json"]
    assert client.post(EXECUTION, json=body["example"]).status_code == 201
