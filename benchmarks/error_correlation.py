"""How alike errors of two pixels are: on the real patches by weights that never saw them, and on simulated sites.

    python benchmarks/error_correlation.py

The highest of the three is `models.evaluation.correlation.USUAL`. Then, on the same hidden days, how many means of
square parcels lie in their 90 % interval, for sigma by that correlation, for errors of pixels taken as independent, and
for errors taken as one.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np
import torch
from accuracy_places import REAL, held_out

from models.evaluation.correlation import (
    DAYS_OF_BELIEF,
    DISTANCES_PX,
    USUAL,
    Correlogram,
    error_correlation,
    share_of_mean,
)
from models.evaluation.hidden import Hidden, estimate_hidden
from models.evaluation.metrics import Z90
from models.evaluation.report import DELIVERED, reconstruction
from models.evaluation.scenarios import GAP15
from models.reconstruction import LaiReconstructor
from models.series import Site
from models.simulation.site import SiteSpec, simulate
from models.training.places import read_patch

SIDES_PX = (2, 4, 8, 16)
REGIONS = ("belgium", "continental", "semi-arid", "forest")
FIRST_SEED = 2**33


def main() -> None:
    """Print the correlations and the coverage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=12, help="hidden days of each site, at most")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    found: dict[str, list[Hidden]] = {}
    for place, weights in REAL.items():
        found[place] = _hidden([read_patch(place.lower())], weights, arguments.days)
    period = (date(2021, 3, 1), date(2022, 6, 30))
    sites = [simulate(SiteSpec(32, *period, region, FIRST_SEED + i)).site() for i, region in enumerate(REGIONS)]
    found["simulated"] = _hidden(sites, "release", arguments.days)
    nothing = Correlogram(DISTANCES_PX, (1.0, *[0.0] * (len(DISTANCES_PX) - 1)))
    print("distance, pixels   " + " ".join(f"{d:5d}" for d in DISTANCES_PX))
    rows = []
    for place, parts in found.items():
        days = sum(len(np.unique(part.days)) for part in parts)
        drawn = np.array(error_correlation(parts, DELIVERED, nothing).correlation)
        rows.append(np.where(np.arange(len(drawn)) == 0, 1.0, drawn * (days + DAYS_OF_BELIEF) / days))
        print(f"{place:18s} " + " ".join(f"{c:5.2f}" for c in rows[-1]))
    print(f"{'highest':18s} " + " ".join(f"{c:5.2f}" for c in np.max(rows, axis=0)))
    print("\nin the 90 % interval: by the usual correlation / by the place's own / independent / as one")
    for place, parts in found.items():
        own = error_correlation(parts, DELIVERED)
        for side in SIDES_PX:
            shares = [_coverage(parts, side, of) for of in (USUAL, own, nothing, Correlogram((0, 1), (1.0, 1.0)))]
            print(f"{place:18s} {side:2d} x {side:2d} pixels: " + " / ".join(f"{share:.0%}" for share in shares))


def _hidden(sites: Sequence[Site], weights: str, days: int) -> list[Hidden]:
    estimator = reconstruction(LaiReconstructor.load(weights))
    found = (estimate_hidden(held_out(site, GAP15, days), [estimator]) for site in sites)
    return [hidden for hidden in found if hidden is not None]


def _coverage(parts: Sequence[Hidden], side: int, correlation: Correlogram) -> float:
    """Return the share of square parcels whose hidden mean lies in the 90 % interval of their delivered one."""
    points = np.argwhere(np.ones((side, side))).astype(np.float64)
    share = np.sqrt(share_of_mean(correlation.mean_over_pairs(points), side * side))
    inside = [abs(error) <= Z90 * sigma * share for part in parts for error, sigma in _means(part, side)]
    return float(np.mean(inside))


def _means(hidden: Hidden, side: int) -> Iterator[tuple[float, float]]:
    """Yield error and mean sigma of the means over squares of which at least nine tenths are scored."""
    delivered = hidden.estimates[DELIVERED]
    error, sigma = hidden.truth - delivered.lai, np.asarray(delivered.sigma)
    square = np.column_stack([hidden.places[:, 0], hidden.places[:, 1] // side, hidden.places[:, 2] // side])
    _, which, count = np.unique(square, axis=0, return_inverse=True, return_counts=True)
    means = [np.bincount(which.reshape(-1), values) / count for values in (error, sigma)]
    full = count >= 0.9 * side * side
    yield from zip(means[0][full], means[1][full], strict=True)


if __name__ == "__main__":
    main()
