"""What the dev overlay brings itself, tried without a cluster: secrets, a broker, a bucket and scenes."""

import json
import os
import shutil
import stat
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
import redis

from jobs.catalog import CatalogProfile, open_catalog

ROOT = Path(__file__).parents[2]


def test_secrets_are_random_and_read_by_their_owner_alone(tree, secrets, tmp_path):
    for path in secrets.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    shutil.copy(tree / "overlays" / "dev" / "make-secrets", tmp_path)
    subprocess.run([tmp_path / "make-secrets"], check=True, capture_output=True)
    others = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert others.keys() == {path.name for path in secrets.iterdir()}
    assert all(text != (secrets / name).read_text() for name, text in others.items())
    assert len(others["clearleaf_signing_key"]) == 64
    subprocess.run([tmp_path / "make-secrets"], check=True, capture_output=True)
    assert others == {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}, "left as they were"


def test_git_does_not_see_them():
    tree = Path(__file__).parents[2]
    command = ["git", "-C", tree, "check-ignore", "k8s/overlays/dev/secrets/credentials"]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0


def test_both_ends_have_the_same_password(secrets):
    read = {path.name: path.read_text() for path in secrets.iterdir()}
    assert urlsplit(read["clearleaf_database_url"]).password == read["database-password"]
    assert f"requirepass {urlsplit(read['clearleaf_broker_url']).password}" == read["valkey.conf"]
    client = ConfigParser()
    client.read_string(read["credentials"])
    (identity,) = json.loads(read["s3.json"])["identities"]
    assert identity["credentials"] == [
        {
            "accessKey": client["default"]["aws_access_key_id"],
            "secretKey": client["default"]["aws_secret_access_key"],
        }
    ]


def test_the_services_are_where_the_urls_say(render, secrets):
    manifests = render("dev")
    for name in ("clearleaf_database_url", "clearleaf_broker_url"):
        url = urlsplit((secrets / name).read_text())
        (port,) = manifests.named("Service", url.hostname)["spec"]["ports"]
        assert port["port"] == url.port
    (settings,) = (found["data"] for found in manifests.of_kind("ConfigMap"))
    url = urlsplit(settings["CLEARLEAF_S3_ENDPOINT_URL"])
    assert manifests.named("Service", url.hostname)["spec"]["ports"][0]["port"] == url.port


def test_the_broker_keeps_messages_and_asks_for_a_password(broker):
    told = redis.Redis.from_url(broker).config_get("*")
    assert (told["appendonly"], told["maxmemory-policy"]) == ("yes", "noeviction")
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=urlsplit(broker).port).ping()


def test_of_the_storage_only_its_s3_is_heard_beyond_the_pod(render):
    """Its other doors ask nobody who they are; whoever probes it comes from outside the pod."""
    (container,) = render("dev").workload("storage").spec["containers"]
    told = dict(word.lstrip("-").split("=", 1) for word in container["args"] if "=" in word)
    assert (told["ip.bind"], told["s3.ip.bind"]) == ("127.0.0.1", "0.0.0.0")
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[name]["tcpSocket"] == {"port": "s3"}


def test_the_bucket_is_made_once(render, s3):
    manifests = render("dev")
    (container,) = manifests.workload("make-bucket").spec["containers"]
    given = {variable["name"]: variable["value"] for variable in container["env"]}
    (settings,) = (found["data"] for found in manifests.of_kind("ConfigMap"))
    assert settings.items() >= {name: value for name, value in given.items() if name.startswith("CLEARLEAF_")}.items()
    assert container["command"] == ["python", "/compose/bucket.py"]
    del given["AWS_SHARED_CREDENTIALS_FILE"]
    for _ in range(2):
        command = [sys.executable, ROOT / "docker/compose/bucket.py"]
        subprocess.run(command, check=True, env=os.environ | given | {"CLEARLEAF_S3_ENDPOINT_URL": s3.url})
    bucket = settings["CLEARLEAF_STORAGE_URL"].removeprefix("s3://")
    client = boto3.client("s3", endpoint_url=s3.url, region_name="us-east-1")
    client.head_bucket(Bucket=bucket)
    client.delete_bucket(Bucket=bucket)


def test_the_scenes_are_made_where_they_are_looked_for(render, tmp_path):
    manifests = render("dev")
    (settings,) = (found["data"] for found in manifests.of_kind("ConfigMap"))
    (profile,) = json.loads(settings["CLEARLEAF_CATALOGS"]).values()
    for name in ("api", "worker"):
        spec = manifests.workload(name).spec
        (maker,) = (found for found in spec["initContainers"] if found["name"] == "simulate-catalogue")
        for container in (maker, spec["containers"][0]):
            (mount,) = (mount for mount in container["volumeMounts"] if mount["name"] == "catalogue")
            assert profile["href"].startswith(f"{mount['mountPath']}/")
    *command, folder = maker["args"]
    assert profile["href"] == f"{folder}/catalog.json"
    here = tmp_path / Path(folder).name
    subprocess.run([sys.executable, "-m", "clearleaf", *command, here], check=True, capture_output=True)
    found = CatalogProfile(**(profile | {"name": "simulated", "href": f"{here}/catalog.json"}))
    assert len(open_catalog(found, 10).extents()) == 2
