"""Real scenes over the network: a STAC API, files fetched in ranges, the job book in PostgreSQL, results in S3."""

import json
import re
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import boto3
import httpx
import numpy as np
import pytest
import rasterio
from odc.geo.geom import box

from clearleaf.client import Client
from clearleaf.embedded import Embedded
from jobs.catalog import CatalogProfile
from jobs.scenes import S1_ASSETS, S2_ASSETS
from jobs.sources import Source

pytestmark = [pytest.mark.e2e, pytest.mark.real, pytest.mark.timeout(900)]

PATCHES = 8
"""Side of the mosaic: files larger than what one request brings."""
SCENES = ["--start", "2018-06-18", "--end", "2018-07-22"]
ORDER = {"start": "2018-07-01", "end": "2018-07-11", "step_days": 5, "context_days": 14, "adapt": False}
AOI = box(503_600, 5_626_800, 504_240, 5_627_440, "EPSG:32631")
"""With its halo it fills 2 x 2 blocks of the files of 20 m, a quarter of them."""
RANGE = re.compile(r"bytes=(\d+)-(\d+)")


class FileServer:
    """Files over HTTP, in ranges; tells what was asked for, and fails as it is told to.

    Attributes:
        asked: method, path and Range header of every request.
        truncated: path and size of a file that is not all there.
        refused: path of a file that is not given out.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.asked: list[tuple[str, str, str | None]] = []
        self.truncated: tuple[str, int] | None = None
        self.refused: str | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.host = f"127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error):
        self._server.shutdown()
        self._server.server_close()

    def content(self, path: str) -> bytes | None:
        if path == self.refused:
            return None
        content = (self.folder / path).read_bytes()
        return content[: self.truncated[1]] if self.truncated and path == self.truncated[0] else content

    def ranges(self) -> dict[str, list[tuple[int, int]]]:
        """First and last byte of every GET, by file, as they were asked for."""
        found = defaultdict(list)
        for method, path, header in self.asked:
            if method == "GET":
                match = RANGE.fullmatch(header or "")
                assert match, f"the whole of {path} was asked for"
                first, last = match.groups()
                size = (self.folder / path).stat().st_size
                found[path].append((int(first), min(int(last), size - 1)))
        return found

    def _handler(self):
        files = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self):
                self.answer()

            def do_GET(self):
                self.answer()

            def answer(self):
                path = self.path.lstrip("/")
                files.asked.append((self.command, path, self.headers["range"]))
                content = files.content(path)
                if content is None:
                    return self.head(403, 0)
                wanted = RANGE.fullmatch(self.headers["range"] or "")
                if self.command == "HEAD":
                    return self.head(200, len(content))
                if wanted is None:
                    self.head(200, len(content))
                    return self.wfile.write(content)
                start, stop = int(wanted[1]), min(int(wanted[2]) + 1, len(content))
                if start >= len(content):
                    return self.head(416, 0)
                self.head(206, stop - start, f"bytes {start}-{stop - 1}/{len(content)}")
                return self.wfile.write(content[start:stop])

            def head(self, status, length, content_range=None):
                self.send_response(status)
                self.send_header("Content-Length", str(length))
                self.send_header("Accept-Ranges", "bytes")
                if content_range:
                    self.send_header("Content-Range", content_range)
                self.end_headers()

            def log_message(self, *words):
                pass

        return Handler


@pytest.fixture(scope="module")
def catalogue(mosaic):
    """A static catalogue of the patch, mirrored, over some weeks."""
    return mosaic(PATCHES, *SCENES)


@pytest.fixture(scope="module")
def server(catalogue):
    with FileServer(catalogue) as server:
        yield server


@pytest.fixture
def files(server):
    """The server of the files, which has not been asked for anything and has no faults."""
    server.asked.clear()
    server.truncated = server.refused = None
    return server


@pytest.fixture(scope="module")
def service(catalogue, server, stac_api, postgres, s3_server, tmp_path_factory):
    """A service that knows the catalogue twice: as an API whose files are fetched over HTTP, and as a folder."""
    settings = {
        "CLEARLEAF_DATABASE_URL": postgres.empty_database(),
        "CLEARLEAF_STORAGE_URL": "s3://over-http",
        "CLEARLEAF_S3_ENDPOINT_URL": s3_server.url,
        "CLEARLEAF_READ_TRIES": "2",
        **s3_server.environment(),
    }
    with pytest.MonkeyPatch.context() as patch, stac_api(*documents(catalogue, f"http://{server.host}")) as url:
        for name, value in settings.items():
            patch.setenv(name, value)
        boto3.client("s3", endpoint_url=s3_server.url, region_name="us-east-1").create_bucket(Bucket="over-http")
        source = {"href": url, "asset_hosts": (server.host,), "backscatter": "sigma0"}
        s2, s1 = (Source(collection=name, **source) for name in ("sentinel-2-l2a", "sentinel-1-rtc"))
        profiles = [CatalogProfile(name="api", s2=s2, s1=s1), CatalogProfile(name="files", href=str(catalogue))]
        with (
            Embedded(tmp_path_factory.mktemp("service"), profiles).running() as embedded,
            Client(embedded.url) as client,
        ):
            yield client


def documents(catalogue: Path, url: str) -> tuple[list[dict], list[dict]]:
    """Collections and items as an API holds them: without links, files by their URL."""
    collections = [json.loads(path.read_text()) | {"links": []} for path in catalogue.glob("*/collection.json")]
    items = []
    for path in catalogue.glob("*/*/*.json"):
        item = json.loads(path.read_text()) | {"links": []}
        for asset in item["assets"].values():
            asset["href"] = f"{url}/{(path.parent / asset['href']).relative_to(catalogue)}"
        items.append(item)
    return collections, items


def finished(client: Client, catalog: str) -> dict:
    """The results of the order on one of the catalogues: manifest, and LAI by item through the signed links."""
    job = client.submit({"aoi": AOI.to_crs("EPSG:4326").json, "catalog": catalog, **ORDER})
    assert job.wait(timeout_s=600)["status"] == "successful"
    outputs = job.results()
    collection = httpx.get(outputs["collection"]["href"], timeout=60).json()
    lai = {}
    for link in collection["links"]:
        if link["rel"] == "item":
            item = httpx.get(link["href"], timeout=60).json()
            with rasterio.open(item["assets"]["lai"]["href"]) as raster:
                lai[item["id"]] = raster.read(1)
    return {"manifest": httpx.get(outputs["manifest"]["href"], follow_redirects=True, timeout=60).json(), "lai": lai}


def test_scenes_over_the_network_give_what_files_give_and_are_read_once(service, files, catalogue):
    ours, theirs = finished(service, "api"), finished(service, "files")
    scenes = ours["manifest"]["scenes"]
    assert sum(scene.startswith("S2") for scene in scenes) > 5
    assert sum(scene.startswith("S1") for scene in scenes) > 5
    assert ours["manifest"]["skipped_scenes"] == []
    for member in ("scenes", "dropped_scenes", "skipped_scenes", "plan", "method", "state_sha256"):
        assert ours["manifest"][member] == theirs["manifest"][member], member
    assert len(ours["lai"]) == 3
    for name, values in theirs["lai"].items():
        assert len(np.unique(values)) > 100
        np.testing.assert_array_equal(ours["lai"][name], values, err_msg=name)

    assert sorted(path for method, path, _ in files.asked if method == "HEAD") == sorted(needed(scenes))
    ranges = files.ranges()
    assert set(ranges) == set(needed(scenes))
    for path, ((first, _), *others) in ranges.items():
        others.sort()
        assert first == 0, path  # the header, with some pixels that GDAL does not know it has
        assert all(before[1] < after[0] for before, after in pairwise(others)), path
    fetched = sum(last - first + 1 for parts in ranges.values() for first, last in parts)
    whole = sum((catalogue / path).stat().st_size for path in ranges)
    print(f"{len(ranges)} files, {fetched:,} of {whole:,} bytes in {sum(map(len, ranges.values()))} requests")
    assert fetched < 0.6 * whole


def needed(scenes: list[str]) -> list[str]:
    """The files that the scenes of a plan are read from."""
    names = {"S2": ("sentinel-2-l2a", S2_ASSETS), "S1": ("sentinel-1-rtc", S1_ASSETS)}
    return [f"{names[s[:2]][0]}/{s}/{asset}.tif" for s in scenes for asset in names[s[:2]][1]]


def test_damaged_and_forbidden_files_are_named_and_the_job_goes_on(service, files, catalogue):
    broken, closed = (min(catalogue.glob(pattern)) for pattern in ("sentinel-2-*/*/B11.tif", "sentinel-1-*/*/vh.tif"))
    optical, radar = broken.parent.name, closed.parent.name
    files.truncated = (str(broken.relative_to(catalogue)), broken.stat().st_size // 5)
    files.refused = str(closed.relative_to(catalogue))
    found = finished(service, "api")
    assert found["manifest"]["skipped_scenes"] == [
        {"id": radar, "reason": "could not be read: the archive answered 403"},
        {"id": optical, "reason": "could not be read: a file is damaged"},
    ]
    assert set(found["manifest"]["scenes"]) > {optical, radar}
    assert all((values > 0).any() for values in found["lai"].values())
