"""What an operator sees of a real job: metrics of every process, one trace, and logs that give nothing away."""

import json
import re
import threading
import time
from collections.abc import Iterator
from datetime import date
from functools import partial
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from clearleaf.addresses import free_port
from clearleaf.client import Client
from clearleaf.embedded import Embedded
from clearleaf.simulated import write_catalogue
from jobs.catalog import CatalogProfile
from jobs.sources import Source
from models.simulation.site import SiteSpec

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

SPEC = SiteSpec(size_px=40, start=date(2023, 3, 1), end=date(2023, 11, 30), region="belgium", seed=5)
TICKET = "entry=hush0hush1hush2"
"""What opens the files; no signature by its name, or the catalogue would be refused."""
CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
FORBIDDEN = {"job", "job_id", "tenant", "path", "url", "tile", "step", "aoi", "key"}
"""Labels that would make a series for every job or customer; Prometheus itself adds `job`."""
TYPES = {
    "clearleaf_http_requests": "counter",
    "clearleaf_http_request_duration_seconds": "histogram",
    "clearleaf_job_book_up": "gauge",
    "clearleaf_jobs": "gauge",
    "clearleaf_job_queued_oldest_age_seconds": "gauge",
    "clearleaf_step_queued_oldest_age_seconds": "gauge",
    "clearleaf_steps": "gauge",
    "clearleaf_steps_waiting_or_running": "gauge",
    "clearleaf_steps_retried": "gauge",
    "clearleaf_leases_expired": "gauge",
    "clearleaf_leases_expired_oldest_age_seconds": "gauge",
    "clearleaf_steps_claimed": "counter",
    "clearleaf_step_attempts": "counter",
    "clearleaf_step_duration_seconds": "histogram",
    "clearleaf_scratch_free_bytes": "gauge",
    "clearleaf_scratch_size_bytes": "gauge",
    "clearleaf_scenes_read": "counter",
    "clearleaf_scene_errors": "counter",
    "clearleaf_stac_errors": "counter",
    "clearleaf_storage_errors": "counter",
    "clearleaf_wakeups_sent": "counter",
    "clearleaf_wakeups_resent": "counter",
    "clearleaf_steps_taken_back": "counter",
    "clearleaf_reconciler_last_success_timestamp_seconds": "gauge",
    "clearleaf_sweeping_last_success_timestamp_seconds": "gauge",
}


class Collector:
    """An OpenTelemetry collector on loopback that keeps what it is sent."""

    def __init__(self) -> None:
        self.spans = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def _handler(self):
        spans = self.spans

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                said = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["Content-Length"])))
                for of_process in said.resource_spans:
                    name = {pair.key: pair.value.string_value for pair in of_process.resource.attributes}
                    for scope in of_process.scope_spans:
                        spans.extend((name["service.name"], span) for span in scope.spans)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *words):
                pass

        return Handler


class Files(SimpleHTTPRequestHandler):
    """The scenes' files, for who has the ticket; one of them for nobody, and none before the job was seen to run."""

    refused = ""
    seen = threading.Event()
    """The API tells for ten seconds again how the job book stood, and a quick machine does the job in less."""

    def do_GET(self):
        self.seen.wait(20)
        if not self.path.endswith(TICKET) or self.refused in self.path:
            return self.send_error(403)
        return super().do_GET()

    def log_message(self, *words):
        pass


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory) -> Iterator[CatalogProfile]:
    """A simulated catalogue whose files are behind URLs with a ticket."""
    folder = write_catalogue(SPEC, tmp_path_factory.mktemp("catalogue")).parent
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=str(folder)))
    host = f"127.0.0.1:{server.server_port}"
    paths = sorted(path for path in folder.glob("*/*/*.json"))
    Files.refused = next(path.parent.name for path in paths if "_202306" in path.name and "S1" in path.name)
    for path in paths:
        item = json.loads(path.read_text())
        for asset in item["assets"].values():
            where = (path.parent / asset["href"]).resolve().relative_to(folder)
            asset["href"] = f"http://{host}/{where}?{TICKET}"
        path.write_text(json.dumps(item))
    source = {"href": str(folder / "catalog.json"), "asset_hosts": (host,)}
    s2, s1 = (Source(collection=name, **source) for name in ("sentinel-2-l2a", "sentinel-1-rtc"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield CatalogProfile(name="tickets", simulated=True, s2=s2, s1=s1)
    server.shutdown()
    server.server_close()


class Observed:
    """A service that tells all it can, and the job it has done."""

    def __init__(self, embedded: Embedded, data: Path) -> None:
        self.embedded, self.data = embedded, data
        self.places = {"api": f"{embedded.url}/metrics"}
        for name in ("worker", "reconciler"):
            port = embedded.child(name).environment["CLEARLEAF_METRICS_PORT"]
            self.places[name] = f"http://127.0.0.1:{port}/metrics"

    def begin(self) -> None:
        """Wait until all processes answer: a worker takes a while to start."""
        deadline = time.monotonic() + 300
        for place in self.places.values():
            while True:
                try:
                    httpx.get(place, trust_env=False, timeout=60)
                    break
                except httpx.TransportError:
                    assert time.monotonic() < deadline, place
                    time.sleep(0.2)

    def scrape(self) -> dict[str, dict[str, float]]:
        """Values of all samples by process; what has labels is told with them."""
        return {name: samples(self.text(name)) for name in self.places}

    def text(self, process: str) -> str:
        answer = httpx.get(self.places[process], trust_env=False, timeout=60)
        assert answer.status_code == 200
        return answer.text

    def logs(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in (self.data / "logs").iterdir()}


def is_at_work(seen: dict[str, dict[str, float]]) -> bool:
    """Whether the API says that a job runs, and that a GPU has to do with it."""
    told = seen["api"]
    return told["clearleaf_jobs{status=running}"] > 0 and told["clearleaf_steps_waiting_or_running{queue=gpu}"] > 0


def samples(text: str) -> dict[str, float]:
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    collector = Collector()
    threading.Thread(target=collector.server.serve_forever, daemon=True).start()
    yield collector
    collector.server.shutdown()
    collector.server.server_close()


@pytest.fixture(scope="module")
def observed(catalogue, collector, tmp_path_factory) -> Iterator[Observed]:
    data = tmp_path_factory.mktemp("observed")
    settings = {
        "CLEARLEAF_LOG_FORMAT": "json",
        "CLEARLEAF_HEARTBEAT_S": "0.5",
        "CLEARLEAF_RECONCILE_S": "1",
        "CLEARLEAF_READ_TRIES": "1",
        "CLEARLEAF_SCRATCH_DIR": str(data / "scratch"),
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        embedded = Embedded(data, [catalogue])
        for name in ("worker", "reconciler"):
            own = {"METRICS_PORT": str(free_port()), "ALIVE_FILE": str(data / f"alive-{name}")}
            embedded.child(name).environment.update({f"CLEARLEAF_{key}": value for key, value in own.items()})
        with embedded.running():
            yield Observed(embedded, data)


@pytest.fixture(scope="module")
def aoi(catalogue) -> dict:
    return json.loads(Path(catalogue.s2.href).with_name("aoi.geojson").read_text())


@pytest.fixture(scope="module")
def walked(observed, aoi) -> list[dict[str, dict[str, float]]]:
    """What was scraped before, during and after a job, whose results were looked at."""
    order = {"aoi": aoi, "start": "2023-06-01", "end": "2023-07-15", "step_days": 10, "context_days": 60}
    observed.begin()
    seen = [observed.scrape()]
    with Client(observed.embedded.url) as client:
        made = httpx.post(
            f"{observed.embedded.url}/jobs",
            json=order | {"model": "prior"},
            headers={"traceparent": CALLER},
            trust_env=False,
            timeout=60,
        )
        job = client.job(made.json()["id"])
        deadline = time.monotonic() + 600
        while (status := job.status()["status"]) in ("accepted", "running") and time.monotonic() < deadline:
            seen.append(observed.scrape())
            if is_at_work(seen[-1]):
                Files.seen.set()
            time.sleep(0.5)
        assert status == "successful", job.log()
        for output in job.results().values():
            httpx.get(output["href"], trust_env=False, timeout=60).raise_for_status()
            bare = urlsplit(output["href"])._replace(query="signature=0badbadbad&expires=1").geturl()
            assert httpx.get(bare, trust_env=False, timeout=60).status_code in (403, 404, 410)
    time.sleep(11)  # what the job book says is told again for ten seconds
    return [*seen, observed.scrape()]


def test_every_metric_has_its_type_and_words(observed, walked):
    found = {}
    for name in observed.places:
        for family in text_string_to_metric_families(observed.text(name)):
            if family.name.startswith("clearleaf_"):
                assert family.documentation.endswith("."), family.name
                assert found.setdefault(family.name, family.type) == family.type
    assert found == TYPES


def test_they_move_with_the_job(walked):
    before, *during, after = walked
    for kind in ("plan", "prepare", "tile", "finish"):
        done = f"clearleaf_step_attempts_total{{kind={kind},outcome=done}}"
        assert (before["worker"][done], after["worker"][done]) == (0, 1)
        assert after["worker"][f"clearleaf_steps_claimed_total{{kind={kind}}}"] == 1
        assert after["worker"][f"clearleaf_step_duration_seconds_sum{{kind={kind}}}"] > 0
    posted = "clearleaf_http_requests_total{method=POST,route=/jobs,status=201}"
    assert posted not in before["api"]
    assert after["api"][posted] == 1
    assert before["api"]["clearleaf_jobs{status=successful}"] == 0
    assert any(map(is_at_work, during))
    assert after["api"]["clearleaf_jobs{status=running}"] == 0
    assert after["worker"]["clearleaf_scenes_read_total"] > 10
    assert after["worker"]["clearleaf_scene_errors_total{kind=damaged}"] > 0  # it answers, and not with a raster
    for round_of in ("reconciler", "sweeping"):
        went_well = f"clearleaf_{round_of}_last_success_timestamp_seconds"
        assert during[0]["reconciler"][went_well] < after["reconciler"][went_well] <= time.time()
    assert sum(after[name]["clearleaf_wakeups_sent_total"] for name in after) >= 4


def test_no_metric_carries_a_job_or_a_customer(observed, walked):
    for name in observed.places:
        text = observed.text(name)
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                assert not FORBIDDEN & sample.labels.keys(), family.name
        assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", text), "an id is no label"


def test_one_trace_leads_from_the_order_to_the_results(walked, collector):
    _, trace_id, caller, _ = CALLER.split("-")
    spans = {span.name: (process, span) for process, span in collector.spans if span.trace_id.hex() == trace_id}
    assert list(sorted(spans)) == ["POST /jobs", "finish", "plan", "prepare", "tile"]
    process, post = spans.pop("POST /jobs")
    assert (process, post.parent_span_id.hex()) == ("clearleaf-api", caller)
    for process, span in spans.values():
        assert (process, span.parent_span_id) == ("clearleaf-worker", post.span_id)
    ends = [spans[name][1].end_time_unix_nano for name in ("plan", "prepare", "tile", "finish")]
    assert ends == sorted(ends)


def test_spans_tell_no_query_and_no_place(walked, collector, aoi):
    told = " ".join(str(span) for _, span in collector.spans)
    for secret in secrets_of(aoi):
        assert secret not in told


def secrets_of(aoi: dict) -> set[str]:
    """Words that only what is secret holds: the signature, and coordinates of the area as anybody would write them."""
    ring = aoi["geometry"]["coordinates"][0]
    return {"hush0hush1hush2", "0badbadbad"} | {str(number)[:8] for position in ring for number in position}


def test_no_log_holds_a_signature_or_a_place(observed, walked, aoi):
    logs = observed.logs()
    assert {"api.log", "worker.log", "reconciler.log"} <= logs.keys()
    for name, text in logs.items():
        for secret in secrets_of(aoi):
            assert secret not in text, name
        assert not re.search(r"signature=[^.]", text), name


def test_lines_of_the_log_are_json_and_say_what_they_are_about(observed, walked):
    lines = {}
    for name in ("api", "worker", "reconciler"):
        text = observed.logs()[f"{name}.log"]
        lines[name] = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        assert lines[name], name
        assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines[name])
        others = [line for line in text.splitlines() if not line.startswith("{")]
        assert not [line for line in others if re.match(r"\d{4}-", line)], "lines for people among those for machines"
    (taken,) = [line for line in lines["api"] if line["message"] == "an order was taken"]
    trace_id = CALLER.split("-")[1]
    assert taken["trace"] == trace_id
    of_job = [line for line in lines["worker"] if line.get("job") == taken["job"]]
    assert {"plan", "tile"} & {line["step"] for line in of_job}
    assert all(line["trace"] == trace_id and line["attempt"] == 1 and line["tenant"] == "local" for line in of_job)
    assert any(f"{Files.refused}/vv.tif?..." in line["message"] for line in of_job)


@pytest.mark.parametrize("process", ["worker", "reconciler"])
def test_the_alive_file_is_young(observed, walked, process):
    began = time.time()  # later than this it is touched again, however long the machine stood still before
    deadline = time.monotonic() + 60
    while (observed.data / f"alive-{process}").stat().st_mtime < began:
        assert time.monotonic() < deadline
        time.sleep(0.05)
