"""Sentinel-2 reflectance to LAI: the published SL2P networks of each satellite and their domain.

Weiss, M., Baret, F., S2ToolBox Level 2 products ATBD: a network of five tanh units, trained on canopy reflectance
simulations, one set of numbers per satellite. The 20 m version 3 set is used throughout and never mixed with another.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.bands import LAI_MAX, S2_BANDS
from models.series import BoolArray, FloatArray, ObservedLai, OpticalSeries

_CHUNK = 65_536  # pixels; the five hidden units of a chunk stay in the processor's cache
_SAME_NUMBERS = {"S2A": "S2A", "S2B": "S2B", "S2C": "S2B"}  # the published files of S2C equal those of S2B
_N_BANDS = len(S2_BANDS)


@dataclass(frozen=True)
class _Network:
    """Five tanh units with input and output scaling folded into the weights.

    Attributes:
        bands: (5, 8) weights of the reflectances.
        cosines: (5, 3) weights of the cosines of view zenith, sun zenith and relative azimuth.
        bias: (5,).
        out: (5,) weights to the output in m2/m2.
        out_bias: m2/m2.
    """

    bands: FloatArray
    cosines: FloatArray
    bias: FloatArray
    out: FloatArray
    out_bias: float

    def __call__(self, bands: FloatArray, cosines: FloatArray) -> FloatArray:
        """Return (N,) for (8, N) reflectances and (3, 1) or (3, N) cosines."""
        hidden = self.bands @ bands  # (5, N)
        hidden += self.cosines @ cosines + self.bias[:, None]
        np.tanh(hidden, out=hidden)
        return np.asarray(self.out @ hidden + np.float32(self.out_bias), dtype=np.float32)


@dataclass(frozen=True)
class _Domain:
    """Reflectances that the network was trained for: a box and the occupied cells of a grid in it."""

    low: FloatArray  # (8, 1)
    high: FloatArray  # (8, 1)
    cells: NDArray[np.int64]  # occupied cells as packed numbers, ascending

    def holds(self, bands: FloatArray) -> BoolArray:
        """Return (N,) True where the (8, N) reflectances lie in the box and in an occupied cell."""
        inside = np.asarray(((bands >= self.low) & (bands <= self.high)).all(axis=0))
        # Ten cells span the range of a band; the sixteen digits of a packed number leave no two tuples alike.
        cell = np.floor(10.0 * (bands - self.low) / (self.high - self.low) + 1.0)
        packed = np.zeros(bands.shape[1], dtype=np.int64)
        for band in np.where(inside, cell, 0.0):
            packed = packed * 16 + band.astype(np.int64)
        place = np.minimum(np.searchsorted(self.cells, packed), self.cells.size - 1)
        return np.asarray(inside & (self.cells[place] == packed))


def _read(name: str) -> dict[str, Any]:
    return dict(json.loads((resources.files("models.coefficients") / name).read_text(encoding="utf-8")))


def _folded(
    w1: NDArray[np.float64],
    b1: NDArray[np.float64],
    scale: NDArray[np.float64],
    shift: NDArray[np.float64],
    out: NDArray[np.float64],
    out_bias: float,
) -> _Network:
    """Return the network that takes unscaled inputs, ordered bands then cosines."""
    weights = w1 * scale
    return _Network(
        bands=weights[:, :_N_BANDS].astype(np.float32),
        cosines=weights[:, _N_BANDS:].astype(np.float32),
        bias=(b1 + w1 @ shift).astype(np.float32),
        out=out.astype(np.float32),
        out_bias=out_bias,
    )


@cache
def _lai_network(numbers: str) -> tuple[_Network, float]:
    """Return the LAI network of "S2A" or "S2B" and its output tolerance."""
    found = _read("sl2p_lai_v3_20m.json")[numbers]
    low, high = np.array(found["normalisation_minmax"]).T
    bottom, top = found["denormalisation_minmax"]
    half = 0.5 * (top - bottom)
    network = _folded(
        np.array(found["layer1_weights"]),
        np.array(found["layer1_bias"]),
        2.0 / (high - low),
        -2.0 * low / (high - low) - 1.0,
        half * np.array(found["layer2_weights"]),
        half * (found["layer2_bias"][0] + 1.0) + bottom,
    )
    return network, float(found["extreme_cases"][0])


@cache
def _domain(numbers: str) -> _Domain:
    low, high = _read("sl2p_lai_v3_20m.json")[numbers]["definition_domain_minmax"]
    words = " ".join(_read("sl2p_domain_v3_20m.json")[numbers]).split()
    return _Domain(
        low=np.array(low, dtype=np.float32)[:, None],
        high=np.array(high, dtype=np.float32)[:, None],
        cells=np.sort(np.array([int(word, 16) for word in words], dtype=np.int64)),
    )


def _chunks(n: int) -> Iterator[slice]:
    return (slice(start, min(start + _CHUNK, n)) for start in range(0, n, _CHUNK))


def _columns(values: FloatArray, n: int) -> FloatArray:
    """Return channel-last values, spread over n pixels, as (channels, n) or (channels, 1)."""
    flat = np.asarray(values, dtype=np.float32).reshape(-1, values.shape[-1]).T
    if flat.shape[1] not in (1, n):
        raise ValueError(f"angles of {flat.shape[1]} pixels do not fit reflectances of {n}")
    return flat


def _apply(network: _Network, reflectance: FloatArray, cosines: FloatArray) -> FloatArray:
    """Return the network's output, shape (…), for channel-last inputs."""
    bands = np.asarray(reflectance, dtype=np.float32).reshape(-1, _N_BANDS).T
    angles = _columns(cosines, bands.shape[1])
    found = np.empty(bands.shape[1], dtype=np.float32)
    for part in _chunks(found.size):
        found[part] = network(bands[:, part], angles if angles.shape[1] == 1 else angles[:, part])
    return found.reshape(reflectance.shape[:-1])


def lai(reflectance: FloatArray, cosines: FloatArray, platform: str) -> FloatArray:
    """Return LAI in m2/m2, clipped to 0..8; NaN where a reflectance is NaN.

    Args:
        reflectance: (…, 8) bottom-of-atmosphere reflectance in the order of `bands.S2_BANDS`.
        cosines: (…, 3) or (3,) cosines of view zenith, sun zenith and relative azimuth.
        platform: "S2A", "S2B" or "S2C".
    """
    network, _ = _lai_network(_SAME_NUMBERS[platform])
    return np.asarray(np.clip(_apply(network, reflectance, cosines), 0.0, LAI_MAX), dtype=np.float32)


def in_domain(reflectance: FloatArray, platform: str) -> BoolArray:
    """Return True where the (…, 8) reflectances lie in the definition domain of the platform's network."""
    domain = _domain(_SAME_NUMBERS[platform])
    bands = np.asarray(reflectance, dtype=np.float32).reshape(-1, _N_BANDS).T
    found = np.empty(bands.shape[1], dtype=np.bool_)
    for part in _chunks(found.size):
        found[part] = domain.holds(bands[:, part])
    return found.reshape(reflectance.shape[:-1])


def observed_lai(optical: OpticalSeries) -> ObservedLai:
    """Return the LAI that the usable pixels of each day show, by the network of each scene's own satellite.

    Scenes of one day are the overlap of two tiles of one datatake: they are averaged, for they are one look. An output
    further outside 0..8 than the network's tolerance keeps its clipped value but is not in domain.
    """
    shape = optical.usable.shape
    found = np.full(shape, np.nan, dtype=np.float32)
    inside = np.zeros(shape, dtype=np.bool_)
    for scene, platform in enumerate(optical.platforms):
        pixels = np.flatnonzero(optical.usable[scene])
        bands = optical.reflectance[scene].reshape(_N_BANDS, -1)[:, pixels]
        values, inside_values = _retrieve(bands, optical.cosines[scene][:, None], platform)
        found[scene].reshape(-1)[pixels] = values
        inside[scene].reshape(-1)[pixels] = inside_values
    clear, water = optical.clear.sum(axis=0), optical.water.sum(axis=0)
    days, first = np.unique(optical.days, return_index=True)
    return ObservedLai(
        lai=_mean_by_day(found, first),
        clear=np.logical_or.reduceat(optical.clear, first) if first.size else optical.clear,
        land=(clear > 0) & (water <= clear),
        in_domain=np.logical_or.reduceat(inside, first) if first.size else inside,
        days=days.astype(np.int32),
    )


def _mean_by_day(lai: FloatArray, first: np.ndarray) -> FloatArray:
    """Return the mean over the scenes of each day (T, H, W), given the first of each; NaN where none is usable."""
    if len(first) == len(lai):
        return lai
    seen = np.isfinite(lai)
    count = np.add.reduceat(seen.astype(np.int32), first)
    total = np.add.reduceat(np.where(seen, lai, 0), first)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)


def _retrieve(bands: FloatArray, cosines: FloatArray, platform: str) -> tuple[FloatArray, BoolArray]:
    """Return clipped LAI and the domain flag, both (N,), of (8, N) reflectances of one scene."""
    network, tolerance = _lai_network(_SAME_NUMBERS[platform])
    domain = _domain(_SAME_NUMBERS[platform])
    found = np.empty(bands.shape[1], dtype=np.float32)
    inside = np.empty(bands.shape[1], dtype=np.bool_)
    for part in _chunks(found.size):
        raw = network(bands[:, part], cosines)
        inside[part] = domain.holds(bands[:, part]) & (raw >= -tolerance) & (raw <= LAI_MAX + tolerance)
        found[part] = np.clip(raw, 0.0, LAI_MAX)
    return found, inside
