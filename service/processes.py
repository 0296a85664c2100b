"""The processes that are offered, as OGC API – Processes 1.0 describes them."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from pydantic import BaseModel, ConfigDict

from service.order_schema import order_schema
from service.settings import ApiSettings
from service.statusinfo import OGC_REL, PROCESS_ID, Link, link

_TITLE = "Cloud-free leaf area index"
_DESCRIPTION = (
    "Leaf area index and its uncertainty for every date wanted, on every pixel: observed where Sentinel-2 saw the "
    "ground, reconstructed from Sentinel-1 and Sentinel-2 elsewhere."
)
_JSON, _GEOJSON = "application/json", "application/geo+json"

OUTPUTS = {
    "collection": ("STAC Collection of the rasters", "One STAC Item a date, one Cloud-Optimized GeoTIFF an asset"),
    "accuracy": ("Accuracy report", "How well hidden clear days of the area were reconstructed, by every method"),
    "manifest": ("Manifest", "Order, scenes, versions, weights and seed, from which the job can be run again"),
    "series": ("Series of the parcels", "Statistics of every parcel on every date; only where parcels were ordered"),
}
"""The declared outputs by name, in the order in which they are given."""


class ProcessSummary(BaseModel):
    """What a process is for, in short."""

    model_config = ConfigDict(title="processSummary", extra="allow")

    id: str
    version: str
    title: str
    description: str
    jobControlOptions: list[str]
    outputTransmission: list[str]
    links: list[Link]


class ProcessList(BaseModel):
    """One page of the list of processes."""

    model_config = ConfigDict(title="processList")

    processes: list[ProcessSummary]
    links: list[Link]


class ProcessDescription(ProcessSummary):
    """What goes into a process and what comes out of it."""

    model_config = ConfigDict(title="process", extra="allow")

    inputs: dict[str, dict[str, Any]]
    outputs: dict[str, dict[str, Any]]


def summary(settings: ApiSettings) -> dict[str, Any]:
    """Return the summary of the reconstruction, ready for JSON."""
    href = f"{settings.public_url}/processes/{PROCESS_ID}"
    return {
        "id": PROCESS_ID,
        "version": version("clearleaf"),
        "title": _TITLE,
        "description": _DESCRIPTION,
        "keywords": ["LAI", "leaf area index", "Sentinel-1", "Sentinel-2", "STAC"],
        "jobControlOptions": ["async-execute", "dismiss"],
        "outputTransmission": ["reference"],
        "links": [
            link(href, "self", "This process"),
            link(f"{href}/execution", OGC_REL + "execute", "POST an order here"),
            link(f"{settings.public_url}/jobs?processID={PROCESS_ID}", OGC_REL + "job-list", "Its jobs"),
        ],
    }


def description(settings: ApiSettings) -> dict[str, Any]:
    """Return the whole description of the reconstruction, ready for JSON."""
    order = order_schema(settings.limits, tuple(settings.catalogs), settings.default_catalog)
    inputs = {name: _input(name, schema, name in order["required"]) for name, schema in order["properties"].items()}
    outputs = {
        name: {"title": title, "description": words, "schema": {"type": "string", "contentMediaType": _type_of(name)}}
        for name, (title, words) in OUTPUTS.items()
    }
    return summary(settings) | {"inputs": inputs, "outputs": outputs}


def _input(name: str, schema: dict[str, Any], required: bool) -> dict[str, Any]:
    words = schema["description"]
    kind = {key: value for key, value in schema.items() if key != "description"}
    if name in ("aoi", "parcels"):
        kind |= {"contentMediaType": _GEOJSON}
    return {
        "title": name.replace("_", " "),
        "description": words,
        "minOccurs": int(required),
        "maxOccurs": 1,  # a list is one value here, that of an array
        "schema": kind,
    }


def _type_of(output: str) -> str:
    return _GEOJSON if output == "series" else _JSON
