"""The tables of places, and the page they stand on: printed, and put between the marks of docs/accuracy.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from accuracy_labels import LABELS
from accuracy_paper import average_tables, beside_the_paper
from accuracy_places import ALL_LAND, REAL

OURS = ("prior", "predicted", "clearleaf", "clearleaf, adapted")
FURTHER = "gap15"
"""The scenario whose further figures are shown: a job's report has the same."""


def tables(document: dict[str, Any]) -> str:
    """Return every table, one after the other."""
    cells, left_out = document["cells"], document["left_out"]
    places = dict.fromkeys([cell["place"] for cell in cells] + [place for place, _ in left_out])
    parts = [
        _place(place, [cell for cell in cells if cell["place"] == place], [s for p, s in left_out if p == place])
        for place in places
    ]
    return "\n".join([*parts, *average_tables(document["average"]), *beside_the_paper(document), _made(document)])


def in_docs(document: dict[str, Any], docs: Path) -> None:
    """Put the tables between the marks of accuracy.md and draw its pictures."""
    from accuracy_pictures import write_pictures

    page = docs / "accuracy.md"
    marked = r"(<!-- tables: begin -->\n).*?(<!-- tables: end -->)"
    text = re.sub(marked, lambda m: f"{m[1]}{tables(document)}\n{m[2]}", page.read_text(), flags=re.DOTALL)
    page.write_text(text)
    write_pictures(document, docs / "pictures")


def _place(place: str, cells: list[dict[str, Any]], left_out: list[str]) -> str:
    lines = [f"### Patch {place} (real)" if place in REAL else f"### Simulated {place}", ""]
    if left_out:
        lines += [f"Left out, since no day can be scored: {', '.join(left_out)}.", ""]
    if cells:
        lines += [*_errors(cells), "", *_skills(cells), "", *_further(cells)]
    return "\n".join(lines)


def _errors(cells: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the table of every method's RMSE and R² in every scenario."""
    heads = [f"{c['scenario']}: {c['dates']} dates, {c['n']:,} pixels" for c in cells]
    yield "| RMSE / R² | " + " | ".join(heads) + " |"
    yield "|---" * (len(cells) + 1) + "|"
    for name, label in LABELS.items():
        if any(name in cell["methods"] for cell in cells):
            yield f"| {label} | " + " | ".join(_error(cell, name) for cell in cells) + " |"


def _further(cells: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the table of every method's other figures in one scenario; nothing where the place has no such cell."""
    for cell in cells:
        if cell["scenario"] == FURTHER:
            yield f"| {FURTHER} | MAE | bias | RMSE/σ | seconds a date |"
            yield "|---|---|---|---|---|"
            for name, label in LABELS.items():
                if m := cell["methods"].get(name):
                    figures = f"{m['mae']:.2f} | {m['bias']:+.2f} | {m['rmse_over_sd']:.2f} | {m['seconds']:.2f}"
                    yield f"| {label} | {figures} |"
            yield ""


def _error(cell: dict[str, Any], name: str) -> str:
    if name not in cell["methods"]:
        return ""
    figures = cell["methods"][name]
    best = min(m["rmse"] for m in cell["methods"].values())
    text = f"{figures['rmse']:.2f} / {figures['r2']:.2f}"
    return f"**{text}**" if figures["rmse"] <= best + 0.005 else text


def _skills(cells: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the table of clearleaf's skill over the best classical method, and of its sigma."""
    yield "| clearleaf | " + " | ".join(c["scenario"] for c in cells) + " |"
    yield "|---" * (len(cells) + 1) + "|"
    yield "| best classical method | " + " | ".join(LABELS[c["best_classical"]] for c in cells) + " |"
    for name in OURS:
        if name in cells[0]["methods"]:
            yield f"| skill over it, {name} | " + " | ".join(_skill(c["methods"][name]) for c in cells) + " |"
    for name in ("clearleaf", "clearleaf, adapted"):
        if name in cells[0]["methods"]:
            yield (
                f"| in the 90 % interval (its width), {name} | "
                + " | ".join(_cover(c["methods"][name]) for c in cells)
                + " |"
            )


def _skill(figures: dict[str, Any]) -> str:
    value, low, high = figures["skill"]
    return f"{value:+.0%} ({low:+.0%} to {high:+.0%})"


def _cover(figures: dict[str, Any]) -> str:
    return f"{figures['coverage90']:.0%} ({figures['width90']:.2f})"


def _made(document: dict[str, Any]) -> str:
    simulated = sum(cell["n"] for cell in document["cells"] if cell["place"] not in REAL)
    averaged = sum(entry["n"] for entry in document["average"] if entry["land"] == ALL_LAND)
    return (
        f"Made by `python benchmarks/accuracy.py` on {document['made']}, {document['machine']}, in "
        f"{document['seconds']} s; {simulated:,} simulated pixels scored in the tables of landscapes, over all "
        f"scenarios, and {averaged:,} in the average."
    )
