"""Scenes in S3, with credentials of their own: those of the results are somebody else's."""

from pathlib import Path

import boto3
import pytest
from pydantic import SecretStr

from jobs.errors import AccessDenied
from jobs.profiles import CatalogProfile
from jobs.scenes import Scene
from jobs.sources import Source
from worker.inputs import read as reading
from worker.inputs.access import Access, S3Keys
from worker.inputs.read import SceneReader


@pytest.fixture
def in_s3(plan, s3, bucket) -> Scene:
    """A planned scene whose files lie in a bucket."""
    scene = plan.s2_scenes[0]
    client = boto3.client("s3", endpoint_url=s3.url, region_name="us-east-1")
    assets = {}
    for name, asset in scene.assets.items():
        client.upload_file(asset.href, bucket, f"a scene/{Path(asset.href).name}")
        assets[name] = asset.model_copy(update={"href": f"s3://{bucket}/a scene/{Path(asset.href).name}"})
    client.put_object(Bucket=bucket, Key="a scene/MTD_TL.xml", Body=b"<Tile/>")
    return scene.model_copy(update={"assets": assets, "signing": "s3"})


@pytest.fixture
def access_of(s3, bucket, monkeypatch):
    """Return what opens the bucket with a key; the environment has a key that opens nothing."""
    access, secret = s3.users["reader"]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "nobody")
    source = Source(href="/c", collection="c", asset_hosts=(bucket,), signing="s3", s3_endpoint=s3.url)

    def made(secret=secret):
        return Access.of([CatalogProfile(name="c", s2=source)], None, S3Keys(SecretStr(access), SecretStr(secret)))

    return made


def test_scenes_in_s3_are_read_like_those_on_disk(plan, in_s3, access_of):
    there = SceneReader(tries=1, access=access_of()).read_s2([in_s3], plan.geobox)
    assert there.skipped == ()
    here = SceneReader(tries=1).read_s2(plan.s2_scenes[:1], plan.geobox)
    assert there.series.reflectance.tobytes() == here.series.reflectance.tobytes()


def test_documents_in_s3_are_read(in_s3, access_of, bucket):
    assert access_of().document(in_s3, f"s3://{bucket}/a scene/MTD_TL.xml") == b"<Tile/>"
    with pytest.raises(FileNotFoundError, match=f"there is no .*/{bucket}/nothing.xml"):
        access_of().document(in_s3, f"s3://{bucket}/nothing.xml")
    with pytest.raises(AccessDenied) as refused:
        access_of("hunter2").document(in_s3, f"s3://{bucket}/a scene/MTD_TL.xml")
    assert "X-Amz" not in str(refused.value)


def test_a_wrong_key_skips_the_scene_by_name(plan, in_s3, access_of, monkeypatch, caplog):
    monkeypatch.setattr(reading, "RETRY_PAUSE_S", 0.0)
    (skipped,) = SceneReader(tries=1, access=access_of("hunter2")).read_s2([in_s3], plan.geobox).skipped
    assert skipped.id == in_s3.id
    assert skipped.reason.startswith("could not be read")
    assert "hunter2" not in caplog.text
