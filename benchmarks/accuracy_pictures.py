"""The pictures of docs/accuracy.md: error by age of the nearest observation, and maps of one hidden day."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from accuracy_labels import LABELS
from accuracy_places import REAL
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from models.area import area_statistics
from models.evaluation.baselines import linear
from models.evaluation.scenarios import GAP15, GAP30, REAL_CLOUD, Scenario, hide, scorable_scenes
from models.paper import CHOSEN, PaperNetworks
from models.reconstruction import LaiReconstructor
from models.series import FloatArray, Site, day_number
from models.training.places import read_patch
from models.weights import find_weights

COLOURS = {"linear": "#999999", "prior": "#56B4E9", "clearleaf": "#0072B2", "paper": "#D55E00"}
SHOWN_DAY = "2018-07-01"
"""The clear day nearest to it is shown: crops stand, and some are about to ripen."""


def write_pictures(document: dict[str, Any], folder: Path) -> None:
    """Write accuracy-by-age.png and accuracy-maps.png."""
    folder.mkdir(parents=True, exist_ok=True)
    _by_age(document, folder / "accuracy-by-age.png")
    _maps(folder / "accuracy-maps.png")


def _by_age(document: dict[str, Any], out: Path) -> None:
    figure = Figure(figsize=(8, 3.2), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    for axes, place in zip(figure.subplots(1, 2, sharey=True), REAL, strict=True):
        cells = [c for c in document["cells"] if c["place"] == place and c["scenario"].startswith("gap")]
        for name, colour in COLOURS.items():
            ages, rmse = _pooled([cell["rmse_by_age"][name] for cell in cells])
            axes.plot(ages, rmse, "o-", color=colour, ms=4, label=LABELS[name].replace("**", ""))
        axes.set_title(f"Patch {place}", loc="left", fontsize=10)
        axes.set_xlabel("days to the nearest visible observation, more than", fontsize=9)
        axes.grid(axis="y", color="#eeeeee")
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("RMSE, m² m⁻²", fontsize=9)
    figure.axes[0].set_ylim(bottom=0)  # shared, so only once everything is drawn
    figure.axes[0].legend(frameon=False, fontsize=7)
    figure.savefig(out, dpi=140, metadata={"Software": None})


def _pooled(tables: list[list[list[float]]]) -> tuple[list[float], list[float]]:
    """Return lower ages and RMSE, pooled over scenarios by the number of pixels."""
    total: dict[float, np.ndarray] = {}
    for low, count, rmse in (row for table in tables for row in table):
        total[low] = total.get(low, np.zeros(2)) + np.array([count, count * rmse**2])
    ages = sorted(total)
    return ages, [float(np.sqrt(total[age][1] / total[age][0])) for age in ages]


def _maps(out: Path) -> None:
    """Draw what each system makes of one hidden day of patch A, in three scenarios."""
    site = read_patch("a")
    scenes = scorable_scenes(site.observed)
    index = min(scenes, key=lambda i: abs(int(site.observed.days[i]) - int(day_number(SHOWN_DAY))))
    rows = [_row(site, index, scenario) for scenario in (GAP15, GAP30, REAL_CLOUD)]
    figure = Figure(figsize=(10, 6), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    colours = colormaps["viridis"].copy()
    colours.set_bad("#e6e6e6")
    grid = figure.subplots(len(rows), len(rows[0][1]), squeeze=False)
    for line, (name, maps) in zip(grid, rows, strict=True):
        for axes, (title, lai) in zip(line, maps.items(), strict=True):
            image = axes.imshow(lai, cmap=colours, vmin=0, vmax=6, interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
            axes.set_title(title, fontsize=8)
        line[0].set_ylabel(name, fontsize=9)
    bar = figure.colorbar(image, ax=grid, shrink=0.7, pad=0.01, extend="max")
    bar.set_label("LAI, m² m⁻²", fontsize=9)
    day = str(site.observed.days[index].astype("datetime64[D]"))
    figure.suptitle(
        f"Patch A, {day}. Contains modified Copernicus Sentinel data 2017-2018", x=0.01, ha="left", fontsize=9
    )
    figure.savefig(out, dpi=140, metadata={"Software": None})


def _row(site: Site, index: int, scenario: Scenario) -> tuple[str, dict[str, FloatArray]]:
    case = hide(site, index, scenario, np.random.default_rng([1, index]))
    networks = find_weights("without-a").load("paper")
    if case is None or not isinstance(networks, PaperNetworks):
        raise ValueError(f"scene {index} cannot be shown in {scenario.name}")
    days = np.array([case.day], np.int32)
    predicted, fused = networks.reconstruct(case.site, days, "paper")
    ours = LaiReconstructor.load("without-a").with_statistics(area_statistics([case.site]))
    maps = {
        "hidden truth": case.truth,
        "visible of the day": case.site.observed.on(days)[0],
        "linear": linear(case.site, days)[0],
        CHOSEN: predicted[0],
        "paper, both steps": fused[0],
        "clearleaf": ours.reconstruct(case.site, days).fused[0],
    }
    return scenario.name, maps
