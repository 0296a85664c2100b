"""The locks of the images say what pyproject.toml says; `make locks` makes them anew."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = {"api": ["service", "otel"], "worker": ["worker", "otel"]}
ENTRY = re.compile(
    r"^([a-z0-9._-]+)==(\S+)((?: ;[^\\]*)? \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE
)


def locked(name) -> dict[str, str]:
    """Versions by package, of those that have hashes."""
    return {package: version for package, version, _ in ENTRY.findall((ROOT / "docker" / f"{name}.lock").read_text())}


def asked(extras) -> list[Requirement]:
    project = PROJECT["project"]
    texts = list(project["dependencies"])
    for extra in extras:
        texts += project["optional-dependencies"][extra]
    return [Requirement(text) for text in texts]


def fits(requirement, versions) -> bool:
    version = versions.get(canonicalize_name(requirement.name))
    return version is not None and requirement.specifier.contains(version, prereleases=True)


@pytest.mark.parametrize("name", EXTRAS)
def test_a_lock_holds_what_the_project_asks_for(name):
    versions = locked(name)
    wrong = [str(r) for r in asked(EXTRAS[name]) if r.name != "torch" and not fits(r, versions)]
    assert wrong == [], "run `make locks`"


@pytest.mark.parametrize("name", ["api", "worker", "build"])
def test_everything_in_a_lock_has_hashes(name):
    pinned = re.findall(r"^([a-z0-9._-]+)==", (ROOT / "docker" / f"{name}.lock").read_text(), flags=re.MULTILINE)
    assert pinned and set(pinned) == set(locked(name))


def test_what_builds_the_distribution_is_locked():
    assert all(fits(Requirement(text), locked("build")) for text in PROJECT["build-system"]["requires"])


def test_torch_and_what_its_builds_bring_stand_beside_the_locks():
    beside = [name for name in locked("worker") if re.match(r"torch$|triton|nvidia-|cuda-", name)]
    assert beside == []
    pinned = next(str(r.specifier) for r in asked(EXTRAS["worker"]) if r.name == "torch")
    given = re.search(r"^ARG TORCH_VERSION=(.+)$", (ROOT / "docker/worker.Dockerfile").read_text(), flags=re.MULTILINE)
    assert pinned == f"=={given[1]}"


def test_the_api_needs_no_torch():
    assert not {"torch", "scipy", "safetensors"} & set(locked("api"))
