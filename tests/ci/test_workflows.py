"""Workflows call what can be run here, with actions that nobody can move."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = {path.name: path.read_text() for path in sorted((ROOT / ".github/workflows").glob("*.yml"))}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_held_to_commits(name):
    used = re.findall(r"uses: (.+)", WORKFLOWS[name])
    assert used and all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", action) for action in used)


def test_a_release_takes_the_torch_of_the_repositorys_variable():
    job = yaml.safe_load(WORKFLOWS["release.yml"])["jobs"]["release-check"]
    assert job["env"] == {"TORCH_INDEX": "${{ vars.TORCH_INDEX }}"}
    first, *others = (step.get("run", "") for step in job["steps"])
    assert '-z "$TORCH_INDEX"' in first and "exit 1" in first
    (asked,) = (run for run in others if "make release-check" in run)
    assert "--preserve-env=PATH,TORCH_INDEX,CI" in asked


def test_alerts_are_tested_wherever_manifests_are():
    for text in WORKFLOWS.values():
        for job in yaml.safe_load(text)["jobs"].values():
            runs = [step.get("run", "") for step in job["steps"]]
            for i, run in enumerate(runs):
                if re.search("make (k8s|release)-check", run):
                    assert "sudo .ci/promtool" in runs[:i]


def test_dockerfiles_are_looked_at_with_every_change():
    jobs = yaml.safe_load(WORKFLOWS["check.yml"])["jobs"].values()
    assert any(step.get("run") == "make images-check" for job in jobs for step in job["steps"])
