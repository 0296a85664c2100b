"""The comparison with others says the same in both of its places."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
MARKS = {"✓", "(✓)", "–", "?"}


def rows(text: str) -> dict[str, list[str]]:
    """The marks of each feature, without the numbers of notes."""
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    plain = [[re.sub(r" [¹²³⁴⁵⁶⁷⁸⁹⁰]+$", "", cell) for cell in row] for row in cells]
    return {row[0]: row[1:] for row in plain if len(row) > 2 and set(row[1:]) <= MARKS}


def test_the_readme_shows_some_of_the_rows():
    short, whole = (rows((ROOT / page).read_text()) for page in ("README.md", "docs/peers.md"))
    assert len(short) > 8
    assert short.items() <= whole.items()


def test_what_others_do_and_we_do_not_is_shown_too():
    short = rows((ROOT / "README.md").read_text())
    assert sum(marks[0] == "–" and "✓" in marks for marks in short.values()) >= 4


def test_every_note_is_there():
    text = (ROOT / "docs" / "peers.md").read_text()
    asked = {
        int(number.translate(str.maketrans("¹²³⁴⁵⁶⁷⁸⁹⁰", "1234567890")))
        for number in re.findall(r" ([¹²³⁴⁵⁶⁷⁸⁹⁰]+)", text)
    }
    assert asked == {int(number) for number in re.findall(r"^(\d+)\. ", text, flags=re.MULTILINE)}
