"""The whole service in containers, as docker-compose.yml says; by docker, or by podman as root.

With podman, images of others are stand-ins (docker/standins) where they cannot be pulled. Which images ran is told at
the end, and written down for .ci/release_check.py.
"""

import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import httpx
import pytest
import yaml

ROOT = Path(__file__).parents[2]
SERVICES = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
OF_OTHERS = {name: service["image"] for name, service in SERVICES.items() if service["image"].startswith("docker.io/")}
PROJECT = "clearleaf-test"
RAN = ROOT / "build/tested-images.json"
IMAGES = pytest.StashKey[list]()
"""Those that the tests of this session used."""
OURS = ("api", "worker", "reconciler")
UP_WITHIN_S = 600
"""Containers, schema, bucket and a simulated catalogue, on a busy machine."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Stack:
    """A project of docker-compose.yml and what tests do to it."""

    def __init__(self) -> None:
        docker = subprocess.run(["docker", "info"], capture_output=True).returncode == 0 if _has("docker") else False
        self.engine = "docker" if docker else "podman"
        self.files: list[str] = []
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {
            "API_PORT": str(self.port),
            "CLEARLEAF_PUBLIC_URL": self.url,
            "COMPOSE_PROJECT_NAME": PROJECT,
            "no_proxy": "127.0.0.1",
        }
        if not docker:
            self.environment["CONTAINERS_CONF"] = str(ROOT / "tests/containers/containers.conf")

    def run(self, *command: str | Path, check: bool = True, **more) -> str:
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, **more)
        assert not check or done.returncode == 0, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    def compose(self, *arguments: str) -> str:
        command = ["docker", "compose"] if self.engine == "docker" else ["podman-compose"]
        return self.run(*command, *self.files, *arguments)

    def up(self) -> None:
        """Start everything, and wait until the API is ready."""
        if self.engine == "docker":
            self.compose("up", "--detach", "--no-build")  # `make images` builds what is tested
        else:
            if not all([self._obtained(image) for image in OF_OTHERS.values()]):
                self.run("docker/standins/build.sh")
                self.files = ["-f", "docker-compose.yml", "-f", "tests/containers/standins.yml"]
            self._start_in_order()
        _until(self._ready, lambda: self.run(self.engine, "ps", "--all"))

    def _obtained(self, image: str) -> bool:
        ways = ("image", "exists"), ("pull", "--quiet")
        return any(subprocess.run(["podman", *way, image], capture_output=True).returncode == 0 for way in ways)

    def images(self) -> list[dict[str, str]]:
        """What runs, image by image."""
        return [self._ran(name) for name in (*OURS, *OF_OTHERS)]

    def _ran(self, service: str) -> dict[str, str]:
        labels = self.labels(service)
        image = self.inspect(service)["Config"]["Image"]
        return {
            "service": service,
            "image": image,
            "base": labels.get("base.name", ""),
            "revision": labels.get("revision", ""),
        }

    def _start_in_order(self) -> None:
        """Start services as `depends_on` says: podman-compose leaves the waiting to podman, which may be too old."""
        left = {n: s.get("depends_on", {}) for n, s in SERVICES.items() if "profiles" not in s}
        while left:
            free = [name for name, needs in left.items() if not needs.keys() & left.keys()]
            for name in free:
                for needed, how in left.pop(name).items():
                    met = self._ended if how["condition"] == "service_completed_successfully" else self.well
                    _until(lambda met=met, needed=needed: met(needed), lambda needed=needed: self.logs(needed))
                self.compose("up", "--detach", "--no-deps", name)

    def _ended(self, service: str) -> bool:
        state = self.inspect(service)["State"]
        return state["Status"] == "exited" and state["ExitCode"] == 0

    def well(self, service: str) -> bool:
        """Whether a service passes its health check."""
        if self.engine == "docker":
            return self.inspect(service)["State"]["Health"]["Status"] == "healthy"
        command = ["podman", "healthcheck", "run", self.container(service)]  # no systemd runs it by the clock
        return subprocess.run(command, env=self.environment, capture_output=True).returncode == 0

    def logs(self, service: str) -> str:
        command = [self.engine, "logs", self.container(service)]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.run(command, env=self.environment, text=True, **streams).stdout

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def container(self, service: str) -> str:
        """Id of a service's container."""
        labels = (f"project={PROJECT}", f"service={service}")
        filters = [f"--filter=label=com.docker.compose.{label}" for label in labels]
        return self.run(self.engine, "ps", "--all", "--quiet", *filters).strip()

    def inspect(self, service: str) -> dict:
        return json.loads(self.run(self.engine, "container", "inspect", self.container(service)))[0]

    def image(self, service: str) -> dict:
        return json.loads(self.run(self.engine, "image", "inspect", self.inspect(service)["Image"]))[0]

    def labels(self, service: str) -> dict[str, str]:
        """OCI's annotations of a service's image, without what all begin with."""
        begin = "org.opencontainers.image."
        labels = self.image(service)["Config"].get("Labels") or {}
        return {name.removeprefix(begin): value for name, value in labels.items() if name.startswith(begin)}

    def exec(self, service: str, *command: str, check: bool = True) -> str:
        return self.run(self.engine, "exec", self.container(service), *command, check=check)

    def remove_volumes(self) -> None:
        """Remove what `down --volumes` of podman-compose leaves."""
        names = self.run(self.engine, "volume", "ls", "--quiet", f"--filter=name={PROJECT}_").split()
        if names:
            self.run(self.engine, "volume", "rm", "--force", *names)

    def client(self) -> httpx.Client:
        """A client with the first key."""
        key = self.exec("api", "cat", "/keys/first").strip()
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=90, trust_env=False)


def _until(met, told) -> None:
    deadline = time.monotonic() + UP_WITHIN_S
    while not met():
        assert time.monotonic() < deadline, told()
        time.sleep(1)


def _has(program: str) -> bool:
    return shutil.which(program) is not None


@pytest.fixture(scope="session")
def stack(pytestconfig):
    RAN.unlink(missing_ok=True)
    found = Stack()
    if not _has(found.engine) or (found.engine == "podman" and not _has("podman-compose")):
        pytest.fail("neither a docker engine nor podman with podman-compose is here: docs/deployment.md tells of both")
    try:
        found.up()
        pytestconfig.stash[IMAGES] = found.images()
        yield found
    finally:
        if folder := os.environ.get("CONTAINER_LOGS"):  # for who looks for a fault
            _keep_logs(found, Path(folder))
        found.compose("down", "--volumes")
        found.remove_volumes()


def pytest_terminal_summary(terminalreporter, config):
    if ran := config.stash.get(IMAGES, []):
        terminalreporter.section("images")
    for one in ran:
        terminalreporter.write_line(" ".join(filter(None, (one["service"], one["image"], one["base"]))))


def pytest_sessionfinish(session, exitstatus):
    """Write down what was tested, if it passed."""
    ran = session.config.stash.get(IMAGES, [])
    if ran and exitstatus == pytest.ExitCode.OK:
        RAN.parent.mkdir(exist_ok=True)
        RAN.write_text(json.dumps(ran, indent=1))


def _keep_logs(stack: Stack, folder: Path) -> None:
    for name in SERVICES:
        if stack.container(name):
            (folder / f"{name}.log").write_text(stack.logs(name))
