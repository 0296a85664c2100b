"""Do the processes understand what the manifests tell them? Each is given what its container would see."""

import os
import re
import subprocess
import time
from pathlib import Path

import pytest

from clearleaf.commands_service import LAST_ANSWERS_S
from clearleaf.settings_list import settings as all_settings
from jobs.load_settings import load_settings
from jobs.queue import make_celery
from jobs.settings import JobsSettings
from service.settings import ApiSettings
from worker.settings import WorkerSettings

KINDS = {"api": ApiSettings, "worker": WorkerSettings, "reconciler": JobsSettings, "migrate-{}": JobsSettings}
STORES = {
    "CLEARLEAF_DATABASE_URL": "or the job book would be a file of the pod",
    "CLEARLEAF_BROKER_URL": "or nobody would be woken",
    "CLEARLEAF_STORAGE_URL": "or results would be a folder of the pod",
}
REQUIRED = {
    "api": STORES
    | {
        "CLEARLEAF_AUTHENTICATION": "or the API refuses to listen beyond the pod",
        "CLEARLEAF_SIGNING_KEY": "or each pod would sign with a key of its own, and refuse the others' links",
        "CLEARLEAF_PUBLIC_URL": "or links would lead to the pod itself",
        "CLEARLEAF_CATALOGS": "or no order would find a scene",
    },
    "worker": STORES
    | {
        "CLEARLEAF_AUTHENTICATION": "or the metrics could not be served beyond the pod",
        "CLEARLEAF_CATALOGS": "or no scene could be opened",
        "CLEARLEAF_SCRATCH_DIR": "or files under way would fill the small /tmp",
        "CLEARLEAF_GRACE_S": "or a worker would give steps back sooner than it must",
        "CLEARLEAF_TORCH_THREADS": "or torch would start a thread for every core of the node",
        "CLEARLEAF_DEVICE": "or a broken driver would go unnoticed",
        "CLEARLEAF_ALIVE_FILE": "the probes look at it",
        "CLEARLEAF_METRICS_PORT": "or there are no metrics",
        "CLEARLEAF_METRICS_HOST": "or Prometheus cannot reach them",
    },
    "reconciler": STORES
    | {
        "CLEARLEAF_AUTHENTICATION": "or the metrics could not be served beyond the pod",
        "CLEARLEAF_ALIVE_FILE": "the probes look at it",
        "CLEARLEAF_METRICS_PORT": "or there are no metrics",
        "CLEARLEAF_METRICS_HOST": "or Prometheus cannot reach them",
    },
    "migrate-{}": {"CLEARLEAF_DATABASE_URL": "the one thing that it changes"},
}
SECRETS = {  # as docs/kubernetes.md says them; what the files of the dev overlay hold
    "clearleaf-database": {"clearleaf_database_url"},
    "clearleaf-broker": {"clearleaf_broker_url"},
    "clearleaf-signing": {"clearleaf_signing_key"},
    "clearleaf-storage": {"credentials"},
    "clearleaf-catalogues": {
        "pc_sdk_subscription_key",
        "clearleaf_scenes_s3_access_key",
        "clearleaf_scenes_s3_secret_key",
    },
    "clearleaf-metrics": {"api_key"},
    "clearleaf-scaler": {"host", "port", "userName", "dbName", "sslmode", "password"},
}


def given_variables(given) -> set[str]:
    """Variables, and those that a file in the folder of secrets stands for."""
    files = [name for names in given.secrets.values() for name in names]
    return {*given.variables, *(key.upper() for name in files for key in SECRETS.get(name, ()))}


def ours(manifests):
    """Our containers, with what they see."""
    for workload in manifests.workloads:
        for container in workload.containers:
            if container["image"].split("/")[-1].startswith("clearleaf-"):
                yield workload, container, manifests.seen(workload, container)


def main_container(manifests, process, version):
    workload = manifests.workload(process.format(version.replace(".", "-")))
    (container,) = workload.spec["containers"]
    return workload, container, manifests.seen(workload, container)


def test_every_variable_is_read_by_somebody(manifests):
    known = {setting.variable for setting in all_settings()}
    for workload, container, given in ours(manifests):
        told = {name for name in given.variables if name.startswith("CLEARLEAF_")}
        assert told <= known, f"{workload.name}/{container['name']}"


@pytest.mark.parametrize("process", REQUIRED)
@pytest.mark.parametrize("name", ["dev", "prod"])
def test_what_a_process_needs_is_given(render, version, name, process):
    _, _, given = main_container(render(name), process, version)
    for variable, why in REQUIRED[process].items():
        assert variable in given_variables(given), f"{variable} is missing, {why}"


@pytest.mark.parametrize("process", KINDS)
@pytest.mark.parametrize("name", ["dev", "prod"])
def test_a_process_understands_its_settings(render, version, tmp_path, monkeypatch, name, process):
    _, _, given = main_container(render(name), process, version)
    stored = render("dev").secrets
    for variable, value in given.variables.items():
        monkeypatch.setenv(variable, value)
    folder = given.secrets["/run/secrets/clearleaf"]
    for secret in folder:
        for key, content in stored.get(secret, {}).items():
            (tmp_path / key).write_bytes(content)
    assert given.variables["CLEARLEAF_SECRETS_DIR"] == "/run/secrets/clearleaf"
    monkeypatch.setenv("CLEARLEAF_SECRETS_DIR", str(tmp_path))
    settings = load_settings(KINDS[process])
    assert settings.database == stored["clearleaf-database"]["clearleaf_database_url"].decode()
    if process == "api":
        assert settings.signing_secret() == stored["clearleaf-signing"]["clearleaf_signing_key"]
    if process != "migrate-{}":
        assert settings.broker_url == stored["clearleaf-broker"]["clearleaf_broker_url"].decode()
        assert settings.bucket is not None
        assert settings.default_catalog in settings.catalogs


def test_each_sees_the_secrets_that_it_needs_and_no_other(manifests, version):
    stores = {"clearleaf-database", "clearleaf-broker"}
    expected = {
        "api": stores | {"clearleaf-signing"},
        "worker": stores | {"clearleaf-catalogues"},
        "reconciler": stores,
        "migrate-{}": {"clearleaf-database"},
    }
    for process, names in expected.items():
        _, container, given = main_container(manifests, process, version)
        assert given.secrets["/run/secrets/clearleaf"].keys() == names
        assert ("/run/secrets/aws" in given.secrets) == (process != "migrate-{}")
        assert "secretKeyRef" not in str(container), "a file is not inherited, nor shown by `describe`"


def test_secrets_are_those_of_the_docs(manifests, docs):
    table = dict(re.findall(r"^\| `(clearleaf-[a-z]+)` \| (.+?) \|", docs, flags=re.MULTILINE))
    assert {name: set(re.findall(r"`([a-zA-Z0-9_]+)`", keys)) for name, keys in table.items()} == SECRETS
    used = {name for _, _, given in ours(manifests) for names in given.secrets.values() for name in names}
    assert used <= SECRETS.keys()
    for found in manifests.of_kind("TriggerAuthentication"):
        for reference in found["spec"]["secretTargetRef"]:
            assert reference["key"] in SECRETS[reference["name"]]
    for found in manifests.of_kind("ServiceMonitor", "PodMonitor"):
        for endpoint in found["spec"].get("endpoints", found["spec"].get("podMetricsEndpoints")):
            reference = endpoint["authorization"]["credentials"]
            assert reference["key"] in SECRETS[reference["name"]]


def test_dev_makes_every_secret_that_its_pods_need(render, secrets_of):
    manifests = render("dev")
    stored = manifests.secrets
    for workload in manifests.workloads:
        for volume in workload.spec.get("volumes", []):
            for name, optional in secrets_of(volume).items():
                assert name in stored or optional, f"{workload.name}: {name}"
                assert stored.get(name, {}).keys() >= (SECRETS.get(name, set()) if not optional else set())


def test_no_secret_is_written_in_the_tree(render):
    for name in ("base", "prod", "everything"):
        assert not render(name).of_kind("Secret")


def test_a_worker_has_the_time_that_it_counts_on(manifests):
    workload = manifests.workload("worker")
    (worker,) = workload.spec["containers"]
    grace = workload.spec["terminationGracePeriodSeconds"]
    given = manifests.seen(workload, worker).variables
    assert given["CLEARLEAF_GRACE_S"] == str(grace)
    soft = make_celery(JobsSettings(grace_s=grace)).conf.worker_soft_shutdown_timeout
    assert soft + 30 <= grace
    assert soft >= 240, "most steps end within"


def test_an_api_answers_on_until_proxies_have_turned_away(manifests):
    workload = manifests.workload("api")
    (api,) = workload.spec["containers"]
    program, seconds = api["lifecycle"]["preStop"]["exec"]["command"]
    assert program == "sleep"
    assert int(seconds) + LAST_ANSWERS_S < workload.spec["terminationGracePeriodSeconds"]


def test_probes_look_at_the_file_that_is_touched(manifests):
    for name in ("worker", "reconciler"):
        workload = manifests.workload(name)
        (container,) = workload.spec["containers"]
        given = manifests.seen(workload, container).variables
        folder = str(Path(given["CLEARLEAF_ALIVE_FILE"]).parent)
        (mount,) = (mount for mount in container["volumeMounts"] if mount["mountPath"] == folder)
        assert not mount.get("readOnly")
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert container[probe]["exec"]["command"][:2] == ["sh", "-c"]
            assert '"$CLEARLEAF_ALIVE_FILE"' in container[probe]["exec"]["command"][2]
        assert workload.ports["metrics"] == int(given["CLEARLEAF_METRICS_PORT"])


@pytest.mark.parametrize("name", ["worker", "reconciler"])
def test_the_probe_knows_a_fresh_file_from_an_old_one(render, tmp_path, name):
    (container,) = render("base").workload(name).spec["containers"]
    alive = tmp_path / "alive"

    def lives() -> bool:
        command = container["livenessProbe"]["exec"]["command"]
        done = subprocess.run(
            command, check=False, capture_output=True, env=os.environ | {"CLEARLEAF_ALIVE_FILE": alive}
        )
        return done.returncode == 0

    assert not lives(), "there is none yet"
    alive.touch()
    assert lives()
    os.utime(alive, (time.time() - 180,) * 2)
    assert not lives()
