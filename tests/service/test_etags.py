"""Who has an answer already, hears so and no more."""

import pytest

from service.etags import has_already


@pytest.mark.parametrize("header", ["*", '"a"', 'W/"a"', '"b", "a"', ' "b" ,W/"a"', '"b,c","a"'])
def test_known(header):
    assert has_already('"a"', header)


@pytest.mark.parametrize("header", ["", "a", '"b"', '"ab"', '"b,a"', '"x""', '"*"'])
def test_unknown(header):
    assert not has_already('"a"', header)


@pytest.mark.parametrize("door", ["/jobs/{id}", "/jobs/{id}/series", "/page/css/base.css"])
def test_every_door_knows_any(client, new_job, carry_out, order, door):
    feature = {"type": "Feature", "properties": {}, "geometry": order["aoi"]}
    job = new_job(parcels={"type": "FeatureCollection", "features": [feature]})
    carry_out(job.id, series=True)
    url = door.format(id=job.id)
    assert client.get(url).status_code == 200
    assert client.get(url, headers={"if-none-match": "*"}).status_code == 304
    assert client.get(url, headers={"if-none-match": client.get(url).headers["etag"][1:-1]}).status_code == 200
