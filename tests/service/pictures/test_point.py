"""The series of a pixel is what the COGs hold there, on every date."""

import pytest


def series(client, job, lon, lat):
    answer = client.get(f"/jobs/{job.id}/point", params={"lon": lon, "lat": lat})
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("in_bucket", [False, True])
@pytest.mark.parametrize(("row", "column"), [(300, 300), (549, 639), (0, 639), (545, 600), (120, 31)])
def test_the_series_is_what_the_rasters_hold(client, job, lonlat, row, column, in_bucket):
    found = series(client, job, *lonlat(job, row, column))
    assert (found["unit"], found["simulated"]) == ("m2 m-2", True)
    assert [entry["date"] for entry in found["series"]] == ["2023-05-01", "2023-05-11", "2023-05-21"]
    for entry, day in zip(found["series"], sorted(job.stored["lai"]), strict=True):
        assert entry["reason"] is None
        for asset in ("lai", "lai_sigma", "quality", "days_to_clear"):
            assert entry[asset] == pytest.approx(float(job.values(asset, day)[row, column]), abs=5e-4)
        assert entry["quality_class"] == {1: "observed", 2: "reconstructed", 5: "water-or-snow"}[entry["quality"]]
        assert entry["observed"] is (entry["quality"] == 1)


def test_pixels_begin_and_end_where_the_grid_says(client, job):
    from pyproj import Transformer

    to_degrees = Transformer.from_crs(str(job.geobox.crs), "EPSG:4326", always_xy=True)
    values = job.values("lai", min(job.stored["lai"]))
    for down, across in ((300.02, 300.02), (300.98, 300.98), (300.98, 301.02)):
        lon, lat = to_degrees.transform(*(job.geobox.affine @ (across, down)))
        found = series(client, job, lon, lat)["series"][0]["lai"]
        assert found == pytest.approx(float(values[int(down), int(across)]), abs=5e-4)


def test_without_data_the_row_says_why(client, job, lonlat):
    for entry in series(client, job, *lonlat(job, 10, 10))["series"]:
        assert (entry["lai"], entry["lai_sigma"], entry["days_to_clear"]) == (None, None, None)
        assert (entry["quality"], entry["quality_class"], entry["observed"]) == (0, "no-data", False)
        assert "no data" in entry["reason"]


@pytest.mark.parametrize("place", [(11.0, 48.0), (11.5999, 48.8), (-170, -89), (180, 90), (-180, -90), (0, 0)])
def test_outside_every_row_says_so(client, job, place):
    found = series(client, job, *place)["series"]
    assert len(found) == 3
    for entry in found:
        assert entry["reason"] == "outside the job's grid"
        assert entry["observed"] is False
        assert all(entry[name] is None for name in ("lai", "lai_sigma", "quality", "quality_class", "days_to_clear"))


@pytest.mark.parametrize(
    "query",
    ["", "lon=11.6", "lon=x&lat=1", "lon=181&lat=0", "lon=0&lat=91", "lon=nan&lat=0", "lon=1e999&lat=0", "lon=&lat="],
)
def test_a_place_that_is_none_is_refused(client, job, query):
    answer = client.get(f"/jobs/{job.id}/point?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"]


def test_numbers_are_json(client, job, lonlat):
    text = client.get(f"/jobs/{job.id}/point", params=dict(zip(("lon", "lat"), lonlat(job, 10, 10), strict=True))).text
    assert "NaN" not in text
