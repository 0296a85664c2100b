"""The Python client: order, wait, fetch — over HTTP, with nothing of the service imported."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

import httpx
import pystac

from clearleaf.addresses import url_of_environment
from clearleaf.client_errors import Gone, JobFailed, LinkExpired, Unreachable, WaitTimeout, seconds
from clearleaf.client_key import key_of
from clearleaf.connection import PATIENCE_S, Connection, path_part, reachable
from clearleaf.download import Download
from clearleaf.estimates import Estimate
from clearleaf.job_handle import JobHandle, Meanwhile, Progress
from clearleaf.opened import open_collection, open_dataset, open_parcels
from clearleaf.order_body import order_body

if TYPE_CHECKING:
    import geopandas
    import xarray

_JSON = {"content-type": "application/json"}


class Client:
    """A clearleaf service as seen from Python.

    Args:
        base_url: where the service is; what CLEARLEAF_URL or CLEARLEAF_PUBLIC_URL say, or this machine, where left out.
        api_key: what the service wants to be shown; that of CLEARLEAF_API_KEY where left out. It goes to the service
            alone, never where a link leads elsewhere.
        timeout_s: seconds that one answer may take.
        transport: stands in for the network, for tests.
    """

    def __init__(
        self,
        base_url: str | None = None,
        *,
        api_key: str | None = None,
        timeout_s: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        base_url = base_url or url_of_environment()
        self._connection = Connection(base_url, key_of(api_key), timeout_s=timeout_s, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._connection.http.close()

    def submit(self, order: Mapping[str, Any] | Path) -> JobHandle:
        """Place an order and return a handle to its job.

        An answer that is lost on the way is asked for again: the order has a key, and makes one job at most.

        Args:
            order: the order's members, or a JSON file that holds them. Dates may be `datetime.date`, and geometries
                anything with `__geo_interface__` (shapely, geopandas).

        Raises:
            InvalidOrder: the service names each wrong member.
            Unreachable: twice; most likely nothing was ordered.
        """
        body = order_body(order)
        headers = {**_JSON, "idempotency-key": str(uuid4())}
        try:
            info = self._connection.json("POST", "/jobs", content=body, headers=headers)
        except Unreachable:
            info = self._connection.json("POST", "/jobs", content=body, headers=headers)
        return JobHandle(self, info["jobID"])

    def estimate(self, order: Mapping[str, Any] | Path) -> Estimate:
        """Return what an order would take; nothing is ordered.

        Args:
            order: as for `submit`. One that only breaks caps is estimated too: `errors` says which.

        Raises:
            InvalidOrder: the service names each wrong member.
        """
        return Estimate.of(self._connection.json("POST", "/jobs/estimate", content=order_body(order), headers=_JSON))

    def job(self, job_id: str) -> JobHandle:
        """Return a handle to a job that was ordered earlier."""
        return JobHandle(self, job_id)

    def jobs(self, *, status: str | None = None, page_size: int = 100) -> Iterator[dict[str, Any]]:
        """Yield the statusInfo of every job, newest first; `status` takes several states, comma-separated."""
        params: dict[str, Any] | None = {"limit": page_size} | ({"status": status} if status else {})
        href: str | None = "/jobs"
        while href is not None:
            page = self._connection.json("GET", href, params=params)
            yield from page["jobs"]
            href = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
            params = None  # the next link keeps the filters

    def status(self, job_id: str) -> dict[str, Any]:
        """Return the job's statusInfo."""
        return self._connection.json("GET", f"/jobs/{path_part(job_id)}")

    def wait(
        self,
        job_id: str,
        progress: Progress | None = None,
        timeout_s: float | None = None,
        meanwhile: Meanwhile | None = None,
    ) -> dict[str, Any]:
        """Return the statusInfo of a job once it was successful.

        Args:
            job_id: the job.
            progress: called with the statusInfo each time that it has changed.
            timeout_s: give up after so many seconds; None waits for as long as the job takes.
            meanwhile: see `Meanwhile`.

        Raises:
            JobFailed: with the reason.
            Gone: the job was cancelled.
            WaitTimeout: the job goes on, only nobody waits any more.
        """
        end = None if timeout_s is None else time.monotonic() + timeout_s
        last: dict[str, Any] | None = None
        for info, pause_s in self._poll(job_id, meanwhile):
            if progress is not None and info != last:
                progress(info)
            last = info
            if info["status"] in ("successful", "failed", "dismissed"):
                return _ended(info)
            if end is not None and time.monotonic() + pause_s > end:
                raise WaitTimeout("Still running", f"job {job_id} is {info['status']} after {timeout_s:g} s")
            _sleep(pause_s, meanwhile)
        raise AssertionError("polling never ends by itself")

    def results(self, job_id: str) -> dict[str, Any]:
        """Return the results document: each output's href, fresh and short-lived, and its type.

        Raises:
            NotReady: the job has not ended.
            Gone: the job was cancelled.
        """
        return self._connection.json("GET", f"/jobs/{path_part(job_id)}/results")

    def download(self, job_id: str, directory: str | Path) -> Path:
        """Fetch everything that a job gives and return the path of its `collection.json`.

        Each file appears under its name only when it is complete, the collection last; the hrefs between the files
        are relative again, so that the folder can be moved.
        """
        target = Download(self._connection.http, Path(directory))
        while True:
            fetched = len(target.done)
            try:
                with reachable():
                    return target.fetch(self.results(job_id))
            except LinkExpired:  # a long download outlives its links: go on with fresh ones
                if len(target.done) == fetched:
                    raise

    def collection(self, job_id: str) -> pystac.Collection:
        """Return the job's STAC collection, read from the service; its signed hrefs hold for an hour or so."""
        with reachable():
            return open_collection(self._connection.http, self.results(job_id)["collection"]["href"])

    def dataset(self, job_id: str, assets: Sequence[str] = ("lai", "lai_sigma")) -> xarray.Dataset:
        """Return rasters of every date as arrays (time, y, x) in their units, NaN where there is nothing.

        Needs `clearleaf[client]`.
        """
        with reachable():
            return open_dataset(self.collection(job_id), assets)

    def parcels(self, job_id: str) -> geopandas.GeoDataFrame:
        """Return the series of the parcels, a row per parcel and date, LAI in m2/m2; needs `clearleaf[client]`.

        Raises:
            NotOrdered: the job was ordered without parcels.
        """
        with reachable():
            return open_parcels(self._connection.http, self.collection(job_id))

    def retry(self, job_id: str) -> dict[str, Any]:
        """Try a failed job again; what was finished is kept.

        Raises:
            ClientError: the job has not failed.
        """
        return self._connection.json("POST", f"/jobs/{path_part(job_id)}/retry")

    def log(self, job_id: str) -> list[dict[str, Any]]:
        """Return the job's log, oldest entry first: `time`, `level`, `message`."""
        entries: list[dict[str, Any]] = self._connection.json("GET", f"/jobs/{path_part(job_id)}/log")["entries"]
        return entries

    def cancel(self, job_id: str) -> dict[str, Any]:
        """Stop a job, or remove the results of one that has ended; return its statusInfo."""
        return self._connection.json("DELETE", f"/jobs/{path_part(job_id)}")

    def _poll(self, job_id: str, meanwhile: Meanwhile | None) -> Iterator[tuple[dict[str, Any], float]]:
        """Yield the job's statusInfo and the pause that the service asks for, for ever."""
        away_since: float | None = None
        while True:
            try:
                response = self._connection.send("GET", f"/jobs/{path_part(job_id)}")
            except Unreachable as error:
                away_since = away_since or time.monotonic()
                if time.monotonic() - away_since > PATIENCE_S:
                    raise
                _sleep(error.retry_after_s or 1.0, meanwhile)
                continue
            away_since = None
            yield response.json(), seconds(response.headers.get("retry-after")) or 1.0


def _sleep(left_s: float, meanwhile: Meanwhile | None) -> None:
    """Sleep; somebody who wants to do something meanwhile is called before every second of it."""
    while left_s > 0:
        if meanwhile is not None:
            meanwhile()
        time.sleep(min(1.0, left_s))
        left_s -= 1.0


def _ended(info: dict[str, Any]) -> dict[str, Any]:
    if info["status"] == "failed":
        raise JobFailed("Job failed", info.get("message", "no reason was given"))
    if info["status"] == "dismissed":
        raise Gone("Job dismissed", f"job {info['jobID']} was cancelled")
    return info
