"""Alerts and dashboard: of metrics that exist, said in PromQL that Prometheus reads, each with a cure in the docs."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client import REGISTRY

import jobs.reconciler  # noqa: F401 - what a process counts is registered as it is imported
import service.app  # noqa: F401
import worker.tasks  # noqa: F401
from jobs.book_metrics import BookCollector
from jobs.settings import JobsSettings
from jobs.store import JobStore
from worker.exposition import PoolCollector

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "k8s" / "components" / "monitoring"
RULES = yaml.safe_load((MONITORING / "rules.yaml").read_text())["spec"]["groups"]
ALERTS = [rule for group in RULES for rule in group["rules"]]
DASHBOARD = json.loads((MONITORING / "dashboard.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
OF_A_HISTOGRAM = ("_bucket", "_sum", "_count")


@pytest.fixture(scope="module")
def metrics(tmp_path_factory) -> set[str]:
    """Every name under which a sample of ours can be asked for."""
    folder = tmp_path_factory.mktemp("book")
    settings = JobsSettings(data_dir=folder)
    store = JobStore(settings.database, settings)
    store.migrate()
    names = set()
    for collector in (REGISTRY, BookCollector(store.database), PoolCollector(folder)):
        for family in collector.collect():
            suffixes = {"counter": ("_total",), "histogram": OF_A_HISTOGRAM}.get(family.type, ("",))
            names |= {family.name + suffix for suffix in suffixes}
    return names


def names_in(expression: str) -> set[str]:
    return set(re.findall(r"\bclearleaf_\w+", expression))


def expressions() -> Iterator[str]:
    for panel in PANELS:
        yield from (target["expr"] for target in panel["targets"])


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_asks_for_what_there_is(alert, metrics):
    assert names_in(alert["expr"])
    assert names_in(alert["expr"]) <= metrics


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_error_rate_is_of_customers_requests(alert):
    """Probes and scrapes come every few seconds, and are all requests that a quiet service has."""
    for labels in re.findall(r"clearleaf_http_requests_total(\{.*?\}|)(?=[\[ ])", alert["expr"]):
        assert 'route!~"/healthz|/readyz|/metrics"' in labels


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_what_is_wrong_and_leads_to_its_cure(alert):
    assert alert["labels"]["severity"] in ("critical", "warning")
    told = alert["annotations"]
    assert told["summary"].endswith(".")
    assert told["description"].endswith(".")
    page, _, anchor = told["runbook_url"].partition("#")
    assert (page, anchor) == ("docs/operations.md", alert["alert"].lower())
    (section,) = re.findall(rf"^### {alert['alert']}\n(.*?)(?=^##|\Z)", OPERATIONS, re.MULTILINE | re.DOTALL)
    for part in ("**Means**", "**Look**", "**Mend**"):
        assert part in section, f"{alert['alert']} lacks {part}"


def test_every_cure_belongs_to_an_alert():
    assert set(re.findall(r"^### (Clearleaf\w+)$", OPERATIONS, re.MULTILINE)) == {alert["alert"] for alert in ALERTS}


def test_the_dashboard_asks_for_what_there_is_and_shows_all_that_alerts_watch(metrics):
    shown = set().union(*map(names_in, expressions()))
    assert shown <= metrics
    watched = set().union(*(names_in(alert["expr"]) for alert in ALERTS))
    assert watched <= shown


def test_the_dashboard_names_no_job_and_no_customer():
    told = json.dumps(DASHBOARD)
    assert not re.search(r"\b(tenant|job_id)\b", told)
    assert not any(re.search(r"\bby \([^)]*\bjob\b", expression) for expression in expressions())


def test_panels_have_units_and_words_and_stand_side_by_side():
    taken = set()
    for panel in PANELS:
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["description"], panel["title"]
        place = panel["gridPos"]
        columns, rows = (range(place[a], place[a] + place[b]) for a, b in ("xw", "yh"))
        cells = {(x, y) for x in columns for y in rows}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


@pytest.fixture
def promtool(tmp_path, tool) -> Iterator:
    """Runs promtool beside the rules, as Prometheus itself would have them."""
    command = tool("promtool", "it comes with Prometheus")
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": RULES}))
    questions = [{"alert": f"Panel{i}", "expr": expression} for i, expression in enumerate(sorted(set(expressions())))]
    (tmp_path / "panels.yaml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": questions}]}))
    (tmp_path / "alerts.yaml").write_text(Path(__file__).with_name("alerts.yaml").read_text())

    def run(*arguments: str) -> None:
        done = subprocess.run([command, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return run


def test_prometheus_reads_the_rules_and_the_panels(promtool):
    promtool("check", "rules", "--lint=all", "--lint-fatal", "rules.yaml")
    promtool("check", "rules", "panels.yaml")


def test_alerts_go_off_when_they_should_and_only_then(promtool):
    promtool("test", "rules", "alerts.yaml")
