"""Clients of STAC that people already have, unmodified: they search a running service's results and read the pixels."""

import json

import numpy as np
import pytest
import rasterio
from odc.stac import load
from pystac_client import Client
from rasterio.windows import Window
from shapely.geometry import shape

from jobs.searchable import PROPERTIES

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

FRACTION = "clearleaf:observed_fraction"
DAYS = ("07-11", "07-01", "06-21", "06-11", "06-01")
WORDS = {"sci:citation", "processing:lineage"}
"""Properties for people, which nobody searches by."""


@pytest.fixture(scope="module")
def jobs(service):
    """Two jobs, one of them of a single day."""
    made = [service.client.submit(service.order()), service.client.submit(service.order(end="2023-06-01"))]
    for job in made:
        service.ended(job)
    return [job.id for job in made]


@pytest.fixture(scope="module")
def catalog(service, jobs):
    return Client.open(f"{service.embedded.url}/stac")


@pytest.fixture(scope="module")
def aoi(service):
    document = json.loads((service.catalogue / "aoi.geojson").read_text())
    return document.get("features", [document])[0].get("geometry", document)


@pytest.fixture
def found(catalog, jobs):
    """Search by both methods; returns the days of the first job's items, in their order."""

    def search(**asked):
        answers = []
        for method in ("POST", "GET"):
            searched = catalog.search(method=method, **{"collections": [jobs[0]]} | asked)
            days = [item.id.removeprefix("lai-2023-") for item in searched.items()]
            assert searched.matched() == len(days)
            answers.append(days)
        assert answers[0] == answers[1]
        return answers[0]

    return search


def test_the_catalogue_is_walked(catalog, jobs):
    assert {collection.id for collection in catalog.get_collections()} >= set(jobs)
    collection = catalog.get_collection(jobs[0])
    assert [item.id for item in collection.get_items()] == [f"lai-2023-{day}" for day in DAYS]
    item = collection.get_item("lai-2023-06-21")
    assert item.get_collection().id == jobs[0]
    assert catalog.get_collection(jobs[0]).get_item("lai-1999-01-01") is None
    for document in (catalog, collection, item):
        document.stac_extensions = []  # their schemas are on the web
        document.validate()


def test_places_and_times_are_searched(found, aoi):
    west, south, east, north = shape(aoi).bounds
    assert found() == list(DAYS)
    assert found(bbox=[west, south, east, north]) == list(DAYS)
    assert found(bbox=[west + 5, south, east + 5, north]) == []
    assert found(intersects=aoi) == list(DAYS)
    assert found(datetime="2023-06") == ["06-21", "06-11", "06-01"]
    assert found(datetime="2023-06-21/..", limit=1) == ["07-11", "07-01", "06-21"]
    assert found(ids=["lai-2023-06-11"]) == ["06-11"]


def test_properties_are_searched(catalog, jobs, found):
    shares = {item.id[-5:]: item.properties[FRACTION] for item in catalog.search(collections=jobs[:1]).items()}
    middle = sorted(shares.values())[2]
    clear = [day for day in DAYS if shares[day] >= middle]
    text = f"{FRACTION} >= {middle} AND datetime < TIMESTAMP('2023-08-01T00:00:00Z')"
    args = [{"op": ">=", "args": [{"property": FRACTION}, middle]}, {"op": "=", "args": [{"property": "gsd"}, 20]}]
    assert found(query={FRACTION: {"gte": middle}}) == clear
    assert found(query=[f"{FRACTION}>={middle}", "gsd=20"]) == clear
    assert found(filter=text) == clear
    assert found(filter={"op": "and", "args": args}) == clear
    assert found(filter=text, limit=1) == clear
    assert found(sortby="+datetime") == list(DAYS[::-1])
    assert found(sortby=f"-{FRACTION},datetime") == sorted(sorted(DAYS), key=lambda day: -shares[day])


def test_pages_follow_one_another(catalog, jobs):
    for method in ("POST", "GET"):
        search = catalog.search(method=method, collections=jobs, limit=2, sortby="id")
        pages = list(search.pages_as_dicts())
        assert [len(page["features"]) for page in pages] == [2, 2, 2]
        assert len({(i["collection"], i["id"]) for page in pages for i in page["features"]}) == search.matched() == 6


def test_fields_are_left_out(catalog, jobs):
    search = catalog.search(collections=jobs[:1], fields=["properties.gsd", "-links", "-assets"], max_items=1)
    (item,) = search.items_as_dicts()
    assert item["properties"] == {"gsd": 20}
    assert not {"links", "assets"} & set(item)


def test_what_is_published_of_a_day_can_be_searched_by(catalog, jobs):
    """A property that is added to items must be added to the job book's list as well."""
    (item,) = catalog.search(collections=jobs[1:]).items()
    plain = {name for name, value in item.properties.items() if not isinstance(value, dict | list)}
    assert plain - WORDS <= set(PROPERTIES)


def test_odc_stac_loads_what_the_files_hold(catalog, jobs):
    names = ["lai", "lai_sigma", "quality", "days_to_clear"]
    items = list(catalog.search(collections=jobs[:1], sortby="+datetime").items())
    cube = load(items, bands=names, groupby="id")
    assert {name: cube[name].dtype.name for name in names} == {
        "lai": "int16",
        "lai_sigma": "int16",
        "quality": "uint8",
        "days_to_clear": "uint16",
    }
    assert cube.time.dt.strftime("%m-%d").values.tolist() == list(DAYS[::-1])
    for i, item in enumerate(items):
        for name in names:
            with rasterio.open(item.assets[name].href) as raster:
                assert np.array_equal(cube[name].values[i], raster.read(1))
    band = items[0].assets["lai"].extra_fields["bands"][0]
    lai = cube.lai.where(cube.lai != cube.lai.nodata) * band["raster:scale"]
    assert 0 <= float(lai.min()) <= float(lai.max()) <= 8


def test_gdal_reads_a_window_of_an_asset(catalog, jobs):
    item = next(catalog.search(collections=jobs[:1], ids=["lai-2023-06-21"]).items())
    with rasterio.open(f"/vsicurl/{item.assets['lai'].href}") as raster:
        window = raster.read(1, window=Window(8, 4, 16, 12))
        assert window.shape == (12, 16)
        assert np.array_equal(window, raster.read(1)[4:16, 8:24])
        assert raster.crs.to_epsg() == int(item.properties["proj:code"].removeprefix("EPSG:"))
