"""The systems that the tables of `accuracy.py` set side by side, each as an estimator of hidden days."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from models.adaptation import adapt_to
from models.brackets import find_brackets
from models.evaluation.baselines import estimator
from models.evaluation.hidden import Estimate, Estimator
from models.evaluation.report import DELIVERED, reconstruction
from models.evaluation.scenarios import GAP30, HeldOut, scorable_scenes
from models.paper import CHOSEN, PAPER_MODELS, PaperNetworks
from models.paper import STEP1 as PAPER_STEP1
from models.progress import silent
from models.reconstruction import LaiReconstructor
from models.series import Site
from models.weights import find_weights

FUSED = tuple(name for name, count in PAPER_MODELS.items() if count)
"""The paper's systems that have a second step."""
FOLDS = 5
"""Blocks of time: the networks adapt to a patch without the block, and without 30 days around it, then are scored."""
ADAPTED, AGE = "clearleaf, adapted", "age"


def trained(name: str) -> list[Estimator]:
    """Return everything that the weights of a set can do, without adaptation."""
    networks = _networks(name)
    rivals = [_rival(networks, step1) for step1 in PAPER_STEP1 if step1 != CHOSEN]
    return [reconstruction(LaiReconstructor.load(name)), *rivals, paper(networks)]


def chosen(name: str) -> list[Estimator]:
    """Return the default model and the system that the paper ends with, each with its first step."""
    return [reconstruction(LaiReconstructor.load(name)), paper(_networks(name), ("paper",))]


def paper(networks: PaperNetworks, models: Sequence[str] = FUSED) -> Estimator:
    """Return the paper's chosen step 1 with systems that fuse it; they share the predictions of their references."""

    def estimate(case: HeldOut) -> dict[str, Estimate]:
        days = np.array([case.day], np.int32)
        predicted, references = networks.predict(case.site, days), networks.references(case.site, days)
        fused = {name: networks.fuse(references, predicted, PAPER_MODELS[name]) for name in models}
        return {CHOSEN: Estimate(predicted[0])} | {name: Estimate(lai[0]) for name, lai in fused.items()}

    return estimate


def adapted(site: Site, name: str) -> Estimator:
    """Return the default model adapted to a patch as a job would, without the days that it is scored on."""
    published = LaiReconstructor.load(name)
    days = site.observed.days[scorable_scenes(site.observed)]
    model_of: dict[int, LaiReconstructor] = {}
    for block in np.array_split(days, FOLDS):
        near = (np.abs(site.observed.days[:, None] - block[None]) <= GAP30.half_width_days).any(axis=1)
        rest = Site(site.observed.hide(near), site.radar)
        model_of |= dict.fromkeys(block.tolist(), adapt_to(published, [rest], 0, silent) or published)

    def estimate(case: HeldOut) -> dict[str, Estimate]:
        return {ADAPTED: reconstruction(model_of[case.day])(case)[DELIVERED]}

    return estimate


def age(case: HeldOut) -> dict[str, Estimate]:
    """Return days to the nearest visible observation, to sort errors by."""
    observed = case.site.observed
    ages = find_brackets(observed.lai, observed.days, np.array([case.day], np.int32)).days_to_other[0]
    return {AGE: Estimate(ages.astype(np.float32))}


def _networks(name: str) -> PaperNetworks:
    networks = find_weights(name).load("paper")
    if not isinstance(networks, PaperNetworks):
        raise TypeError("these are not the paper's networks")
    return networks


def _rival(networks: PaperNetworks, name: str) -> Estimator:
    return estimator(name, lambda site, days: networks.predict(site, days, name))
