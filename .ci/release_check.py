"""Is this tree a release? Looks at version, changelog, images, repository and wheel, and tells what is missing.

python .ci/release_check.py          # what `make release-check` asks last, after tests, images and manifests
ALLOW_STANDINS=1                     # where no registry is reachable: what it then says is no release
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("clearleaf", "jobs", "models", "service", "worker")
IMAGES = re.compile(r"(?:\bclearleaf-(?:api|worker):|\bnewTag: [\"']?)(\d[\w.]*)(?:-cpu|-cuda)?\b")
TAGS = re.compile(r"^[ -]*(?:newTag|digest):.*", re.MULTILINE)
"""Of kustomize. An entry with a new name alone keeps the tag that the base has."""


def main() -> int:
    """Tell what is missing; returns how many things are."""
    missing = [*changelog(ROOT), *images(ROOT), *tested(ROOT), *repository(ROOT), *wheel(ROOT)]
    for told in missing:
        print(f"missing {told}")
    if not missing:
        print(f"ok: {version(ROOT)} can be released; tag it v{version(ROOT)}")
    return len(missing)


def version(root: Path) -> str:
    """Return the version that is written once, in pyproject.toml."""
    return str(tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"])


def changelog(root: Path) -> Iterator[str]:
    """Yield what the changelog lacks: a dated section of this version, and nothing left under Unreleased."""
    parts = re.split(r"^## ", (root / "CHANGELOG.md").read_text(), flags=re.MULTILINE)[1:]
    sections = {part.split("\n", 1)[0]: part.split("\n", 1)[1].strip() for part in parts}
    ours = [head for head in sections if re.fullmatch(rf"\[{re.escape(version(root))}\] - \d{{4}}-\d\d-\d\d", head)]
    if not ours or not sections[ours[0]]:
        yield f"CHANGELOG.md: a section `## [{version(root)}] - YYYY-MM-DD` that says what is new"
    if sections.get("[Unreleased]"):
        yield "CHANGELOG.md: what stands under Unreleased belongs to a version by now"


def images(root: Path) -> Iterator[str]:
    """Yield the images of clearleaf that are named with another version."""
    for path in [root / "docker-compose.yml", *sorted((root / "k8s").rglob("*.yaml"))]:
        text = path.read_text() if path.exists() else ""
        for line in TAGS.findall(text):
            if not IMAGES.search(line):
                yield f"{path.relative_to(root)}: a version in `{line.strip()}`, so that it can be compared"
        for other in IMAGES.findall(text):
            if other != version(root):
                yield f"{path.relative_to(root)}: image of version {other}, not {version(root)}"


def tested(root: Path) -> Iterator[str]:
    """Yield what the tests of the images lack: those of this commit ran, with real ones of others, on a real base."""
    ran = root / "build" / "tested-images.json"
    if not ran.exists():
        yield "a test of the images: `make images images-test compose-test`"
        return
    for one in json.loads(ran.read_text()):
        ours = re.search(r"\bclearleaf-(api|worker):", one["image"])
        if ours and one["revision"] != git(root, "rev-parse", "HEAD"):
            yield f"a test of this commit's image for {one['service']}: `make images images-test compose-test`"
        for name in (one["image"], one["base"]):
            if "/clearleaf-standin-" in name and os.environ.get("ALLOW_STANDINS") != "1":
                yield f"a test of {one['service']} without the stand-in {name}: let the machine reach a registry"


def repository(root: Path) -> Iterator[str]:
    """Yield what the repository lacks: all is committed, and the version is not another commit's."""
    if git(root, "status", "--porcelain"):
        yield "a clean tree: commit or remove what `git status` shows"
    tag = f"v{version(root)}"
    if others := [name for name in git(root, "tag", "--points-at", "HEAD").split() if name != tag]:
        yield f"tags that say what the tree says: {', '.join(others)} at a tree of version {version(root)}"
    tagged = git(root, "tag", "--list", tag)
    if tagged and git(root, "rev-list", "-n1", tag) != git(root, "rev-parse", "HEAD"):
        yield f"a new version: {tag} is another commit"


def wheel(root: Path) -> Iterator[str]:
    """Yield the committed files of the packages that the wheel lacks."""
    with tempfile.TemporaryDirectory() as folder:
        made = built(root, Path(folder))
        held = set(zipfile.ZipFile(made).namelist())
    lacking = [name for name in git(root, "ls-files", *PACKAGES).splitlines() if name not in held]
    yield from (f"{made.name}: {name} is not in it; see package-data in pyproject.toml" for name in lacking)


def built(root: Path, folder: Path) -> Path:
    """Return the wheel of what is committed, made elsewhere: beside the sources, an older build leaks into it."""
    git(root, "archive", "--format=zip", f"--output={folder / 'tree.zip'}", "HEAD")
    zipfile.ZipFile(folder / "tree.zip").extractall(folder / "tree")
    options = ["-q", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(folder / "tree")], check=True)
    (made,) = folder.glob("*.whl")
    return made


def git(root: Path, *arguments: str) -> str:
    """Return what git says."""
    return subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
