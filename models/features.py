"""What the networks see of a target day: the prior and its brackets, radar as change, passes, reference scenes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.likeness import likeness_keys
from models.noise import observation_noise
from models.own_scene import kriged_departure
from models.prior import Prior
from models.radar import RadarAnomalies, pass_channels
from models.series import BoolArray, FloatArray, IntArray, ObservedLai

QUERY_CHANNELS = 22
TOKEN_CHANNELS = 6
TOKENS = 24
"""Radar dates shown to the network: the nearest ones, some 5 weeks on either side with two satellites."""
TOKEN_REACH_DAYS = 60
LAI_SCALE = 4.0
DB_SCALE = 3.0
AGE_SCALE, AGE_MAX = 30.0, 90.0
ANALOG_DB, ANALOG_DAYS = 1.0, 60.0
"""How alike two radar looks (dB) and how near two days must be to be called alike."""


@dataclass(frozen=True)
class SiteFeatures:
    """What can be computed once per site, before any target day is asked for.

    Attributes:
        observed: visible observations.
        radar: anomalies of every pass.
        radar_at_scenes: (T, 6, H, W) smoothed anomalies on the days of the scenes.
        support_at_scenes: (T, H, W) how much of them is there; see `RadarAnomalies.smooth`.
        images: (S, 6, H, W) what the network sees of each pass: fine anomalies, mask, pass direction, cosine of
            incidence.
    """

    observed: ObservedLai
    radar: RadarAnomalies
    radar_at_scenes: FloatArray
    support_at_scenes: FloatArray
    images: Tensor


@dataclass(frozen=True)
class DayFeatures:
    """Everything the two steps need for D target days.

    Attributes:
        prior: the temporal prior.
        query: (D, 22, H, W) prior, brackets and radar change.
        token_index: (D, 24) passes around each day, -1 = none.
        lags: (D, 24) days from the target, signed.
        observed_refs: (D, 3, H, W) LAI of the references, m2/m2; 0 where masked.
        ref_masks: (D, 3, H, W) 1 where a reference exists.
        ref_means: (D, 3, H, W) the prior's process on the references' own days, m2/m2.
        ref_ages: (D, 3, H, W) days between reference and target.
        mean: (D, 1, H, W) the prior, m2/m2.
        sd: (D, 1, H, W) its standard deviation, m2/m2.
        shift: (D, 1, H, W) how far the day departs from the prior, as the visible part of its own scene has it, m2/m2.
        told: (D, 1, H, W) how much of that is known, 0..1.
    """

    query: Tensor
    token_index: Tensor
    lags: Tensor
    observed_refs: Tensor
    ref_masks: Tensor
    ref_means: Tensor
    ref_ages: Tensor
    mean: Tensor
    sd: Tensor
    shift: Tensor
    told: Tensor


def site_features(observed: ObservedLai, radar: RadarAnomalies) -> SiteFeatures:
    """Return the features of a site that do not depend on the target day.

    Args:
        observed: visible observations.
        radar: anomalies of every pass.
    """
    at_scenes, support = radar.smooth(observed.days)
    constant = pass_channels(radar.ascending, radar.cos_incidence, radar.fine.shape[2:])
    images = np.concatenate([radar.fine / DB_SCALE, radar.valid[:, None], constant], axis=1)
    return SiteFeatures(observed, radar, at_scenes, support, torch.from_numpy(images.astype(np.float32)))


def day_features(site: SiteFeatures, target_days: IntArray, prior: Prior) -> DayFeatures:
    """Return the features of the target days, given the prior on them."""
    radar_now, support = site.radar.smooth(target_days)
    change = _radar_change(site, prior, radar_now, support)
    looks = _radar_channels(site, prior, radar_now, support, target_days)
    query = np.concatenate([_prior_channels(prior), change / DB_SCALE, looks], axis=1)
    index, lags = nearest_passes(site.radar.days, target_days)
    refs, masks, means, ages = _references(site.observed, prior, target_days)
    shift, told = _own_scene(refs[:, :1], masks[:, :1], prior, likeness_keys(prior, change))
    arrays = (query.astype(np.float32), index, lags, refs, masks, means, ages, prior.mean[:, None], prior.sd[:, None])
    tensors = [torch.from_numpy(np.ascontiguousarray(array)) for array in arrays]
    return DayFeatures(*[*tensors, shift, told])


def _own_scene(own: FloatArray, visible: FloatArray, prior: Prior, keys: FloatArray) -> tuple[Tensor, Tensor]:
    """Return how far each day's own scene says that it departs from the prior, and how much of that is known."""
    mean = prior.mean[:, None]
    maps = ((own - mean) * visible, visible, prior.sd[:, None], observation_noise(mean))
    departure, seen, sd, noise = (torch.from_numpy(array.astype(np.float32)) for array in maps)
    return kriged_departure(departure, seen, sd, noise, torch.from_numpy(keys))


def _prior_channels(prior: Prior) -> FloatArray:
    """Return (D, 9, H, W): prior, its spread, the enclosing observations, their ages and whether they exist."""
    b = prior.brackets
    has_before, has_after = b.before_index >= 0, b.after_index >= 0
    before, after = prior.enclosing()
    linear = np.where(has_before | has_after, b.linear(), prior.mean)
    ages = [np.minimum(age, AGE_MAX) / AGE_SCALE for age in (b.age_before, b.age_after)]
    lai = [prior.mean / LAI_SCALE, (before - prior.mean) / LAI_SCALE, (after - prior.mean) / LAI_SCALE]
    return np.stack([*lai, linear - prior.mean, prior.sd, *ages, has_before, has_after], axis=1).astype(np.float32)


def _radar_change(site: SiteFeatures, prior: Prior, now: FloatArray, support: FloatArray) -> FloatArray:
    """Return (D, 6, H, W) change of backscatter against the enclosing observations, dB; 0 where no pass is near.

    An observation that no pass is near to is not compared with.
    """
    b = prior.brackets

    def at(index: IntArray) -> FloatArray:
        if not len(site.radar_at_scenes):
            return now
        picked = np.take_along_axis(site.radar_at_scenes, np.maximum(index, 0)[:, None], axis=0)
        return np.where(index[:, None] < 0, now, picked)

    def supported(index: IntArray) -> BoolArray:
        if not len(site.support_at_scenes):
            return np.ones(now[:, :1].shape, np.bool_)
        picked = _near(np.take_along_axis(site.support_at_scenes, np.maximum(index, 0), axis=0))
        return picked | (index[:, None] < 0)

    before_there, after_there = supported(b.before_index), supported(b.after_index)
    share = np.where(before_there & after_there, b.weight_after()[:, None], after_there).astype(np.float32)
    change = now - ((1 - share) * at(b.before_index) + share * at(b.after_index))
    return np.where(_near(support) & (before_there | after_there), change, 0).astype(np.float32)


def _radar_channels(
    site: SiteFeatures, prior: Prior, now: FloatArray, support: FloatArray, target_days: IntArray
) -> FloatArray:
    """Return (D, 7, H, W): anomaly now (3), support, likeness of days (3)."""
    there = _near(support)
    analog, alike = _analog(site, prior, now, target_days)
    likeness = np.stack([analog / LAI_SCALE, alike, analog * alike], axis=1)
    anomaly = np.where(there, now[:, :3], 0) / DB_SCALE
    return np.concatenate([anomaly, np.minimum(support, 3)[:, None] / 3, np.where(there, likeness, 0)], axis=1)


def _near(support: FloatArray) -> BoolArray:
    """Return (D, 1, H, W) whether any pass is near, by the sum of kernel weights (D, H, W)."""
    return np.asarray(support > 0.1)[:, None]


def _analog(site: SiteFeatures, prior: Prior, now: FloatArray, target_days: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return LAI on the pixel's days of similar radar minus the prior, m2/m2, and their likeness 0..1; (D, H, W)."""
    lai = site.observed.lai
    seen = np.isfinite(lai)
    values = np.where(seen, lai, 0)
    analog = np.zeros(prior.mean.shape, np.float32)
    alike = np.zeros(prior.mean.shape, np.float32)
    for d, day in enumerate(target_days):
        lags = site.observed.days - day
        near = (np.abs(lags) <= 2.5 * ANALOG_DAYS) & (lags != 0)
        if not near.any():
            continue
        lag = lags[near][:, None, None] / ANALOG_DAYS
        gap = site.radar_at_scenes[near, 3:5] - now[d, None, 3:5]  # (n, 2, H, W): VV and VH, coarse
        told = seen[near] & _near(site.support_at_scenes[near])[:, 0]
        weight = told * np.exp(-0.5 * ((gap / ANALOG_DB) ** 2).sum(axis=1) - 0.5 * lag**2)
        total = weight.sum(axis=0)
        analog[d] = np.where(
            total > 1e-3, (weight * values[near]).sum(axis=0) / np.maximum(total, 1e-3) - prior.mean[d], 0
        )
        alike[d] = np.minimum(total, 1)
    return analog, alike


def nearest_passes(
    days: IntArray, target_days: IntArray, shown: BoolArray | None = None
) -> tuple[IntArray, FloatArray]:
    """Return (D, 24) indices of the radar passes nearest to each target day, in time order, and their signed lags.

    Args:
        days: (S,) of the passes.
        target_days: (D,).
        shown: (S,) which passes to choose from; all of them where left out.
    """
    index = np.full((len(target_days), TOKENS), -1, np.int32)
    lags = np.zeros((len(target_days), TOKENS), np.float32)
    for d, day in enumerate(target_days):
        lag = days - day
        nearest = np.argsort(np.abs(lag), kind="stable")
        nearest = (nearest if shown is None else nearest[shown[nearest]])[:TOKENS]
        nearest = np.sort(nearest[np.abs(lag[nearest]) <= TOKEN_REACH_DAYS])
        index[d, : len(nearest)] = nearest
        lags[d, : len(nearest)] = lag[nearest]
    return index, lags


def _references(
    observed: ObservedLai, prior: Prior, target_days: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return LAI, masks, prior on their own days and ages of the three references, each (D, 3, H, W)."""
    own = observed.on(target_days)
    b = prior.brackets
    lai = np.stack([own, b.before, b.after], axis=1)
    masks: BoolArray = np.isfinite(lai)
    ages = np.stack([np.zeros_like(b.age_before), b.age_before, b.age_after], axis=1)
    means = np.stack([prior.mean, prior.before_mean, prior.after_mean], axis=1)
    return (
        np.where(masks, lai, 0).astype(np.float32),
        masks.astype(np.float32),
        means.astype(np.float32),
        np.minimum(ages, AGE_MAX).astype(np.float32),
    )
