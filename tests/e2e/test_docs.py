"""What the pages of the documentation tell people to type works as it stands there."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (DOCS / page).read_text(), flags=re.DOTALL | re.MULTILINE)


@pytest.fixture
def typed(service, tmp_path):
    """What a page's blocks print, typed one after the other in an empty folder."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")

    def run(page: str) -> str:
        script = "\n".join(["set -euo pipefail", *blocks(page, "sh")])
        environment = os.environ | {"CLEARLEAF_URL": service.embedded.url, "no_proxy": "127.0.0.1"}
        done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_a_job_by_curl(typed, tmp_path):
    printed = typed("rest.md")
    assert "cloud_cover" in printed  # the refusal names the member
    assert '"scenarios"' in printed
    assert (tmp_path / "lai.tif").read_bytes()[:2] in (b"II", b"MM")


def test_series_of_parcels_for_a_platform(typed, service, tmp_path):
    fields = json.loads((service.catalogue / "parcels.geojson").read_text())
    (tmp_path / "parcels.geojson").write_text(json.dumps(fields))
    printed = typed("platform.md")
    assert printed.startswith("id,date,mean")
    series = json.loads((tmp_path / "series.json").read_text())["features"]
    assert [field["id"] for field in series] == [str(field["id"]) for field in fields["features"]]
    columns = set((tmp_path / "series.csv").read_text().splitlines()[0].split(","))
    explained = set(re.findall(r"`(\w+)`", (DOCS / "platform.md").read_text().partition("| column")[2]))
    assert columns <= explained
