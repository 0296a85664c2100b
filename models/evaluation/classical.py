"""Every classical method that the tables set beside the networks."""

from __future__ import annotations

from models.evaluation.baselines import SeriesMethod, linear, nearest
from models.evaluation.gaussian import gaussian_process, multi_output_gaussian_process
from models.evaluation.kriging import kriging, offset
from models.evaluation.scenarios import Scenario
from models.evaluation.smoothers import pchip, savitzky_golay, whittaker

OVER_TIME: dict[str, SeriesMethod] = {
    "nearest": nearest,
    "linear": linear,
    "PCHIP": lambda site, days: pchip(site.observed, days),
    "Whittaker": lambda site, days: whittaker(site.observed, days),
    "Savitzky-Golay": lambda site, days: savitzky_golay(site.observed, days),
    "GP": gaussian_process,
    "multi-output GP (S1 + S2)": multi_output_gaussian_process,
}
OVER_SPACE: dict[str, SeriesMethod] = {"GP + offset": offset, "GP + kriged residual": kriging}
"""Only where the target scene is partly visible."""


def classical(scenario: Scenario) -> dict[str, SeriesMethod]:
    """Return the classical methods of a scenario by name."""
    return OVER_TIME | OVER_SPACE if scenario.partly_visible else OVER_TIME
