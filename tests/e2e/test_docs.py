"""What the pages of the documentation tell people to type works as it stands there."""

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


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_a_job_by_curl(service, tmp_path):
    script = "\n".join(["set -euo pipefail", *blocks("rest.md", "sh")])
    environment = os.environ | {"CLEARLEAF_URL": service.embedded.url, "no_proxy": "127.0.0.1"}
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cloud_cover" in done.stdout  # the refusal names the member
    assert '"scenarios"' in done.stdout
    assert (tmp_path / "lai.tif").read_bytes()[:2] in (b"II", b"MM")
