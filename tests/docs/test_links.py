"""Links between our own pages lead to files and headings that are there."""

import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "models" / "published").glob("*.md")]
PARSER = MarkdownIt().enable("table")


def parts(tokens: list[Token]) -> list[Token]:
    """Tokens with what stands inside them."""
    return [part for token in tokens for part in (token, *parts(token.children or []))]


def targets(text: str) -> list[str]:
    """Where the links and pictures of a page lead."""
    found = []
    for token in parts(PARSER.parse(text)):
        found += [str(value) for key, value in token.attrs.items() if key in ("href", "src")]
        if token.type in ("html_block", "html_inline"):
            found += re.findall(r'(?:href|src)="([^"]+)"', token.content)
    return found


def anchors(text: str) -> set[str]:
    """The fragments of a page's headings, as GitHub writes them."""
    tokens = PARSER.parse(text)
    titles = [
        "".join(part.content for part in inline.children or [] if part.type in ("text", "code_inline"))
        for heading, inline in pairwise(tokens)
        if heading.type == "heading_open"
    ]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken(page: Path, text: str) -> list[str]:
    """The links of a page that lead nowhere in our tree; those to the web are not followed."""
    found = []
    for target in targets(text):
        link = urlsplit(target)
        if link.scheme or link.netloc:
            continue
        place = (page.parent / unquote(link.path)).resolve() if link.path else page
        if not place.exists() or not place.is_relative_to(ROOT):
            found.append(target)
        elif link.fragment and place.suffix == ".md":
            there = text if place == page else place.read_text()
            found += [] if link.fragment in anchors(there) else [target]
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    assert broken(page, page.read_text()) == []


def test_a_link_that_leads_nowhere_is_found():
    text = "# A `b` & c\n[good](#a-b--c) [bad](#a-b) [gone](gone.md)\n\n| [row](CHANGELOG.md#nowhere) |\n|---|\n"
    text += '| [web](https://example.org/gone) |\n\n<img src="gone.png">\n\n```\n[code](no-link.md)\n```\n'
    assert broken(ROOT / "README.md", text) == ["#a-b", "gone.md", "CHANGELOG.md#nowhere", "gone.png"]
