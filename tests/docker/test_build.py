"""Dockerfiles and their helpers: what is given to the last stage, and what may not be hidden."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILES = {name: (ROOT / f"docker/{name}.Dockerfile").read_text() for name in ("api", "worker")}


@pytest.mark.parametrize("name", DOCKERFILES)
def test_an_image_says_what_it_is_made_from_and_on(name):
    last = DOCKERFILES[name].rpartition("\nFROM ")[2]
    for argument, label in (("VERSION", "version"), ("REVISION", "revision"), ("PYTHON_IMAGE", "base.name")):
        assert re.search(rf"^ARG {argument}\b", last, re.MULTILINE)
        assert f'org.opencontainers.image.{label}="${{{argument}}}"' in last
        # A cached LABEL is taken for ours by buildah unless a RUN between heard the new value.
        assert last.index(f"ARG {argument}") < last.rindex("\nRUN ") < last.index("\nLABEL ")


@pytest.mark.parametrize("name", DOCKERFILES)
def test_what_changes_with_every_commit_comes_last(name):
    last = DOCKERFILES[name].rpartition("\nFROM ")[2]
    assert (
        last.index("COPY --from=build /opt/clearleaf") < last.index("COPY --from=build /opt/app") < last.index("LABEL ")
    )
    built = DOCKERFILES[name].partition("\nCOPY . /src\n")
    assert "slim.sh /opt/clearleaf" in built[0] and "slim.sh" not in built[2]


def test_scripts_of_compose_are_in_the_image_that_runs_them():
    assert "COPY --chmod=0444 docker/compose/*.py /compose/" in DOCKERFILES["api"]
    assert "!docker/compose/*.py" in (ROOT / ".dockerignore").read_text().splitlines()
    used = set(re.findall(r"/compose/(\w+\.py)", (ROOT / "docker-compose.yml").read_text()))
    assert used == {path.name for path in (ROOT / "docker/compose").glob("*.py")}


def test_a_stand_in_never_bears_anothers_name():
    made = re.findall(
        r"(?:--tag|stand_in=)\s*\"?(\S+?)\"? ",
        "".join((ROOT / f"docker/{name}").read_text().replace("\n", " ") for name in ("base.sh", "standins/build.sh")),
    )
    assert len(made) == 2 and all(name.startswith("localhost/clearleaf-standin-") for name in made)
