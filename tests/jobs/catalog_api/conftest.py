"""The same scenes behind APIs and as files: what all tests of STAC APIs ask for."""

import json
from datetime import date
from pathlib import Path

import pystac
import pytest
from shapely.geometry import shape

from clearleaf.simulated import write_catalogue
from jobs.catalog import Catalog, CatalogProfile
from jobs.order_times import TimeRange
from jobs.sources import Source
from models.simulation.site import SiteSpec

COLLECTIONS = {"s2": "sentinel-2-l2a", "s1": "sentinel-1-rtc"}


@pytest.fixture(scope="package")
def days() -> TimeRange:
    return TimeRange(start=date(2023, 5, 1), end=date(2023, 5, 20))


@pytest.fixture(scope="package")
def folder(tmp_path_factory):
    spec = SiteSpec(size_px=16, start=date(2023, 4, 25), end=date(2023, 5, 31), region="belgium", seed=1)
    return write_catalogue(spec, tmp_path_factory.mktemp("catalogue")).parent


@pytest.fixture(scope="package")
def area(folder):
    return shape(json.loads((folder / "aoi.geojson").read_text())["geometry"])


@pytest.fixture(scope="package")
def documents(folder) -> tuple[list[dict], list[dict]]:
    """Collections and items as an API holds them: without links, files with their whole path."""
    collections, items = [], []
    for collection in pystac.Catalog.from_file(str(folder / "catalog.json")).get_children():
        collections.append(collection.to_dict(transform_hrefs=False) | {"links": []})
        for item in collection.get_items():
            for asset in item.assets.values():
                asset.href = f"file://{asset.get_absolute_href()}"
            items.append(item.to_dict(transform_hrefs=False) | {"links": []})
    return collections, items


@pytest.fixture(scope="package")
def profile(folder):
    """Return the profile of an API whose files lie in the catalogue's folder, or in another one."""

    def of(url: str, files: Path = folder, **facts: object) -> CatalogProfile:
        def source(collection):
            return Source(href=url, collection=collection, asset_hosts=(str(files),), **facts)

        return CatalogProfile(name="api", **{sensor: source(name) for sensor, name in COLLECTIONS.items()})

    return of


@pytest.fixture(scope="package")
def static(folder, area, days):
    return Catalog(CatalogProfile(name="static", href=str(folder))).search(area, days)
