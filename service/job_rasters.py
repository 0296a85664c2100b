"""The rasters of a finished job, found through its manifest and nowhere else: no request names a file or a URL."""

from __future__ import annotations

import json
import logging
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from http import HTTPStatus
from typing import Annotated, NoReturn

from affine import Affine
from fastapi import Depends
from odc.geo.geobox import GeoBox

from jobs.keys import raster_of
from jobs.legends import LEGENDS
from service.dependencies import GivenJob, GivenParts
from service.errors import HttpProblem, damaged, removed
from service.rasters import Rasters
from service.results import published_manifest
from service.stored_file import StoredRaster

log = logging.getLogger(__name__)

_REMEMBERED_JOBS = 16


@dataclass(frozen=True, eq=False)
class JobRasters:
    """What a job has published.

    Attributes:
        manifest_key: where this was read from.
        geobox: grid of every raster.
        rasters: by asset and date, both in their order.
        simulated: the scenes are not of this world, and every picture says so.
    """

    manifest_key: str
    geobox: GeoBox
    rasters: Mapping[str, Mapping[date, StoredRaster]]
    simulated: bool

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of every raster."""
        return self.geobox.shape[0], self.geobox.shape[1]

    @property
    def dates(self) -> list[date]:
        """The days given out, ascending."""
        return list(self.rasters["lai"])

    def dates_of(self, asset: str) -> Mapping[date, StoredRaster]:
        """Return the rasters of an asset.

        Raises:
            HttpProblem: 404 if the job has no such asset; names those that it has.
        """
        if asset not in self.rasters:
            _unknown("asset", asset, list(self.rasters))
        return self.rasters[asset]

    def find(self, asset: str, day: str) -> tuple[date, StoredRaster]:
        """Return the raster that a request names.

        Raises:
            HttpProblem: 404 if there is no such asset or date; names those that there are.
        """
        found = self.dates_of(asset)
        by_text = {known.isoformat(): known for known in found}
        if day not in by_text:
            _unknown("date", day, list(by_text))
        return by_text[day], found[by_text[day]]


def _unknown(what: str, given: str, known: list[str]) -> NoReturn:
    detail = f"this job has no {what} {given[:40]!r}; it has {', '.join(known)}"
    raise HttpProblem(HTTPStatus.NOT_FOUND, detail)


def readerof(job: GivenJob, parts: GivenParts) -> JobRasters:
    """Return the rasters of the job in the path.

    Raises:
        HttpProblem: as for the job's results: 404 before its end, 410 once dismissed, the reason if it failed; 502 if
            the manifest is damaged.
    """
    try:
        return _read(parts.rasters, published_manifest(job))
    except FileNotFoundError:  # dismissed since we looked into the book
        raise removed() from None
    except (ValueError, LookupError) as error:  # it was whole when it was published
        log.error("the manifest of job %s is damaged: %s", job.id, error)
        raise damaged("manifest.json") from error


GivenRasters = Annotated[JobRasters, Depends(readerof)]


@lru_cache(maxsize=_REMEMBERED_JOBS)  # a map asks for dozens of tiles at once, and a manifest names every scene
def _read(reader: Rasters, manifest_key: str) -> JobRasters:
    manifest = json.loads(reader.storage.get_bytes(manifest_key))
    here = posixpath.dirname(manifest_key)
    found: dict[str, dict[date, StoredRaster]] = {}
    for file in manifest["files"]:
        name = file["href"].removeprefix("./")
        named = raster_of(name)
        if named is not None and named[0] in LEGENDS:
            asset, day = named
            found.setdefault(asset, {})[day] = StoredRaster(posixpath.join(here, name), file["size"], file["sha256"])
    rasters = {asset: dict(sorted(found[asset].items())) for asset in LEGENDS if asset in found}
    grid = manifest["plan"]
    geobox = GeoBox(tuple(grid["shape"]), Affine(*grid["transform"]), grid["crs"])
    return JobRasters(manifest_key, geobox, rasters, bool(manifest["simulated"]))
