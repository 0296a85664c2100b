"""The figures of `accuracy.py` as Markdown: printed, and put between the marks of docs/accuracy.md."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LABELS = {
    "nearest": "nearest date",
    "linear": "linear interpolation",
    "PCHIP": "PCHIP",
    "Whittaker": "Whittaker, λ by cross-validation",
    "Savitzky-Golay": "Savitzky-Golay",
    "GP": "Gaussian process per pixel",
    "multi-output GP (S1 + S2)": "multi-output Gaussian process, S1 + S2",
    "GP + offset": "Gaussian process + offset of the scene",
    "GP + kriged residual": "Gaussian process + kriged residual",
    "1d-cnn": "1D CNN",
    "2d-cnn-lstm": "2D CNN-LSTM",
    "1d-cnn-transformer": "1D CNN-Transformer",
    "2d-cnn-transformer": "2D CNN-Transformer (the paper's step 1)",
    "paper-one-reference": "… + EDCSTFN, one reference",
    "paper": "… + EDCSTFN, two references (the paper)",
    "prior": "clearleaf: temporal prior",
    "predicted": "clearleaf: step 1",
    "clearleaf": "**clearleaf**: step 2, as published",
    "clearleaf, adapted": "**clearleaf**, adapted to the place",
}
"""Name in the figures → name in the tables, in their order."""
OURS = ("prior", "predicted", "clearleaf", "clearleaf, adapted")
PAPER = {"step 1": (0.64, 0.38), "both steps, best": (0.81, 0.22), "both steps, average": (0.61, 0.37)}
"""R² and RMSE that Li et al. (2025) report."""


def tables(document: dict[str, Any]) -> str:
    """Return every table, one after the other."""
    cells = document["cells"]
    places = list(dict.fromkeys(cell["place"] for cell in cells))
    parts = [_place(place, [cell for cell in cells if cell["place"] == place]) for place in places]
    return "\n".join([*parts, _beside_the_paper(cells), _made(document)])


def in_docs(document: dict[str, Any], docs: Path) -> None:
    """Put the tables between the marks of accuracy.md and draw its pictures."""
    from accuracy_pictures import write_pictures

    page = docs / "accuracy.md"
    marked = r"(<!-- tables: begin -->\n).*?(<!-- tables: end -->)"
    text = re.sub(marked, lambda m: f"{m[1]}{tables(document)}\n{m[2]}", page.read_text(), flags=re.DOTALL)
    page.write_text(text)
    write_pictures(document, docs / "pictures")


def _place(place: str, cells: list[dict[str, Any]]) -> str:
    title = f"Patch {place} (real)" if place in "AC" else f"Simulated {place}"
    heads = [f"{c['scenario']}: {c['dates']} dates, {c['n']:,} pixels" for c in cells]
    lines = [f"### {title}", "", "| RMSE / R² | " + " | ".join(heads) + " |", "|---" * (len(cells) + 1) + "|"]
    for name, label in LABELS.items():
        if any(name in cell["methods"] for cell in cells):
            lines.append(f"| {label} | " + " | ".join(_error(cell, name) for cell in cells) + " |")
    lines += ["", *_skills(cells), ""]
    return "\n".join(lines)


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


def _beside_the_paper(cells: list[dict[str, Any]]) -> str:
    lines = ["### Beside what the paper reports", "", "| | R² | RMSE | RMSE/σ |", "|---|---|---|---|"]
    for what, (r2, rmse) in PAPER.items():
        lines.append(f"| Li et al. (2025), {what} | {r2:.2f} | {rmse:.2f} | {(1 - r2) ** 0.5:.2f} |")
    for scenario in ("gap0", "gap15"):
        for name in ("2d-cnn-transformer", "paper", "clearleaf"):
            for kind, places in (("patches A and C", "AC"), ("simulated land", None)):
                chosen = [
                    c for c in cells if c["scenario"] == scenario and ((c["place"] in "AC") == (places is not None))
                ]
                lines.append(f"| {LABELS[name]}, {scenario}, {kind} | {_pooled(chosen, name)} |")
    return "\n".join(lines) + "\n"


def _pooled(cells: list[dict[str, Any]], name: str) -> str:
    """Return R², RMSE and RMSE/σ, each a mean over places: σ differs between them."""
    methods = [cell["methods"][name] for cell in cells]
    means = [sum(m[key] for m in methods) / len(methods) for key in ("r2", "rmse", "rmse_over_sd")]
    return " | ".join(f"{value:.2f}" for value in means)


def _made(document: dict[str, Any]) -> str:
    pixels = sum(cell["n"] for cell in document["cells"] if cell["place"] not in "AC")
    return (
        f"Made by `python benchmarks/accuracy.py` on {document['made']}, {document['machine']}, in "
        f"{document['seconds']} s; {pixels:,} simulated pixels scored, over all scenarios."
    )
