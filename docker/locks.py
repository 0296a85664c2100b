"""Write the locks of the images anew from pyproject.toml: `python docker/locks.py`, by the program `uv`.

A lock holds every package that an image installs, with version and hashes. torch and the GPU libraries that it brings
stand beside it: they differ between the builds for CPU and GPU.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

DOCKER = Path(__file__).parent
PROJECT = DOCKER.parent / "pyproject.toml"
EXTRAS = {"api": ("service", "otel"), "worker": ("worker", "otel")}
"""Of the distribution, by lock."""
BESIDE = re.compile(r"^(torch|triton|nvidia-[a-z0-9-]+|cuda-[a-z0-9-]+)==", re.MULTILINE)
HEADER = "# Made by docker/locks.py; `make locks` makes it anew.\n"


def compiled(*arguments: str, stdin: str | None = None) -> str:
    """Return the packages that uv chooses for the images' Python, one or more lines each."""
    platform = ("--python-version", "3.11", "--python-platform", "x86_64-manylinux_2_28")
    command = ["uv", "pip", "compile", "--quiet", "--no-header", "--generate-hashes", *platform, *arguments]
    done = subprocess.run(  # noqa: S603 - our own words
        command, input=stdin, capture_output=True, text=True, cwd=DOCKER.parent, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def lock(extras: tuple[str, ...]) -> str:
    """Return the lock of some extras."""
    chosen = [PROJECT.name, *(word for extra in extras for word in ("--extra", extra))]
    beside = BESIDE.findall(compiled(*chosen))
    return compiled(*chosen, *(word for name in beside for word in ("--no-emit-package", name)))


def main() -> None:
    """Write one file for each image, and one for what builds the distribution."""
    for name, extras in EXTRAS.items():
        (DOCKER / f"{name}.lock").write_text(HEADER + lock(extras))
    needed = tomllib.loads(PROJECT.read_text())["build-system"]["requires"]
    (DOCKER / "build.lock").write_text(HEADER + compiled("--no-annotate", "-", stdin="\n".join(needed)))


if __name__ == "__main__":
    main()
