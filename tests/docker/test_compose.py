"""docker-compose.yml: valid, guarded, without a password, and understood by those whom it configures."""

import json
import re
import stat
import subprocess
import sys
import tomllib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from clearleaf.demo import CATALOGUE
from clearleaf.simulated import DEMO, write_catalogue
from jobs.load_settings import SECRETS_DIR, load_settings
from jobs.settings import JobsSettings
from service.settings import ApiSettings
from worker.settings import WorkerSettings

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
SERVICES = yaml.safe_load(COMPOSE.read_text())["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("clearleaf-")}
BUILDS = {service["image"]: service["build"] for service in OURS.values() if "build" in service}
STANDINS = yaml.safe_load((ROOT / "tests/containers/standins.yml").read_text())["services"]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_it_follows_the_compose_specification():
    program = Path(sys.executable).with_name("check-jsonschema")
    command = [program, "--builtin-schema", "vendor.compose-spec", COMPOSE]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_guarded(name):
    service = SERVICES[name]
    assert service["user"] == "10001:10001"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"] and "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["deploy"]["resources"]["limits"].keys() >= {"memory", "pids"}
    assert not {"privileged", "pid", "ipc"} & service.keys()
    for port in service.get("ports", []):
        assert port.startswith("127.0.0.1:")
    options = service["logging"]["options"]
    assert service["logging"]["driver"] == "json-file" and options["max-size"] and int(options["max-file"]) > 1


def mount(volume: str | dict) -> tuple[str, str, set[str]]:
    """Source, target and options of a volume in either of compose's forms; without source where it is anonymous."""
    if isinstance(volume, dict):
        return volume["source"], volume["target"], {name for name, on in volume["volume"].items() if on}
    if ":" not in volume:
        return "", volume, set()
    source, target, *options = volume.split(":")
    return source, target, set(options)


def test_what_is_filled_beforehand_is_not_filled_by_another_image():
    # A docker engine creates all containers before it starts any: each image's own folder, with its owner, would go
    # into a volume that is still empty.
    filled = {mount(volume)[0] for volume in SERVICES["passwords"]["volumes"]}
    for name in SERVICES.keys() - OURS.keys():
        named = [found for found in map(mount, SERVICES[name]["volumes"]) if found[0]]
        for source, _, options in named:
            assert source in filled and options & {"nocopy", "ro"}, (name, source)
            assert "nocopy" in options or source.endswith("-secret"), (name, source)


def test_nothing_of_the_checkout_is_mounted():
    for service in SERVICES.values():
        assert not [volume for volume in service.get("volumes", []) if mount(volume)[0].startswith((".", "/", "~"))]


def test_an_image_is_built_by_one_service():
    built = [service["image"] for service in OURS.values() if "build" in service]
    assert sorted(built) == sorted({service["image"] for service in OURS.values()})


def test_there_is_a_stand_in_for_each_image_of_others():
    assert STANDINS.keys() == SERVICES.keys() - OURS.keys()
    assert all(service["image"].startswith("localhost/clearleaf-standin-") for service in STANDINS.values())


def test_secrets_reach_only_those_who_need_them():
    who = {}
    for name, service in SERVICES.items():
        for source, _, _ in map(mount, service.get("volumes", [])):
            who.setdefault(source, set()).add(name)
    assert who["api-secrets"] == {"passwords", "api"}
    assert who["bucket-secret"] == {"passwords", "bucket"}
    for server in ("database", "broker", "storage"):
        assert who[f"{server}-secret"] == {"passwords", server}


def test_only_the_s3_door_of_the_storage_is_open():
    given = dict(option.lstrip("-").partition("=")[::2] for option in SERVICES["storage"]["command"])
    assert (given["ip.bind"], given["s3.ip.bind"]) == ("127.0.0.1", "0.0.0.0")


@pytest.mark.parametrize("name", SERVICES)
def test_who_runs_for_ever_is_asked_how_it_is(name):
    check = SERVICES[name]["healthcheck"]
    assert "test" in check if SERVICES[name]["restart"] == "unless-stopped" else check == {"disable": True}


def test_no_password_stands_in_it():
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            assert not re.search("password|secret|key|token", name, re.IGNORECASE) or value.startswith("/"), name
            assert not re.search(r"://[^/@{]*:[^/@]*@", value), name


def test_every_variable_is_a_setting():
    kinds = (JobsSettings, ApiSettings, WorkerSettings)
    known = {f"CLEARLEAF_{name.upper()}" for kind in kinds for name in kind.model_fields} | {SECRETS_DIR}
    used = set(re.findall(r"CLEARLEAF_[A-Z0-9_]+", COMPOSE.read_text()))
    for dockerfile in (ROOT / "docker").glob("*.Dockerfile"):
        used |= set(re.findall(r"CLEARLEAF_[A-Z0-9_]+", dockerfile.read_text()))
    assert used - known == set()


def test_images_bear_the_projects_version():
    tags = {image.partition(":")[2] for image in BUILDS}
    assert tags == {VERSION, f"{VERSION}-cpu", f"{VERSION}-cuda"}
    assert {build["args"]["VERSION"] for build in BUILDS.values()} == {VERSION}


def test_a_worker_is_given_the_time_that_it_counts_on():
    for name in ("worker", "worker-gpu"):
        assert SERVICES[name]["stop_grace_period"] == SERVICES[name]["environment"]["CLEARLEAF_GRACE_S"] + "s"


def test_plain_up_computes_on_the_cpu():
    asked = {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service}
    assert asked == {"worker-gpu": ["gpu"]}  # all others, the worker of the CPU among them, start without being asked


@pytest.fixture
def passwords(tmp_path):
    """Run the script that makes the passwords on the folders of its volumes."""
    mounted = [mount(volume)[1] for volume in SERVICES["passwords"]["volumes"]]
    for place in mounted:
        if place.startswith("/volumes/"):
            (tmp_path / place.removeprefix("/volumes/")).mkdir()

    def run() -> dict[str, str]:
        subprocess.run([sys.executable, ROOT / "docker/compose/passwords.py", tmp_path], check=True)
        return {str(path.relative_to(tmp_path)): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}

    return run


def test_passwords_are_random_kept_and_closed(passwords, tmp_path):
    made = passwords()
    assert all(stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600 for name in made)
    assert all(any(name.startswith(f"{volume.name}/") for name in made) for volume in tmp_path.iterdir())
    assert passwords() == made
    (tmp_path / "api-secrets" / "aws_credentials").unlink()
    anew = passwords()
    assert anew["database-secret/password"] != made["database-secret/password"]
    links = "api-secrets/clearleaf_signing_key"
    assert anew[links] == made[links] and len(made[links]) == 64
    assert anew.keys() == made.keys()


def test_the_passwords_are_those_of_the_settings(passwords, tmp_path, monkeypatch):
    made = passwords()
    monkeypatch.setenv(SECRETS_DIR, str(tmp_path / "secrets"))
    settings = load_settings(JobsSettings)
    assert settings.signing_key is None
    monkeypatch.setenv(SECRETS_DIR, str(tmp_path / "api-secrets"))
    assert load_settings(ApiSettings).model_dump().items() >= settings.model_dump(exclude={"signing_key"}).items()
    settings = load_settings(ApiSettings)
    assert f":{made['database-secret/password']}@database/" in settings.database_url
    assert made["broker-secret/valkey.conf"] == f"requirepass {settings.broker_url.split(':')[2].partition('@')[0]}\n"
    assert settings.signing_key.get_secret_value() not in str(settings)
    known = {each["name"]: each for each in json.loads(made["storage-secret/s3.json"])["identities"]}
    for name, volume in (("maker", "bucket-secret"), ("clearleaf", "secrets"), ("clearleaf", "api-secrets")):
        keys = known[name]["credentials"][0]
        assert all(value in made[f"{volume}/aws_credentials"] for value in keys.values())
    bucket = SERVICES["api"]["environment"]["CLEARLEAF_STORAGE_URL"].split("/")[2]
    assert all(right.partition(":")[::2] == (right.split(":")[0], bucket) for right in known["clearleaf"]["actions"])
    assert not any("Admin" in right for right in known["clearleaf"]["actions"])


def test_the_settings_of_the_containers_can_be_loaded(monkeypatch):
    for name, value in SERVICES["worker"]["environment"].items():
        if name != SECRETS_DIR and "${" not in value:
            monkeypatch.setenv(name, value)
    settings = load_settings(WorkerSettings)
    assert settings.bucket == ("clearleaf", "lai")
    assert settings.catalogs[CATALOGUE].simulated
    assert settings.default_catalog == CATALOGUE


def test_the_order_of_the_docs_is_for_the_simulated_area(tmp_path):
    brief = replace(DEMO, start=DEMO.start, end=DEMO.start + timedelta(days=10))
    area = json.loads((write_catalogue(brief, tmp_path).parent / "aoi.geojson").read_text())
    order = json.loads((ROOT / "docker/compose/order.json").read_text())
    assert order["aoi"] == area["geometry"]
    assert str(DEMO.start) < order["start"] < order["end"] < str(DEMO.end)
