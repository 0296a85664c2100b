"""A season at a glance: what was observed, what is delivered, and one series with its uncertainty."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from jobs.keys import asset_file
from jobs.legends import LAI_RAMP, OBSERVED, WATER
from jobs.series_files import SERIES_FILES
from models.series import FloatArray
from worker.outputs.assets import LAI, LAI_SIGMA, QUALITY_ASSET
from worker.outputs.small_rasters import hatching, read_small

SEASON_FILE = "season.png"
MAPS = 7
MOST_PX = 160
"""Side at which rasters are read for the picture: a large job's do not fit into memory, nor on the page."""
Z90 = 1.645
INK, MUTED, BAND, LINE, POINT = "#1a1a1a", "#6b6b6b", "#9ecae1", "#08519c", "#d95f02"
NOT_OBSERVED = "#e6e6e6"


@dataclass(frozen=True)
class _Season:
    """Published rasters as (D, H, W) arrays; where LAI has no meaning, it is NaN and `wet`."""

    days: list[date]
    lai: FloatArray
    sigma: FloatArray
    observed: np.ndarray
    wet: np.ndarray


@dataclass(frozen=True)
class _Series:
    """One line of the lower panel, with the mean of what was observed on clear dates (NaN elsewhere)."""

    title: str
    mean: FloatArray
    sigma: FloatArray
    observed: FloatArray


def write_season(folder: Path, collection: dict[str, Any]) -> None:
    """Write season.png: some dates as maps, observed above delivered, and one series with its 90 % interval.

    Args:
        folder: with items, rasters and, where parcels were ordered, their series.
        collection: the job's, as JSON.
    """
    season = _load(folder, collection)
    shown = _spread(season)
    figure = Figure(figsize=(11, 6.4), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    maps, below = figure.subfigures(2, 1, height_ratios=(1.25, 1))  # type: ignore[misc]
    _draw_maps(maps, season, shown)
    _draw_series(below, season, _series(folder, season), shown)
    figure.suptitle(_title(collection), x=0.01, ha="left", fontsize=13, color=INK)
    figure.savefig(folder / SEASON_FILE, dpi=130, metadata={"Software": None})


def _title(collection: dict[str, Any]) -> str:
    if collection["clearleaf:simulated"]:
        return "Leaf area index through clouds (simulated scenes)"
    source = next(p["description"] for p in collection["providers"] if p["name"] == "clearleaf")
    return f"Leaf area index through clouds. {source}"


def _load(folder: Path, collection: dict[str, Any]) -> _Season:
    items = [link["href"] for link in collection["links"] if link["rel"] == "item"]
    stamps = [json.loads((folder / href).read_text())["properties"]["datetime"] for href in items]
    days = [datetime.fromisoformat(stamp).date() for stamp in stamps]

    def stack(asset: str) -> np.ndarray:
        return np.stack([read_small(folder / asset_file(asset, day), MOST_PX) for day in days])

    quality = stack(QUALITY_ASSET.name)
    wet = quality == WATER.quality.value
    lai = np.where(wet, np.nan, LAI.decode(stack(LAI.name)))
    return _Season(days, lai, LAI_SIGMA.decode(stack(LAI_SIGMA.name)), np.isin(quality, OBSERVED), wet)


def _spread(season: _Season) -> list[int]:
    """Return the dates shown as maps: evenly spread, moved to a neighbour that was partly observed where possible."""
    count = len(season.days)
    wanted = np.unique(np.linspace(0, count - 1, min(MAPS, count)).round().astype(int))
    share = season.observed.mean(axis=(1, 2))
    chosen: list[int] = []
    for i in wanted:
        free = [j for j in range(count) if j not in chosen]
        near = [j for j in free if abs(j - i) <= 2] or free  # earlier ones may have taken all that are near
        chosen.append(max(near, key=lambda j: (abs(j - i) <= 2 and 0.05 < share[j] < 0.999, -abs(j - i))))
    return sorted(chosen)


def _draw_maps(figure: Any, season: _Season, shown: list[int]) -> None:  # noqa: ANN401 - matplotlib is loosely typed
    colours = ListedColormap(np.array(LAI_RAMP.table()) / 255).with_extremes(bad=NOT_OBSERVED)
    grid = figure.subplots(2, len(shown), squeeze=False)
    for column, i in enumerate(shown):
        lai, seen = season.lai[i], season.observed[i]
        for row, values in enumerate((np.where(seen, lai, np.nan), lai)):
            axes = grid[row, column]
            image = axes.imshow(values, cmap=colours, vmin=0, vmax=LAI_RAMP.maximum, interpolation="nearest")
            axes.imshow(hatching(season.wet[i], MOST_PX), extent=image.get_extent(), interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
        grid[0, column].set_title(f"{season.days[i]:%d %b %Y}", fontsize=9, color=INK)
    for row, text in enumerate(("observed", "delivered")):
        grid[row, 0].set_ylabel(text, fontsize=10, color=INK)
    bar = figure.colorbar(image, ax=grid, shrink=0.8, pad=0.01, extend="max")
    bar.set_label("LAI, m² m⁻²", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    if season.wet[shown].any():
        light, dark = (f"#{bytes(colour).hex()}" for colour in WATER.colours)
        water = Patch(facecolor=light, edgecolor=dark, hatch="//////", lw=0, label=WATER.quality.description)
        figure.legend(handles=[water], loc="outside lower left", frameon=False, fontsize=8)


def _draw_series(figure: Any, season: _Season, series: _Series, shown: list[int]) -> None:  # noqa: ANN401
    axes = figure.subplots()
    days = np.array(season.days, "datetime64[D]")
    low, high = series.mean - Z90 * series.sigma, series.mean + Z90 * series.sigma
    axes.fill_between(days, np.maximum(low, 0), high, color=BAND, alpha=0.55, lw=0, label="90 % interval")
    axes.plot(days, series.mean, color=LINE, lw=1.8, label="delivered")
    axes.plot(days, series.observed, "o", color=POINT, ms=5, label="observed, clear dates")
    axes.plot(days[shown], np.zeros(len(shown)), "^", color=MUTED, ms=6, clip_on=False, label="maps above")
    locator = AutoDateLocator()  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    axes.set_ylabel("LAI, m² m⁻²", fontsize=9)
    axes.set_title(series.title, fontsize=10, loc="left", color=INK)
    axes.tick_params(labelsize=8)
    axes.grid(axis="y", color="#eeeeee")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, ncols=4, loc="upper right")


def _series(folder: Path, season: _Season) -> _Series:
    """Return the parcel whose LAI moves most, or the whole area where there are no parcels."""
    path = folder / SERIES_FILES["json"].name
    if path.exists():
        features = json.loads(path.read_text())["features"]
        table = [f["series"] for f in features]
        means = np.array([[np.nan if row["mean"] is None else row["mean"] for row in rows] for rows in table])
        if np.isfinite(means).any(axis=1).any():
            swing = np.nanmax(means, axis=1, initial=-np.inf) - np.nanmin(means, axis=1, initial=np.inf)
            return _of_parcel(features[int(np.argmax(swing))])
    seen = season.observed.mean(axis=(1, 2)) > 0.95
    mean = _mean(season.lai)
    return _Series("Mean of the area", mean, _mean(season.sigma), np.where(seen, mean, np.nan))


def _mean(maps: FloatArray) -> FloatArray:
    """Return the mean of each of (D, H, W) maps over what has data; NaN where nothing has."""
    count = np.isfinite(maps).sum(axis=(1, 2))
    return np.where(count > 0, np.nansum(maps, axis=(1, 2)) / np.maximum(count, 1), np.nan).astype(np.float32)


def _of_parcel(feature: dict[str, Any]) -> _Series:
    def column(name: str) -> FloatArray:
        return np.array([np.nan if row[name] is None else row[name] for row in feature["series"]], np.float32)

    mean, seen = column("mean"), column("observed_fraction") > 0.95
    properties = feature["properties"]
    kind = properties.get("crop") or properties.get("name") or ""
    title = f"Parcel {feature['id']}" + (f", {kind}" if kind and kind != feature["id"] else "") + ": mean LAI"
    return _Series(title, mean, column("sigma"), np.where(seen, mean, np.nan))
