"""The files that hold the series of a job's parcels: written by the worker, served by the API."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SeriesFile:
    """One form of the series.

    Attributes:
        name: of the file, beside the manifest.
        media_type: as it is served.
        title: for people.
    """

    name: str
    media_type: str
    title: str


SERIES_FILES = {
    "json": SeriesFile("parcels.json", "application/geo+json", "LAI series of the parcels"),
    "csv": SeriesFile("parcels.csv", "text/csv", "LAI series of the parcels, one row per parcel and date"),
    "geoparquet": SeriesFile("parcels.parquet", "application/vnd.apache.parquet", "LAI series of the parcels"),
}
"""By the form that is asked for."""
