"""The accuracy report of a job as a table for people."""

from __future__ import annotations

from typing import Any

from rich.table import Table


def accuracy_table(report: dict[str, Any]) -> Table | str:
    """Return the accuracy report as a table, or why there is none."""
    if not report.get("scenarios"):
        return f"no accuracy figures: {report['reason']}"
    methods = report["scenarios"]["gap15"]
    title = f"Hidden dates {', '.join(report['hidden_dates'])}, with every scene within 15 days of each"
    table = Table(title=title, title_justify="left")
    for column in ("method", "RMSE", "MAE", "bias", "R²", "in 90 % interval", "pixels"):
        table.add_column(column, justify="left" if column == "method" else "right")
    for name, figures in sorted(methods.items(), key=lambda pair: pair[1]["rmse"]):
        covered = figures.get("coverage90")
        row = [f"{figures[key]:.2f}" for key in ("rmse", "mae", "bias", "r2")]
        table.add_row(name, *row, "" if covered is None else f"{covered:.0%}", f"{figures['n']:,}")
    return table
