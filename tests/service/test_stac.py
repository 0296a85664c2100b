"""The STAC API over results: what is walked through is what was published, with hrefs that can be followed."""

import json

import pystac
import pytest
from pystac.validation import validate_dict

BASE = "https://lai.example.org/api"
ITEM = "2023-05-01"


def path_of(href):
    assert href.startswith(BASE + "/")
    return href.removeprefix(BASE)


def links_of(document):
    return {link["rel"]: link for link in document["links"]}


@pytest.fixture
def item_of(client):
    def get(job):
        return client.get(f"/stac/collections/{job.id}/items/{ITEM}")

    return get


def test_the_landing_page_is_a_catalogue_that_leads_on(client):
    answer = client.get("/stac")
    page = answer.json()
    validate_dict(page)
    assert client.get("/stac/").json() == page
    assert "https://api.stacspec.org/v1.0.0/item-search" in page["conformsTo"]
    assert client.get("/stac/conformance").json() == {"conformsTo": page["conformsTo"]}
    for rel in (
        "self",
        "root",
        "service-desc",
        "conformance",
        "data",
        "http://www.opengis.net/def/rel/ogc/1.0/queryables",
    ):
        link = links_of(page)[rel]
        found = client.get(path_of(link["href"]))
        assert (found.status_code, found.headers["content-type"]) == (200, link["type"])
    searches = [link for link in page["links"] if link["rel"] == "search"]
    assert [link["method"] for link in searches] == ["GET", "POST"]
    assert path_of(links_of(client.get("/").json())["related"]["href"]) == "/stac"


def test_a_collection_comes_with_its_job_and_goes_with_it(client, new_job, carry_out):
    job = new_job()
    assert client.get("/stac/collections").json()["collections"] == []
    assert client.get(f"/stac/collections/{job.id}").status_code == 404
    carry_out(job.id)
    (listed,) = client.get("/stac/collections").json()["collections"]
    found = client.get(f"/stac/collections/{job.id}").json()
    assert listed["id"] == found["id"] == str(job.id)
    validate_dict(found)
    client.delete(f"/jobs/{job.id}")
    assert client.get("/stac/collections").json()["collections"] == []
    for path in ("", "/items", "/queryables", f"/items/{ITEM}"):
        answer = client.get(f"/stac/collections/{job.id}{path}")
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    assert client.get("/stac/search").json()["numberMatched"] == 0


def test_a_collection_leads_to_its_items_and_files(client, finished):
    found = client.get(f"/stac/collections/{finished.id}").json()
    links = links_of(found)
    assert links["license"]["href"] == "https://example.org/licence"
    assert "item" not in links  # there may be hundreds
    for rel in ("self", "root", "parent", "items", "via", "http://www.opengis.net/def/rel/ogc/1.0/queryables"):
        answer = client.get(path_of(links[rel]["href"]))
        assert (answer.status_code, answer.headers["content-type"]) == (200, links[rel]["type"])
    assert client.get(path_of(found["assets"]["accuracy"]["href"])).json() == {"scenarios": {}}


def test_an_item_is_the_published_one_but_for_its_hrefs(client, finished, item_of, storage):
    answer = item_of(finished)
    assert answer.headers["content-type"] == "application/geo+json"
    item = answer.json()
    validate_dict(item)
    (key,) = (key for key in storage.list(f"jobs/{finished.id}/results/") if key.endswith(f"{ITEM}.json"))
    stored = json.loads(storage.get_bytes(key))
    assert item["assets"]["lai"]["href"] != stored["assets"]["lai"]["href"]
    item["assets"]["lai"]["href"] = stored["assets"]["lai"]["href"]
    assert {k: v for k, v in item.items() if k != "links"} == {k: v for k, v in stored.items() if k != "links"}


def test_hrefs_of_an_item_can_be_followed(client, finished, item_of):
    item = item_of(finished).json()
    links = links_of(item)
    assert client.get(path_of(links["self"]["href"])).json()["id"] == ITEM
    for rel in ("collection", "parent"):
        assert client.get(path_of(links[rel]["href"])).json()["id"] == str(finished.id)
    assert client.get(path_of(links["root"]["href"])).json()["type"] == "Catalog"
    assert links["derived_from"]["href"] == "https://stac.example.org/items/S2A_1"
    assert "signature=" not in links["related"]["href"]  # it leads out of the job's results
    window = client.get(path_of(item["assets"]["lai"]["href"]), headers={"range": "bytes=2-4"})
    assert (window.status_code, window.content) == (206, bytes([2, 3, 4]))


def test_every_door_gives_the_same_item(client, finished, item_of):
    def without_hrefs(item):
        return {name: value for name, value in item.items() if name not in ("links", "assets")}

    listed = client.get(f"/stac/collections/{finished.id}/items")
    by_url = client.get("/stac/search")
    by_body = client.post("/stac/search", json={})
    for answer in (listed, by_url, by_body):
        assert answer.headers["content-type"] == "application/geo+json"
        page = answer.json()
        assert (page["type"], page["numberMatched"], page["numberReturned"]) == ("FeatureCollection", 1, 1)
        (item,) = page["features"]
        assert without_hrefs(item) == without_hrefs(item_of(finished).json())
        assert pystac.Item.from_dict(item).id == ITEM


def test_collections_page(client, new_job, carry_out):
    made = []
    for _ in range(3):
        made.insert(0, str(new_job().id))
        carry_out(made[0])
    seen, url = [], "/stac/collections?limit=2"
    while url:
        page = client.get(url).json()
        assert page["numberMatched"] == 3
        seen += [collection["id"] for collection in page["collections"]]
        url = path_of(links_of(page)["next"]["href"]) if "next" in links_of(page) else None
    assert seen == made


def test_links_come_from_the_public_url_alone(client, finished):
    evil = {"x-forwarded-host": "evil.example", "forwarded": "host=evil.example"}
    for path in ("/stac", "/stac/collections", f"/stac/collections/{finished.id}/items", "/stac/search"):
        answer = client.get(path, headers=evil)
        assert answer.status_code == 200
        assert "evil" not in answer.text
        assert client.get(path, headers={"host": "evil.example"}).status_code == 421  # without keys, see origins.py


@pytest.mark.parametrize("collection", ["nonsense", "%00", "0" * 500, "11111111-1111-1111-1111-111111111111"])
@pytest.mark.parametrize("rest", ["", "/items", "/queryables", "/items/x"])
def test_an_unknown_collection_is_not_found(client, collection, rest):
    answer = client.get(f"/stac/collections/{collection}{rest}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("item", ["nonsense", "%00", "i" * 3000, "%F0%9F%8C%BF"])
def test_an_unknown_item_is_not_found(client, finished, item):
    answer = client.get(f"/stac/collections/{finished.id}/items/{item}")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_the_openapi_describes_the_searches(client):
    document = client.get("/openapi.json").json()
    search = document["paths"]["/stac/search"]
    assert {"bbox", "datetime", "filter", "filter-lang", "sortby"} <= {p["name"] for p in search["get"]["parameters"]}
    body = search["post"]["requestBody"]["content"]["application/json"]
    assert {"intersects", "query", "token"} <= set(body["schema"]["properties"])
    assert client.post("/stac/search", json=body["example"]).status_code == 200
    for operation in search.values():
        answer = operation["responses"]["200"]["content"]
        assert answer["application/geo+json"]["schema"]["$ref"].endswith("StacItems")
        assert {"400", "503"} <= set(operation["responses"])
    of_list = document["paths"]["/stac/collections/{collection_id}/items"]["get"]["parameters"]
    assert "intersects" not in {parameter["name"] for parameter in of_list}
