"""What a release lacks is told: version, changelog, images, repository, wheel."""

import importlib.util
import json
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-01-31\n\n### Added\n\n- A thing.\n"


@pytest.fixture(scope="module")
def check():
    spec = importlib.util.spec_from_file_location("release_check", ROOT / ".ci" / "release_check.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def root(tmp_path):
    """A repository in which everything is in order."""
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    (tmp_path / "docker-compose.yml").write_text("image: clearleaf-api:1.2.0\nimage: clearleaf-worker:1.2.0-cuda\n")
    (tmp_path / "k8s").mkdir()
    for command in (["init", "-q"], ["add", "."], [*_AS_SOMEBODY, "commit", "-qm", "all"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


_AS_SOMEBODY = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"]


def test_a_tree_in_order_lacks_nothing(check, root):
    assert [*check.changelog(root), *check.images(root), *check.repository(root)] == []


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("[1.2.0]", "[1.1.0]", "section `## [1.2.0]"),
        (" - 2026-01-31", "", "section `## [1.2.0]"),
        ("### Added\n\n- A thing.\n", "", "section `## [1.2.0]"),
        ("## [Unreleased]\n", "## [Unreleased]\n\n- Another.\n", "Unreleased"),
    ],
)
def test_a_changelog_that_is_behind_is_told(check, root, was, becomes, told):
    (root / "CHANGELOG.md").write_text(CHANGELOG.replace(was, becomes))
    (missing,) = check.changelog(root)
    assert told in missing


def test_an_image_of_another_version_is_told(check, root):
    (root / "k8s" / "a.yaml").write_text("image: clearleaf-api:1.1.0\n")
    (root / "k8s" / "b.yaml").write_text("newTag: 1.3.0-cpu\n")
    told = [f"k8s/{name}.yaml: image of version {found}, not 1.2.0" for name, found in (("a", "1.1.0"), ("b", "1.3.0"))]
    assert list(check.images(root)) == told


@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_tag_in_quotes_is_looked_at(check, root, quote):
    (root / "k8s" / "a.yaml").write_text(f"newTag: {quote}1.1.0{quote}\n")
    assert list(check.images(root)) == ["k8s/a.yaml: image of version 1.1.0, not 1.2.0"]


@pytest.mark.parametrize("said", ["newTag: latest", "digest: sha256:" + 64 * "0"])
def test_tags_that_say_no_version_are_told(check, root, said):
    (root / "k8s" / "kustomization.yaml").write_text(f"images:\n  - name: clearleaf-api\n    {said}\n")
    (missing,) = check.images(root)
    assert "k8s/kustomization.yaml" in missing and said in missing


def test_another_name_keeps_the_tag(check, root):
    (root / "k8s" / "kustomization.yaml").write_text("images:\n  - name: clearleaf-api\n    newName: r/clearleaf-api\n")
    assert list(check.images(root)) == []


def test_our_own_tree_names_one_version(check):
    assert list(check.images(ROOT)) == []


@pytest.fixture
def ran(root):
    """Write down that images were tested."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, check=True, capture_output=True, text=True).stdout

    def write(**other):
        ours = {"service": "api", "image": "clearleaf-api:1.2.0", "base": "python:3.11", "revision": head.strip()}
        theirs = {"service": "database", "image": "docker.io/library/postgres:17", "base": "", "revision": ""}
        (root / "build").mkdir()
        (root / "build" / "tested-images.json").write_text(json.dumps([ours | other, theirs]))

    return write


def test_tested_images_of_this_commit_are_in_order(check, root, ran):
    ran()
    assert list(check.tested(root)) == []


def test_untested_images_are_told(check, root):
    (missing,) = check.tested(root)
    assert "make images" in missing


@pytest.mark.parametrize("revision", ["0" * 40, "", "{}-dirty"])
def test_tested_images_of_another_tree_are_told(check, root, ran, revision):
    ran(revision=revision.format(check.git(root, "rev-parse", "HEAD")))
    (missing,) = check.tested(root)
    assert "this commit's image for api" in missing


@pytest.mark.parametrize("part", ["image", "base"])
def test_stand_ins_are_told_unless_they_are_allowed(check, root, ran, part, monkeypatch):
    monkeypatch.delenv("ALLOW_STANDINS", raising=False)
    ran(**{part: "localhost/clearleaf-standin-x:1"})
    (missing,) = check.tested(root)
    assert "localhost/clearleaf-standin-x:1" in missing
    monkeypatch.setenv("ALLOW_STANDINS", "1")
    assert list(check.tested(root)) == []


def test_our_own_images_are_found(check):
    found = [name for path in sorted((ROOT / "k8s").rglob("*.yaml")) for name in check.IMAGES.findall(path.read_text())]
    assert len(found) >= 5


def test_what_is_not_committed_is_told(check, root):
    (root / "new").touch()
    (missing,) = check.repository(root)
    assert "git status" in missing


def test_a_version_that_was_released_before_is_told(check, root):
    subprocess.run(["git", "tag", "v1.2.0"], cwd=root, check=True)
    assert list(check.repository(root)) == []
    subprocess.run(["git", *_AS_SOMEBODY, "commit", "-q", "--allow-empty", "-m", "more"], cwd=root, check=True)
    (missing,) = check.repository(root)
    assert "v1.2.0 is another commit" in missing


def test_a_tag_of_another_version_is_told(check, root):
    subprocess.run(["git", "tag", "v1.2.0-rc1"], cwd=root, check=True)
    (missing,) = check.repository(root)
    assert "v1.2.0-rc1 at a tree of version 1.2.0" in missing


def test_the_wheel_holds_every_file_of_the_packages(check):
    assert list(check.wheel(ROOT)) == []
