"""The list of settings is that of the classes, and the docs hold it as it is."""

import os
from pathlib import Path

import pytest

from clearleaf.settings_list import ELSEWHERE, example, markdown, settings
from jobs.load_settings import load_settings
from jobs.settings import JobsSettings
from service.settings import ApiSettings
from worker.settings import WorkerSettings

ROOT = Path(__file__).parents[2]


def test_the_page_is_the_list_of_now():
    _, written = (ROOT / "docs" / "settings.md").read_text().split("<!-- by make settings -->\n\n")
    assert written == markdown() + "\n", "run `make settings`"


def test_the_example_of_env_is_the_list_of_now():
    assert (ROOT / ".env.example").read_text() == example() + "\n", "run `make settings`"


def test_every_member_of_every_class_is_listed_once():
    listed = [setting.variable for setting in settings()]
    assert len(listed) == len(set(listed))
    members = {name for kind in (JobsSettings, ApiSettings, WorkerSettings) for name in kind.model_fields}
    assert len(listed) == len(members) + len(ELSEWHERE)


@pytest.mark.parametrize("kind", [JobsSettings, ApiSettings, WorkerSettings])
def test_a_default_as_it_is_written_is_the_default(monkeypatch, kind):
    for name in [name for name in os.environ if name.startswith("CLEARLEAF_")]:
        monkeypatch.delenv(name)
    plain = load_settings(kind)
    for setting in settings():
        if setting.default:
            monkeypatch.setenv(setting.variable, setting.default)
    assert load_settings(kind) == plain
