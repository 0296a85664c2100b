"""The tables beside what the paper reports: the average over many sites, and the tables of places in short."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from accuracy_labels import LABELS
from accuracy_places import PAPER_LAND, REAL

PAPER = {"step 1": (0.64, 0.38), "both steps, best": (0.81, 0.22), "both steps, average": (0.61, 0.37)}
"""R² and RMSE that Li et al. (2025) report."""
SHOWN = ("nearest", "linear", "2d-cnn-transformer", "paper", "prior", "predicted", "clearleaf")
SHORT = ("2d-cnn-transformer", "paper", "clearleaf")
KEYS = ("r2", "rmse", "rmse_over_sd")


def average_tables(entries: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the average over many simulated sites, a table for each scenario and kind of land."""
    if entries:
        yield "### Average over many simulated sites\n"
    for entry in entries:
        size = f"{entry['scenario']}, {entry['land']}: {entry['n']:,} pixels, {entry['dates']:,} dates"
        yield f"| {size} | R² | RMSE | RMSE/σ | MAE | bias | mean of sites ({entry['sites']}): R² | RMSE | RMSE/σ |"
        yield "|---" * 9 + "|"
        if entry["land"] == PAPER_LAND:
            yield f"| Li et al. (2025), average | {_reported(*PAPER['both steps, average'])} | | | | | |"
        for name in SHOWN:
            figures = entry["methods"][name]
            more = f"{figures['mae']:.2f} | {figures['bias']:+.2f}"
            yield f"| {LABELS[name]} | {_three(figures)} | {more} | {_three(figures['of_sites'])} |"
        yield ""


def beside_the_paper(document: dict[str, Any]) -> Iterator[str]:
    """Yield what the paper reports, and the same figures of our tables."""
    yield "### Beside what the paper reports\n"
    yield "| | R² | RMSE | RMSE/σ |"
    yield "|---|---|---|---|"
    for what, (r2, rmse) in PAPER.items():
        yield f"| Li et al. (2025), {what} | {_reported(r2, rmse)} |"
    for scenario in ("gap0", "gap15"):
        cells = [cell for cell in document["cells"] if cell["scenario"] == scenario]
        averages = [e for e in document["average"] if (e["scenario"], e["land"]) == (scenario, PAPER_LAND)]
        for name in SHORT:
            for kind, real in (("mean of real patches", True), ("mean of simulated landscapes", False)):
                chosen = {cell["place"]: cell["methods"][name] for cell in cells if (cell["place"] in REAL) == real}
                if chosen:
                    where = f"{kind} ({', '.join(chosen)})"
                    yield f"| {LABELS[name]}, {scenario}, {where} | {_three(_mean(list(chosen.values())))} |"
            for entry in averages:
                where = f"average over {entry['land']}"
                yield f"| {LABELS[name]}, {scenario}, {where} | {_three(entry['methods'][name])} |"
    yield ""


def _mean(methods: list[dict[str, Any]]) -> dict[str, float]:
    """Return R², RMSE and RMSE/σ, each a mean over places: σ differs between them."""
    return {key: sum(m[key] for m in methods) / len(methods) for key in KEYS}


def _three(figures: dict[str, float]) -> str:
    """Return R², RMSE and RMSE/σ as cells; empty where there are none."""
    return " | ".join(f"{figures[key]:.2f}" if key in figures else "" for key in KEYS)


def _reported(r2: float, rmse: float) -> str:
    return f"{r2:.2f} | {rmse:.2f} | {(1 - r2) ** 0.5:.2f}"
