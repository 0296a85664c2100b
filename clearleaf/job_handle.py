"""One job of one service, as Python sees it: what a client can ask of it, without naming it every time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pystac

if TYPE_CHECKING:
    import geopandas
    import xarray

    from clearleaf.client import Client

Progress = Callable[[dict[str, Any]], None]
Meanwhile = Callable[[], None]
"""Called about every second while one waits; may raise to end it."""


@dataclass(frozen=True)
class JobHandle:
    """One job of one service."""

    client: Client
    id: str

    def status(self) -> dict[str, Any]:
        """Return the job's statusInfo."""
        return self.client.status(self.id)

    def wait(
        self,
        progress: Progress | None = None,
        timeout_s: float | None = None,
        meanwhile: Meanwhile | None = None,
    ) -> dict[str, Any]:
        """Return the statusInfo once the job was successful; see `Client.wait`."""
        return self.client.wait(self.id, progress, timeout_s, meanwhile)

    def results(self) -> dict[str, Any]:
        """Return the results document; see `Client.results`."""
        return self.client.results(self.id)

    def download(self, directory: str | Path) -> Path:
        """Fetch all files and return the path of `collection.json`; see `Client.download`."""
        return self.client.download(self.id, directory)

    def collection(self) -> pystac.Collection:
        """Return the STAC collection of the results; see `Client.collection`."""
        return self.client.collection(self.id)

    def dataset(self, assets: Sequence[str] = ("lai", "lai_sigma")) -> xarray.Dataset:
        """Return rasters of every date as arrays (time, y, x); see `Client.dataset`."""
        return self.client.dataset(self.id, assets)

    def parcels(self) -> geopandas.GeoDataFrame:
        """Return the series of the parcels; see `Client.parcels`."""
        return self.client.parcels(self.id)

    def retry(self) -> dict[str, Any]:
        """Try the job again if it has failed; see `Client.retry`."""
        return self.client.retry(self.id)

    def log(self) -> list[dict[str, Any]]:
        """Return the job's log, oldest entry first."""
        return self.client.log(self.id)

    def cancel(self) -> dict[str, Any]:
        """Stop the job, or remove its results if it has ended."""
        return self.client.cancel(self.id)
