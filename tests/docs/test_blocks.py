"""What is fenced off on a page that tests type is typed, or says above why it is not."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
TESTS = "".join(path.read_text() for path in (ROOT / "tests" / "e2e").glob("test_docs*.py"))
TYPED = sorted(set(re.findall(r'typed\("([\w-]+\.md)"', TESTS)))
RUN = {"sh", "python"}
SHOWN = {"json", "text"}
"""Languages of what is not there to be typed."""


def silent(text: str) -> list[str]:
    """The blocks of a page that are neither run nor say why."""
    tokens = MarkdownIt().parse(text)
    told = {a.content.partition(":")[0] for a in tokens if a.type == "html_block"}
    assert told <= {"<!-- not run"}, f"a comment on a page is about the block below it: {told}"
    excused = [b for a, b in pairwise(tokens) if a.content.startswith("<!-- not run: ")]
    assert all(block.type == "fence" for block in excused), "a reason stands right above its block"
    fences = [token for token in tokens if token.type == "fence" and token not in excused]
    return [fence.content for fence in fences if fence.info not in RUN | SHOWN]


@pytest.mark.parametrize("page", TYPED)
def test_every_block_is_run_or_says_why_not(page):
    assert silent((ROOT / "docs" / page).read_text()) == []


def test_every_reader_has_a_page_that_is_typed():
    assert {"first-job.md", "gis.md", "platform.md", "rest.md", "scientist.md"} <= set(TYPED)


def test_a_block_that_is_silent_is_found():
    text = "```sh\nrun\n```\n\n<!-- not run: far away -->\n```sh\nskipped\n```\n\n```\nforgotten\n```\n"
    assert silent(text) == ["forgotten\n"]
