"""What the pages of the documentation tell people to type works as it stands there."""

import json
import re
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

DOCS = Path(__file__).parents[2] / "docs"


def test_a_job_by_curl(typed, service, tmp_path):
    printed = typed("rest.md", service.embedded.url)
    assert "cloud_cover" in printed  # the refusal names the member
    assert '"scenarios"' in printed
    estimate = json.loads((tmp_path / "estimate.json").read_text())
    explained = set(re.findall(r"`(\w+)`", (DOCS / "rest.md").read_text().partition("## What it would")[2]))
    assert set(estimate) <= explained
    assert (estimate["scenes_counted"], estimate["errors"]) == (True, [])
    assert (tmp_path / "lai.tif").read_bytes()[:2] in (b"II", b"MM")


def test_series_of_parcels_for_a_platform(typed, service, tmp_path):
    fields = json.loads((service.catalogue / "parcels.geojson").read_text())
    (tmp_path / "parcels.geojson").write_text(json.dumps(fields))
    printed = typed("platform.md", service.embedded.url)
    assert printed.startswith("id,date,mean")
    series = json.loads((tmp_path / "series.json").read_text())["features"]
    assert [field["id"] for field in series] == [str(field["id"]) for field in fields["features"]]
    columns = set((tmp_path / "series.csv").read_text().splitlines()[0].split(","))
    explained = set(re.findall(r"`(\w+)`", (DOCS / "platform.md").read_text().partition("| column")[2]))
    assert columns <= explained


def test_keys_are_made_sent_replaced_and_revoked(typed, guarded, tmp_path, monkeypatch):
    monkeypatch.setenv("CLEARLEAF_DATA_DIR", str(guarded.embedded.data))
    monkeypatch.delenv("CLEARLEAF_API_KEY", raising=False)
    printed = typed("access.md", guarded.embedded.url)
    assert "tractor" in printed
    assert "401\n" in printed
    assert "Authorization: Bearer KEY" in json.loads((tmp_path / "refused.json").read_text())["detail"]
    assert "lai-reconstruction" in printed
    revoked = re.search(r"(clk_\w+) of farm is revoked", printed)[1]
    assert revoked in printed.partition("is revoked")[0]
