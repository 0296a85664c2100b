"""The echo of OGC API – Processes 1.0: the abstract tests of core that need a process which takes any kind of value.

Each test names the requirement that it holds the service to.
"""

import base64
import email
import io
import json

import jsonschema
import pytest
from PIL import Image
from starlette.testclient import TestClient

from service.app import create_app

ECHO, EXECUTION = "/processes/echo", "/processes/echo/execution"
NO_SUCH_PROCESS = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-process"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
POINT = {"type": "Point", "coordinates": [11.6, 48.7]}
LINE = {"type": "LineString", "coordinates": [[11.6, 48.7], [11.7, 48.8]]}


def image_bytes(form):
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2), "green").save(buffer, form)
    return buffer.getvalue()


PNG, TIFF = image_bytes("PNG"), image_bytes("TIFF")
IN_BASE64 = {"value": base64.b64encode(PNG).decode(), "mediaType": "image/png", "encoding": "base64"}
INPUTS = {
    "text": "some words",
    "number": 2.5,
    "numbers": [1, 2, 3],
    "object": {"value": {"crop": "maize", "sown": True}, "mediaType": "application/json"},
    "bbox": {"bbox": [51.9, 7, 52, 7.1], "crs": CRS84},
    "geometry": {"value": POINT, "mediaType": "application/geo+json"},
    "image": IN_BASE64,
}


@pytest.fixture
def echo(store, broker, storage, signer, settings):
    """Return a client of a service that offers the echo."""
    app = create_app(store, broker, storage, signer, settings.model_copy(update={"echo_process": True}))
    with TestClient(app, base_url="https://lai.example.org") as client:
        yield client


@pytest.fixture
def execute(echo):
    def post(inputs, headers=None, **members):
        return echo.post(EXECUTION, json={"inputs": inputs} | members, headers=headers)

    return post


def test_without_the_setting_there_is_none(client):
    assert [process["id"] for process in client.get("/processes").json()["processes"]] == ["lai-reconstruction"]
    for answer in (client.get(ECHO), client.post(EXECUTION, json={"inputs": {"text": "a"}})):
        assert (answer.status_code, answer.json()["type"]) == (404, NO_SUCH_PROCESS)
        assert answer.json()["detail"].endswith("there is 'lai-reconstruction'")


def test_core_process_list_success(echo):
    listed = echo.get("/processes").json()["processes"]
    assert [process["id"] for process in listed] == ["lai-reconstruction", "echo"]
    assert listed[1]["jobControlOptions"] == ["sync-execute"]
    assert listed[1]["outputTransmission"] == ["value"]
    assert len(echo.get("/processes?limit=1").json()["processes"]) == 1


def test_ogc_process_description_inputs_and_outputs(echo):
    process = echo.get(ECHO).json()
    assert set(process["inputs"]) == set(process["outputs"]) == set(INPUTS)
    for name, part in process["inputs"].items():
        jsonschema.Draft202012Validator.check_schema(part["schema"])
        given = INPUTS[name]
        if name != "image":  # two media types of one kind of text: both schemas fit
            jsonschema.validate(given["value"] if name in ("object", "geometry") else given, part["schema"])


@pytest.mark.parametrize("name", list(INPUTS))
def test_core_job_creation_success_sync_document(execute, name):
    """What comes out is what went in, whatever kind it is of."""
    answer = execute({name: INPUTS[name]}, response="document")
    assert (answer.status_code, answer.json()) == (200, {name: INPUTS[name]})
    assert "location" not in answer.headers


def test_core_job_creation_default_outputs(execute, echo):
    assert execute(INPUTS, response="document").json() == INPUTS
    assert echo.get("/jobs").json()["jobs"] == []


def test_core_job_creation_outputs_that_are_named(execute):
    outputs = {"number": {"transmissionMode": "value"}, "bbox": {}}
    assert set(execute(INPUTS, response="document", outputs=outputs).json()) == {"number", "bbox"}


@pytest.mark.parametrize(
    ("name", "media_type", "content"),
    [
        ("text", "text/plain", b"some words"),
        ("number", "application/json", b"2.5"),
        ("numbers", "application/json", b"[1, 2, 3]"),
        ("bbox", "application/json", json.dumps(INPUTS["bbox"]).encode()),
        ("geometry", "application/geo+json", json.dumps(POINT).encode()),
        ("image", "image/png", PNG),
    ],
)
def test_core_job_creation_success_sync_raw_value_one(execute, name, media_type, content):
    answer = execute({name: INPUTS[name]}, response="raw")
    assert answer.headers["content-type"].partition(";")[0] == media_type
    assert answer.content == content


def test_core_job_creation_success_sync_raw_value_multi(execute):
    """Several raw outputs are parts of one message; raw is what a request gets that says nothing."""
    answer = execute(INPUTS)
    assert answer.headers["content-type"].startswith("multipart/related")
    head = f"Content-Type: {answer.headers['content-type']}\r\n\r\n".encode()
    parts = {
        part["Content-ID"].strip("<>"): part for part in email.message_from_bytes(head + answer.content).get_payload()
    }
    assert set(parts) == set(INPUTS)
    assert parts["image"].get_payload(decode=True) == PNG
    assert parts["image"].get_content_type() == "image/png"
    assert json.loads(parts["numbers"].get_payload()) == [1, 2, 3]


def test_core_job_creation_success_sync_raw_without_values(execute):
    assert execute({}).status_code == 204
    assert execute({}, response="document").json() == {}


@pytest.mark.parametrize("prefer", ["respond-async", "respond-sync", "wait=3"])
def test_core_job_creation_auto_execution_mode(execute, prefer):
    """A process that is synchronous only answers at once, whatever is preferred, and claims nothing else."""
    answer = execute({"text": "a"}, headers={"prefer": prefer}, response="document")
    assert answer.status_code == 200
    assert "preference-applied" not in answer.headers


def test_core_job_creation_input_array(execute):
    given = [{"value": POINT}, {"value": LINE, "mediaType": "application/geo+json"}]
    found = execute({"geometry": given}, response="document").json()["geometry"]
    assert [one["value"] for one in found] == [POINT, LINE]
    assert json.loads(execute({"geometry": given}).content) == [POINT, LINE]


def test_core_job_creation_input_inline_mixed(execute):
    """Values come bare or with a media type."""
    bare = execute({"geometry": POINT, "text": {"value": "a"}}, response="document").json()
    assert bare == {"geometry": {"value": POINT, "mediaType": "application/geo+json"}, "text": "a"}


def test_core_job_creation_input_inline_binary(execute):
    """As the suite of OGC sends it: the media type in a `format`, parameters and all."""
    form = {"mediaType": "image/tiff; application=geotiff", "encoding": "base64"}
    given = {"value": base64.b64encode(TIFF).decode(), "format": form}
    answer = execute({"image": given})
    assert answer.headers["content-type"] == "image/tiff; application=geotiff"
    assert answer.content == TIFF


def test_what_the_suite_of_ogc_takes_for_an_object_comes_back(execute):
    inputs = {"text": "teststring", "object": {"value": "teststring"}}
    outputs = {name: {"transmissionMode": "value"} for name in INPUTS}
    answer = execute(inputs, outputs=outputs, response="document")
    assert answer.json()["object"]["value"] == {"value": "teststring"}


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"text": 7}, "/inputs/text"),
        ({"number": 11}, "/inputs/number"),
        ({"number": "2"}, "/inputs/number"),
        ({"numbers": [1]}, "/inputs/numbers"),
        ({"numbers": [1, 2.5]}, "/inputs/numbers"),
        ({"object": [1]}, "/inputs/object"),
        ({"bbox": {"bbox": [1, 2, 3, 4, 5]}}, "/inputs/bbox"),
        ({"bbox": [1, 2, 3, 4]}, "/inputs/bbox"),
        ({"geometry": {"type": "Circle", "coordinates": []}}, "/inputs/geometry"),
        ({"geometry": []}, "/inputs/geometry"),
        ({"geometry": [POINT] * 6}, "/inputs/geometry"),
        ({"image": "no base64!"}, "/inputs/image"),
        ({"image": base64.b64encode(b"GIF89a").decode()}, "/inputs/image"),
        ({"image": IN_BASE64 | {"mediaType": "image/tiff"}}, "/inputs/image"),
        ({"image": {"type": "wrong/type"}}, "/inputs/image"),
        ({"image": {"href": "https://example.org/a.tif"}}, "/inputs/image"),
        ({"pony": 1}, "/inputs/pony"),
    ],
)
def test_core_job_creation_input_validation(execute, wrong, pointer):
    answer = execute({"text": "a"} | wrong)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_is_no_execute_request_is_refused(echo, execute):
    assert echo.post(EXECUTION, json={"invalid": 1}).json()["errors"][0]["pointer"] == "/inputs"
    for members, pointer in [
        ({"response": "both"}, "/response"),
        ({"outputs": ["text"]}, "/outputs"),
        ({"outputs": {"pony": {}}}, "/outputs/pony"),
        ({"outputs": {"text": {"transmissionMode": "reference"}}}, "/outputs/text/transmissionMode"),
    ]:
        answer = execute({"text": "a"}, **members)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["pointer"] == pointer
