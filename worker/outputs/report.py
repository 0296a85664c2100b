"""The accuracy report as a file and as a picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

COLOURS = {"clearleaf": "#0072B2", "prior": "#56B4E9"}
OTHER_COLOUR = "#999999"


def write_report(folder: Path, report: dict[str, Any]) -> None:
    """Write accuracy.json and accuracy.png."""
    (folder / "accuracy.json").write_text(json.dumps(report, indent=1) + "\n")
    figure = Figure(figsize=(5, 2.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    scenarios = report.get("scenarios")
    if scenarios:
        _bars(axes, scenarios["gap15"], report)
    else:
        axes.axis("off")
        axes.text(0.5, 0.5, f"No accuracy figures: {report['reason']}", ha="center", va="center", wrap=True)
    figure.savefig(folder / "accuracy.png", dpi=120, metadata={"Software": None})


def _bars(axes: Any, methods: dict[str, dict[str, Any]], report: dict[str, Any]) -> None:  # noqa: ANN401
    names = sorted(methods, key=lambda name: methods[name]["rmse"], reverse=True)
    bars = axes.barh(names, [methods[n]["rmse"] for n in names], color=[COLOURS.get(n, OTHER_COLOUR) for n in names])
    axes.bar_label(bars, [f"{methods[n]['rmse']:.2f}  (R² {methods[n]['r2']:.2f})" for n in names], padding=4)
    axes.set_xlim(0, 1.35 * max(methods[n]["rmse"] for n in names))
    axes.set_xlabel("RMSE, m² m⁻²")
    simulated = "simulated scenes, " if report.get("simulated") else ""
    count = f"{methods['clearleaf']['n']:,} pixels of {len(report['hidden_dates'])} hidden dates"
    axes.set_title(f"Accuracy: {simulated}{count}", fontsize=9, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
