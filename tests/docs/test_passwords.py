"""No command that our pages tell people to type has a password among its words: every user of a machine sees these."""

import re
from pathlib import Path

import pytest

PAGES = sorted((Path(__file__).parents[2] / "docs").glob("*.md"))
CLIENT = re.compile(r"\b(redis-cli|valkey-cli|psql|pg_dump|pg_restore)\b[^`\n]*")
GIVEN = re.compile(r"\s(-a|--pass|-u)\s|CLEARLEAF_(DATABASE|BROKER)_URL|//[^/\s]*:[^/\s]*@")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_password_is_given_to_a_client(page):
    commands = [found[0] for found in CLIENT.finditer(page.read_text())]
    assert [command for command in commands if GIVEN.search(command)] == []


def test_the_runbook_says_where_passwords_go():
    page = (PAGES[0].parent / "operations.md").read_text()
    assert "PGPASSFILE" in page
    assert "REDISCLI_AUTH" in page
    assert re.search(r"BOOK=postgresql://USER@HOST", page)
